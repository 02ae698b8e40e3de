/** `runjob status`, `resume` and `clean`, as processes. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runJob } from 'runjob'
import { describe, expect, it } from 'vitest'
import type { OutputStatus } from '../../dist/src/state/status.js'
import { waiting } from '../engine/worker_jobs.js'
import { linesOf, snapshot, temporaryFolder } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))
const slowJob = fileURLToPath(new URL('./slow_job.ts', import.meta.url))

const LONG = `${'x'.repeat(1_000_000)}\n`
const SHORT = `${'y'.repeat(1000)}\n`

async function statusOf(folder: string): Promise<OutputStatus> {
  const { code, stdout } = await runjob(['status', 'counts', '--json'], { cwd: folder })
  return code === 0 ? JSON.parse(stdout) : { output: '', finished: null, unfinished: null }
}

/** Kills a run of several map tasks as soon as `done` of them are done. @returns its folder and what `during` saw */
async function killedRun(more: string[] = []): Promise<{ folder: string; during: OutputStatus; busy: string[] }> {
  const folder = temporaryFolder()
  // A first task of few, slow lines, and others that are too long to wait for.
  writeFileSync(join(folder, 'it s.txt'), LONG.repeat(5) + SHORT.repeat(15_000))
  const argv = [slowJob, 'it s.txt', '-o', 'counts', '--workers', '1', ...more]
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: folder,
    env: { ...process.env, SLOW_MS: '20' },
    stdio: 'ignore',
  })
  const exited = new Promise((resolve) => child.on('exit', resolve))
  let during = await statusOf(folder)
  while (child.exitCode === null && !during.unfinished?.stages[0]?.tasksDone) {
    await sleep(50)
    during = await statusOf(folder)
  }
  const busy: string[] = []
  for (const command of ['clean', 'resume']) busy.push((await runjob([command, 'counts'], { cwd: folder })).stderr)
  child.kill('SIGKILL')
  await exited
  return { folder, during, busy }
}

describe('an unfinished run', { timeout: 120_000 }, () => {
  it('is shown while it runs and after a kill, then resumed from its state alone and finished', async () => {
    const { folder, during, busy } = await killedRun(['--fresh'])
    expect(during.finished).toBeNull()
    expect(during.unfinished).toMatchObject({ job: 'slow', running: { pid: expect.any(Number) }, unusable: null })
    for (const stderr of busy) expect(stderr).toContain('error OUTPUT_BUSY')

    const { unfinished } = await statusOf(folder)
    expect(unfinished).toMatchObject({
      running: null,
      start: { command: { cwd: folder, argv: expect.arrayContaining([slowJob, 'it s.txt', '--fresh']) } },
      stages: [{ name: 'map' }, { name: 'reduce', tasksDone: 0, tasks: 1 }],
    })
    const [map] = unfinished!.stages
    expect(map!.tasksDone).toBeGreaterThan(0)
    expect(map!.tasks).toBeGreaterThan(map!.tasksDone - 1)
    const { stdout } = await runjob(['status', join(folder, 'counts')])
    expect(stdout).toContain(`map         ${map!.tasksDone} of ${map!.tasks} tasks done`)
    expect(stdout).toContain(`'it s.txt' -o counts --workers 1 --fresh (in ${folder})`)
    expect(stdout).toMatch(/running +no\n/)

    // From another folder, with another number of workers.
    const elsewhere = temporaryFolder()
    expect((await runjob(['resume', join(folder, 'counts'), '--output', 'x'], { cwd: elsewhere })).stderr).toContain(
      'OPTION_INVALID',
    )
    const resumed = await runjob(['resume', join(folder, 'counts'), '--workers', '2'], { cwd: elsewhere })
    expect(resumed.stderr).toContain(`resuming: ${map!.tasksDone} of ${map!.tasks} map tasks done`)
    expect(resumed.code).toBe(0)
    expect(linesOf(join(folder, 'counts'))).toEqual(
      [LONG, SHORT].map((line, i) => line.replace('\n', `\t${[5, 15_000][i]}`)),
    )
    expect(readdirSync(elsewhere)).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(['counts', 'it s.txt'])

    const after = await statusOf(folder)
    expect(after).toMatchObject({
      finished: { parts: 1, committedAt: expect.stringMatching(/^20\d\d-/) },
      unfinished: null,
    })
    expect((await runjob(['resume', 'counts'], { cwd: folder })).stderr).toContain('error STATE_NOT_FOUND')
  })

  it('is cleaned away, without the output that it was to replace', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'in.txt'), 'a\nwait')
    const output = join(folder, 'out')
    mkdirSync(output)
    writeFileSync(join(output, 'part-r-00000.tsv'), 'old\t1\n')
    const old = snapshot(output)
    const params = { gate: join(folder, 'gate') }
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const options = { input: join(folder, 'in.txt'), output, mode: 'overwrite' as const, params, onProgress }
    expect((await failure(runJob(waiting, { ...options, signal: controller.signal }))).code).toBe('INTERRUPTED')

    const resume = await runjob(['resume', 'out'], { cwd: folder })
    expect(resume.stderr).toMatch(/error STATE_NOT_RESUMABLE: .*a program started it/)
    const { code, stdout } = await runjob(['clean', 'out', '--json'], { cwd: folder })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ output, freedBytes: expect.any(Number) })
    expect(JSON.parse(stdout).freedBytes).toBeGreaterThan(1000)
    expect(snapshot(output)).toEqual(old)
    expect(readdirSync(folder).sort()).toEqual(['in.txt', 'out'])
  })

  it('that was cut off while it replaced an output is put right by clean, not lost', async () => {
    const folder = temporaryFolder()
    const state = join(folder, '.out.runjob')
    mkdirSync(join(state, 'replaced'), { recursive: true })
    writeFileSync(join(state, 'replaced/part-r-00000.tsv'), 'old\t1\n')
    writeFileSync(join(state, 'commit.json'), '{"from":"output"}')
    expect((await runjob(['clean', 'out'], { cwd: folder })).stderr).toMatch(/^freed .*B\n$/)
    expect(linesOf(join(folder, 'out'))).toEqual(['old\t1'])
    expect(existsSync(state)).toBe(false)
  })

  it('of an earlier boot, or damaged, is shown as unusable', async () => {
    const { folder } = await killedRun()
    const state = join(folder, '.counts.runjob')
    const boot = readFileSync(join(state, 'boot-id'))
    writeFileSync(join(state, 'boot-id'), 'another')
    expect((await runjob(['status', 'counts'], { cwd: folder })).stdout).toMatch(/unusable +the machine was restarted/)
    expect((await runjob(['resume', 'counts'], { cwd: folder })).stderr).toContain('error STATE_NOT_RESUMABLE')
    writeFileSync(join(state, 'boot-id'), boot)
    writeFileSync(join(state, 'state.mdb'), Buffer.alloc(50_000, 0xa5))
    expect((await runjob(['status', 'counts'], { cwd: folder })).stdout).toMatch(
      /unusable +The state of an earlier run/,
    )
    rmSync(join(state, 'state.mdb'))
    expect((await runjob(['status', 'counts'], { cwd: folder })).stdout).toMatch(/unusable +it had only begun/)
  })
})

it.each(['status', 'resume', 'clean'])('%s of nothing says so, and needs one output', async (command) => {
  const folder = temporaryFolder()
  expect(await runjob([command, 'nothing'], { cwd: folder })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('error STATE_NOT_FOUND'),
  })
  expect(await runjob([command], { cwd: folder })).toMatchObject({ code: 2 })
  expect(await runjob([command, 'a', 'b'], { cwd: folder })).toMatchObject({ code: command === 'resume' ? 1 : 2 })
  expect(readdirSync(folder)).toEqual([])
})
