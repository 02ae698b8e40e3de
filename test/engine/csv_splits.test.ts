/**
 * A task that starts in the middle of a CSV file cannot know whether it is inside a quoted field. It guesses; the scheduler compares the
 * guess with the end of the previous task, and runs the task again if it was wrong.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { JobState } from '../../dist/src/state/state.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import * as oracle from '../helpers/oracles.js'
import { csvField, Random } from '../helpers/random.js'
import { type Config, failure, type Outcome, run } from '../helpers/run.js'
import { rows, strictRows } from './csv_jobs.js'

/** Lines that look like records, to put inside a quoted field. */
function decoy(random: Random, lines: number, line: (random: Random) => string): string {
  return random.times(lines, () => line(random)).join('\n')
}

const LOOKALIKE = (random: Random) => `fake${random.below(9)},plain,${random.below(100)}`

/** Rows `id,note,amount`; every `every`th note holds lines that look like such rows. */
function misleading(seed: number, count: number, every: number, decoyLines: number, line = LOOKALIKE): Buffer {
  const random = new Random(seed)
  const body = random.times(count, (i) => {
    const note =
      i % every === every - 1 ? `"\n${decoy(random, decoyLines, line)}\n` : random.pick(['x', 'a "b" c', 'l\nm', ','])
    return `real${random.below(20)},${csvField(note)},${random.below(1000) / 4}\n`
  })
  return Buffer.from(`id,note,amount\n${body.join('')}`)
}

function input(content: Buffer): string {
  const folder = temporaryFolder()
  writeFiles(folder, { 'data.csv': content })
  return join(folder, 'data.csv')
}

/** Tasks that ran again after a wrong guess: nothing else fails here. */
async function corrected({ output }: Outcome): Promise<number> {
  const state = JobState.open(join(output, '..', '.out.runjob'))
  const tasks = [...state.finishedTasks<{ attempt: number }>().values()]
  await state.close()
  return tasks.filter(({ attempt }) => attempt > 0).length
}

function records(output: string): [string, string, string][] {
  return linesOf(output).map((line) => {
    const { key, value } = JSON.parse(line)
    return [key, ...(value as [string, string])]
  })
}

const manySplits: Config = { workers: 3, tuning: { splitBytes: 1000 } }

describe('a CSV file cut in many places', () => {
  it.each([1, 2, 3])('gives every row once, in order, with any content of fields (seed %i)', async (seed) => {
    const content = misleading(seed, 400, 25, 40)
    const { output, stages } = await run(rows, input(content), manySplits)
    const expected = oracle.csvRows([content]).map(({ id, note, amount }) => [id, note, amount])
    expect(stages[0]!.tasks).toBeGreaterThan(10)
    expect(stages[0]!.recordsIn).toBe(expected.length)
    expect(records(output)).toEqual(expected)
  })

  it.each([1, 7, 100, 5000])('may have a split in every %i bytes', async (splitBytes) => {
    const content = misleading(9, splitBytes === 1 ? 4 : 30, 3, 2)
    const { output } = await run(rows, input(content), { workers: 2, tuning: { splitBytes } })
    expect(records(output)).toEqual(oracle.csvRows([content]).map(({ id, note, amount }) => [id, note, amount]))
  })
})

describe('a wrong guess', () => {
  // Longer than a guess reads ahead: in the middle, nothing shows that these are not records.
  const content = misleading(4, 10, 5, 40_000)
  const config: Config = { workers: 3, keepState: true, tuning: { splitBytes: 100_000 } }

  it('is found and its task runs again, even many in a row', async () => {
    const result = await run(rows, input(content), config)
    expect(await corrected(result)).toBeGreaterThan(3)
    expect(records(result.output)).toEqual(oracle.csvRows([content]).map(({ id, note, amount }) => [id, note, amount]))
  })

  it('of a native job leaves no trace in the answer', async () => {
    const result = await run('stats', input(content), { ...config, params: { by: 'id', of: 'amount' } })
    expect(await corrected(result)).toBeGreaterThan(3)
    expect(linesOf(result.output).slice(1)).toEqual(oracle.stats([content], 'id', 'amount'))
  })

  it('may find bad numbers and short rows, and a user’s function may refuse what it finds', async () => {
    const bad = misleading(5, 10, 5, 40_000, (random) =>
      random.pick(['fake,x,no number', 'fake,x,1', 'fake,x,"']).replace('"', ''),
    )
    const result = await run('stats', input(bad), { ...config, params: { by: 'id', of: 'amount' } })
    expect(await corrected(result)).toBeGreaterThan(3)
    expect(linesOf(result.output).slice(1)).toEqual(oracle.stats([bad], 'id', 'amount'))

    const strict = await run(strictRows, input(content), config)
    expect(await corrected(strict)).toBeGreaterThan(3)
    expect(strict.counters).toEqual({ rows: 10 })
    expect(linesOf(strict.output)).toHaveLength(new Set(oracle.csvRows([content]).map(({ id }) => id)).size)
  })
})

describe('a real error in the middle of a file', () => {
  it('is reported with its place', async () => {
    const good = misleading(6, 200, 20, 10).toString()
    const content = Buffer.from(`${good}real1,x,twelve\n${good.slice(good.indexOf('\n') + 1)}`)
    const path = input(content)
    const error = await failure(run('stats', path, { ...manySplits, params: { by: 'id', of: 'amount' } }))
    expect(error.code).toBe('CSV_BAD_NUMBER')
    expect(error.where).toMatchObject({ file: path, offset: Buffer.byteLength(good) })
  })

  it('of an unclosed quote is reported, not hidden by a guess', async () => {
    const content = Buffer.from(`${misleading(7, 200, 20, 10)}real1,"x,1\n${'real2,y,2\n'.repeat(500)}`)
    const error = await failure(run('stats', input(content), { ...manySplits, params: { by: 'id', of: 'amount' } }))
    expect(error.code).toBe('CSV_UNCLOSED_QUOTE')
  })
})
