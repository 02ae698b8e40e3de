/** Stopping a run, and continuing it. */
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Progress, type RunOptions, runJob } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'
import { waiting, waitingInReduce } from './worker_jobs.js'

// A second, and some time for a busy machine.
const SOON_MS = 2000

const LINES = Array.from({ length: 4000 }, (_, i) => `l${i % 100}`)

/** Options of a run that waits at its last line. */
function prepare(): { folder: string; options: RunOptions<{ gate: string }>; output: string; open(): void } {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': [...LINES, 'wait'].join('\n') })
  const output = join(folder, 'out')
  const gate = join(folder, 'gate')
  const tuning = { [TUNING]: { splitBytes: 3000 } }
  const options = { input: join(folder, 'in.txt'), output, params: { gate }, workers: 2, partitions: 3, ...tuning }
  return { folder, options, output, open: () => writeFileSync(gate, '') }
}

/** Starts a run and aborts it as soon as `when` says so. Returns its error, and how long it took to stop. */
async function interrupt<P>(
  job: typeof waiting,
  options: RunOptions<P>,
  when: (progress: Progress) => boolean,
): Promise<{ code: string; stopMs: number }> {
  const controller = new AbortController()
  let abortedAt = 0
  const error = await failure(
    runJob(job, {
      ...(options as RunOptions<{ gate: string }>),
      signal: controller.signal,
      onProgress(progress) {
        if (abortedAt > 0 || !when(progress)) return
        abortedAt = performance.now()
        controller.abort()
      },
    }),
  )
  return { code: error.code, stopMs: performance.now() - abortedAt }
}

const mostMapsDone = ({ stageIndex, tasksDone, tasks }: Progress) => stageIndex === 0 && tasksDone >= tasks - 1
const mapsDone = ({ stageIndex, tasksDone }: Progress) => stageIndex === 1 && tasksDone >= 2

describe('an aborted run', () => {
  it.each([
    ['map', waiting, mostMapsDone],
    ['reduce', waitingInReduce, mapsDone],
  ] as const)(
    'stops within a second, whatever a function is doing (%s), and the same call continues it',
    async (_, job, when) => {
      const { folder, options, output, open } = prepare()
      const { code, stopMs } = await interrupt(job as typeof waiting, options, when)
      expect(code).toBe('INTERRUPTED')
      expect(stopMs).toBeLessThan(SOON_MS)
      expect(existsSync(output)).toBe(false)
      expect(existsSync(join(folder, '.out.runjob'))).toBe(true)

      open()
      const resumed = await runJob(job as typeof waiting, options)
      expect(resumed.resumedTasks).toBeGreaterThan(2)
      expect(resumed.stages[0]!.recordsIn).toBe(LINES.length + 1)

      const undisturbed = await runJob(job as typeof waiting, { ...options, output: join(folder, 'other') })
      expect(undisturbed.resumedTasks).toBe(0)
      expect(snapshot(output)).toEqual(snapshot(join(folder, 'other')))
      expect(readdirSync(folder).sort()).toEqual(['gate', 'in.txt', 'other', 'out'])
    },
  )

  it('continues with another number of workers, and keeps its splits', async () => {
    const { options, output, open } = prepare()
    await interrupt(waiting, options, mostMapsDone)
    open()
    const resumed = await runJob(waiting, { ...options, workers: 1, memory: '100MB', [TUNING]: { splitBytes: 1234 } })
    expect(resumed.resumedTasks).toBeGreaterThan(2)
    expect(resumed.stages[0]!.recordsIn).toBe(LINES.length + 1)
    expect(linesOf(output).length).toBe(101)
    expect(linesOf(output)).toContain('l7\t40')
  })

  it('continues in the reduce after merges in several passes', async () => {
    const { options, output, open } = prepare()
    const merging = { ...options, [TUNING]: { splitBytes: 3000, mergeRuns: 2 } }
    await interrupt(waitingInReduce as typeof waiting, merging, mapsDone)
    open()
    const resumed = await runJob(waitingInReduce as typeof waiting, merging)
    expect(resumed.resumedTasks).toBeGreaterThan(2)
    expect(linesOf(output)).toHaveLength(101)
    expect(linesOf(output)).toContain('l7\t40')
  })

  it('starts over with fresh', async () => {
    const { options, output, open } = prepare()
    await interrupt(waiting, options, mostMapsDone)
    open()
    const second = await runJob(waiting, { ...options, fresh: true })
    expect(second.resumedTasks).toBe(0)
    expect(linesOf(output)).toHaveLength(101)
  })

  it('that is aborted before it starts does nothing', async () => {
    const { options, output } = prepare()
    const error = await failure(runJob(waiting, { ...options, signal: AbortSignal.abort() }))
    expect(error.code).toBe('INTERRUPTED')
    expect(existsSync(output)).toBe(false)
  })

  it('cannot be continued if anything changed, and says what', async () => {
    const { folder, options, output, open } = prepare()
    const { gate } = options.params!
    await interrupt(waiting, options, mostMapsDone)
    open()
    const changes = async (more: Partial<typeof options>, job: typeof waiting = waiting) => {
      const error = await failure(runJob(job, { ...options, ...more }))
      expect(error.code).toBe('STATE_MISMATCH')
      expect(error.hint).toContain('--fresh')
      return error.message
    }
    expect(await changes({ partitions: 2 })).toContain('partitions was 3 and is 2')
    expect(await changes({ params: { gate: 'elsewhere' } })).toContain(`gate was ${gate} and is elsewhere`)
    expect(await changes({}, waitingInReduce as typeof waiting)).toContain(
      'the job was waiting and is waiting-in-reduce',
    )
    writeFiles(folder, { 'more.txt': 'x' })
    expect(await changes({ input: [join(folder, 'in.txt'), join(folder, 'more.txt')] })).toContain('more.txt')
    utimesSync(join(folder, 'in.txt'), new Date(), new Date(0))
    expect(await changes({})).toContain('in.txt')
    expect(existsSync(output)).toBe(false)
  })
})
