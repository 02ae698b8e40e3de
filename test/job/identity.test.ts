/** Workers run the job that the run was given, or the run is refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { node } from '../helpers/run.js'

const RUNJOB = JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)

const HEAD = `
import { defineJob, runJob, sum, text } from ${RUNJOB}
const run = (job, output) => runJob(job, { input: 'in.txt', output, workers: 1, mode: 'overwrite' }).then(
  () => console.log(output, 'done'),
  (error) => console.log(output, error.code, error.message),
)
const emitting = (name, n, more = {}) =>
  defineJob({ name, input: text(), map: (line, emit) => emit(line, n), reduce: sum(), ...more })
`

/** Runs a program that defines jobs; what it prints, and what the first run wrote. */
async function program(body: string, ...args: string[]): Promise<{ stdout: string; output(name: string): string }> {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'a\n', 'app.mjs': HEAD + body, 'package.json': '{"type":"module"}' })
  const { stdout, stderr } = await node([join(folder, 'app.mjs'), ...args], { cwd: folder })
  if (stderr !== '') throw new Error(stderr)
  return { stdout, output: (name) => readFileSync(join(folder, name, 'part-r-00000.tsv'), 'utf8') }
}

describe('is not certain, and the run refused,', () => {
  it.each<[what: string, body: string, says: string]>([
    [
      'where a module has two jobs of a name',
      `const a = emitting('same', 1); const b = emitting('same', 2); await run(a, 'out')`,
      'out JOB_INVALID The job "same" is not valid: its module defines 2 jobs of this name',
    ],
    [
      'where a loop defines a job, runs it and defines the next one',
      `for (const n of [1, 2]) await run(emitting('looped', n), 'out' + n)`,
      'out2 JOB_INVALID The job "looped" is not valid: its module runs another job of this name before it',
    ],
    [
      'where a function does',
      `async function main(n) { await run(emitting('called', n), 'out' + n) }
       main(1).then(() => main(2))`,
      'out2 JOB_INVALID The job "called" is not valid: its module runs another job of this name before it',
    ],
    [
      'where all are run at once',
      `await Promise.all([1, 2].map((n) => run(emitting('many', n), 'out' + n)))`,
      'out2 JOB_INVALID The job "many" is not valid: its module defines 2 jobs of this name',
    ],
    [
      'where a job is defined after another one was run',
      `await run(emitting('first', 1), 'out'); await run(emitting('second', 2), 'out2')`,
      'out2 JOB_LOAD_FAILED',
    ],
    [
      'where its name changes from import to import',
      `await run(emitting('at' + process.hrtime.bigint(), 1), 'out')`,
      'out JOB_LOAD_FAILED',
    ],
    [
      'where its body changes from import to import',
      `import { isMainThread } from 'node:worker_threads'
       await run(emitting('thread', 1, { partitions: isMainThread ? 3 : 5 }), 'out')`,
      'out JOB_INVALID The job "thread" is not valid: workers find another job than the given one: its partitions is 5, and was 3',
    ],
    [
      'where a function is there in one thread only',
      `import { isMainThread } from 'node:worker_threads'
       await run(emitting('thread', 1, isMainThread ? {} : { setup: () => 1 }), 'out')`,
      'its setup was not given',
    ],
  ])('%s', async (_, body, says) => {
    const { stdout } = await program(body)
    expect(stdout).toContain(says)
  })
})

it('functions are compared if both sides load the same text', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, {
    'in.txt': 'a\n',
    'job.mjs': `
      import { isMainThread } from 'node:worker_threads'
      import { defineJob, sum, text } from ${RUNJOB}
      const one = (line, emit) => emit(line, 1)
      const two = (line, emit) => emit(line, 2)
      export default defineJob({ name: 'either', input: text(), map: isMainThread ? one : two, reduce: sum() })`,
    'run.mjs': `${HEAD} await run('./job.mjs', 'out')`,
  })
  const { stdout } = await node([join(folder, 'run.mjs')], { cwd: folder })
  expect(stdout).toContain(
    'workers find another job than the given one: its map is (line, emit) => emit(line, 2), and was',
  )
})

describe('is certain', () => {
  it('where a program runs several jobs that it has defined before', async () => {
    const { stdout, output } = await program(
      `const a = emitting('a', 1); const b = emitting('b', 2); await run(a, 'outA'); await run(b, 'outB')`,
    )
    expect(stdout).toBe('outA done\noutB done\n')
    expect([output('outA'), output('outB')]).toEqual(['a\t1\n', 'a\t2\n'])
  })

  it('where the same job runs again and again', async () => {
    const { stdout } = await program(`const a = emitting('a', 1); await run(a, 'out'); await run(a, 'out')`)
    expect(stdout).toBe('out done\nout done\n')
  })

  it('where a module is imported twice, as test runners do', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'in.txt': 'a\n',
      'job.mjs': `${HEAD} export const job = emitting('imported', 3)`,
      'app.mjs': `${HEAD}
        const { job: first } = await import('./job.mjs?1')
        const { job: second } = await import('./job.mjs?2')
        await run(first, 'out1'); await run(second, 'out2')`,
    })
    const { stdout, stderr } = await node([join(folder, 'app.mjs')], { cwd: folder })
    expect(stdout, stderr).toBe('out1 done\nout2 done\n')
  })

  it('where jobs of one name come from two modules', async () => {
    const folder = temporaryFolder()
    const job = (n: number) => `${HEAD} export const job = emitting('same', ${n})`
    writeFiles(folder, {
      'in.txt': 'a\n',
      'a.mjs': job(1),
      'b.mjs': job(2),
      'app.mjs': `${HEAD}
        import { job as a } from './a.mjs'
        import { job as b } from './b.mjs'
        await run(a, 'outA'); await run(b, 'outB')`,
    })
    const { stdout, stderr } = await node([join(folder, 'app.mjs')], { cwd: folder })
    expect(stdout, stderr).toBe('outA done\noutB done\n')
    expect(readFileSync(join(folder, 'outB', 'part-r-00000.tsv'), 'utf8')).toBe('a\t2\n')
  })

  it('where it depends on the arguments of the program: workers have the same', async () => {
    const { stdout, output } = await program(
      `const a = emitting('argued', Number(process.argv[2]), { partitions: Number(process.argv[3]) }); await run(a, 'out')`,
      '7',
      '1',
    )
    expect(stdout).toBe('out done\n')
    expect(output('out')).toBe('a\t7\n')
  })
})
