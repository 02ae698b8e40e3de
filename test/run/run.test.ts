/** The library: what runJob returns, what it leaves unchanged, and what is in the state that it keeps. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { explainJob, type Progress, runJob } from 'runjob'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, node, run, runjob } from '../helpers/run.js'
import { mapAndReduce } from '../job/function_jobs.js'

const PACKAGE = new URL('../../dist/src/index.js', import.meta.url).href

function prepare(): { folder: string; input: string; output: string } {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'b a\nb\n' })
  return { folder, input: join(folder, 'in.txt'), output: join(folder, 'out') }
}

describe('the result', () => {
  it('reports records and bytes of each stage, and reads the output', async () => {
    const { input, output } = prepare()
    const result = await runJob('wordcount', { input, output, top: 1 })
    expect(result).toMatchObject({
      job: 'wordcount',
      output,
      skipped: false,
      inputFiles: 1,
      passedOver: { hidden: 0, special: 0, links: 0, outputs: 0 },
      resumedTasks: 0,
      counters: {},
      top: [{ key: 'b', number: 2 }],
      stages: [
        { name: 'map', tasks: 1, recordsIn: 2, recordsOut: 3, bytesIn: 6, spills: 0 },
        { name: 'reduce', tasks: 1, recordsIn: 2, recordsOut: 2, bytesOut: 8, spills: 0 },
      ],
    })
    expect(result.elapsedMs).toBeGreaterThan(0)
    expect(result.peakRssBytes).toBeGreaterThan(1 << 20)
    for (let twice = 0; twice < 2; twice++) {
      const records: unknown[] = []
      for await (const record of result.read()) records.push(record)
      expect(records).toEqual([
        ['a', 1],
        ['b', 2],
      ])
    }
  })

  it('reports while it runs', async () => {
    const { input, output } = prepare()
    const seen: Progress[] = []
    await runJob(mapAndReduce, { input, output, onProgress: (progress) => seen.push(progress) })
    expect(seen.at(-1)).toMatchObject({ stage: 'reduce', stageIndex: 1, stageCount: 2, tasksDone: 1, tasks: 1 })
    for (const { bytesDone, bytes, tasksDone, tasks } of seen) {
      expect(bytesDone).toBeLessThanOrEqual(bytes)
      expect(tasksDone).toBeLessThanOrEqual(tasks)
    }
  })
})

describe('options', () => {
  it.each([
    { workers: 0 },
    { workers: 1.5 },
    { partitions: 0 },
    { partitions: 70_000 },
    { top: -1 },
    { mode: 'replace' },
    { memory: 'lots' },
    { memory: -1 },
    { output: '' },
    { output: undefined },
    { input: { left: 'a' } },
    { input: [] },
    { input: undefined },
    { input: [''] },
    { top: 0 },
  ])('%j are refused before anything is done', async (wrong) => {
    const { folder, input, output } = prepare()
    const error = await failure(runJob('wordcount', { input, output, ...(wrong as object) }))
    expect(['OPTION_INVALID', 'PARAM_MISSING']).toContain(error.code)
    expect(readdirSync(folder)).toEqual(['in.txt'])
  })
})

describe('a plan', () => {
  it('is plain data, and making it leaves nothing on disk', async () => {
    const { folder, input, output } = prepare()
    const plan = await explainJob('wordcount', { input, output })
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    expect(plan).toMatchObject({ version: 2, job: 'wordcount', module: null, params: { lowercase: true } })
    expect(readdirSync(folder)).toEqual(['in.txt'])
  })
})

describe('a program that uses runjob', () => {
  it('may define the job and run it in the same module', async () => {
    const { folder, input, output } = prepare()
    const script = join(folder, 'script.mjs')
    writeFileSync(
      script,
      `import { defineJob, runJob, sum, text } from ${JSON.stringify(PACKAGE)}
       const letters = defineJob({
         name: 'letters',
         input: text(),
         map: (line, emit) => { for (const c of line) emit(c, 1) },
         reduce: sum(),
       })
       const result = await runJob(letters, { input: ${JSON.stringify(input)}, output: ${JSON.stringify(output)} })
       for await (const [letter, count] of result.read()) console.log(letter, count)`,
    )
    expect(await node([script])).toEqual({ code: 0, stdout: '  1\na 1\nb 2\n', stderr: '' })
  })

  it('sees nothing printed and its process as it was, whether the job succeeds or fails', async () => {
    const { folder, input } = prepare()
    const script = join(folder, 'script.mjs')
    writeFileSync(
      script,
      `import { runJob } from ${JSON.stringify(PACKAGE)}
       const listeners = () => JSON.stringify(process.eventNames().map((name) => [String(name), process.listenerCount(name)]))
       const before = listeners()
       const cwd = process.cwd()
       await runJob('wordcount', { input: ${JSON.stringify(input)}, output: ${JSON.stringify(join(folder, 'one'))} })
       await runJob('wordcount', { input: 'nowhere', output: 'two' }).catch(() => {})
       await runJob('inverted-index', { input: ${JSON.stringify(input)}, output: ${JSON.stringify(join(folder, 'one'))} }).catch(() => {})
       if (listeners() !== before || process.cwd() !== cwd || process.exitCode) throw new Error(before + ' became ' + listeners())`,
    )
    expect(await node([script], { cwd: folder })).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(readdirSync(folder).sort()).toEqual(['in.txt', 'one', 'script.mjs'])
  })

  it('may run several jobs at once', async () => {
    const { folder, input } = prepare()
    const outputs = ['x', 'y', 'z'].map((name) => join(folder, name))
    await Promise.all(outputs.map((output) => runJob(mapAndReduce, { input, output, workers: 2 })))
    for (const output of outputs) expect(linesOf(output)).toEqual(['a\t1', 'b\t2'])
  })
})

describe('a job in a module of its own', () => {
  it('is TypeScript, prints to standard error, imports its neighbours, and its errors name its own lines', async () => {
    const { folder } = prepare()
    writeFiles(folder, {
      'lib/words.ts': `export const words = (line: string): string[] => line.split(' ')\n`,
      'job.ts': `import { defineJob, sum, text } from 'runjob'
import { words } from './lib/words.js'

export default defineJob({
  name: 'own',
  input: text(),
  map(line: string, emit) {
    if (line === 'b') console.log('line', line)
    if (line === 'bad') {
      throw new Error('this line is bad')
    }
    for (const word of words(line)) emit(word, 1)
  },
  reduce: sum(),
})
`,
    })
    const good = await runjob(['job.ts', 'in.txt', '-o', 'out', '--quiet'], { cwd: folder })
    expect(good).toEqual({ code: 0, stdout: '', stderr: 'line b\n' })
    expect(linesOf(join(folder, 'out'))).toEqual(['a\t1', 'b\t2'])

    writeFiles(folder, { 'bad.txt': 'good\nbad\n' })
    const bad = await failure(
      runJob(join(folder, 'job.ts'), { input: join(folder, 'bad.txt'), output: join(folder, 'out2') }),
    )
    expect(bad).toMatchObject({ code: 'USER_ERROR', where: { file: join(folder, 'bad.txt'), offset: 5 } })
    expect(bad.userStack).toContain(`${join(folder, 'job.ts')}:10:`)
  })

  it('must export a job', async () => {
    const { folder, input, output } = prepare()
    for (const [name, text] of [
      ['none.ts', 'export const x = 1'],
      ['wrong.ts', 'export default { name: "x" }'],
      ['syntax.ts', 'export default ('],
      ['missing.ts', `import './not-there.js'\nexport default 1`],
    ] as const) {
      writeFiles(folder, { [name]: text })
      const error = await failure(runJob(join(folder, name), { input, output }))
      expect(error.code, name).toBe('JOB_LOAD_FAILED')
      expect(error.message).toContain(name)
    }
    writeFiles(folder, { 'throws.ts': `throw new Error('not today')` })
    const error = await failure(runJob(join(folder, 'throws.ts'), { input, output }))
    expect(error).toMatchObject({ code: 'USER_ERROR', message: expect.stringContaining('not today') })
  })

  it('counts as changed when its code changes, or that of a module it imports', async () => {
    const { folder, output } = prepare()
    const write = (n: number) =>
      writeFiles(folder, {
        'n.ts': `export const n = ${n}\n`,
        'job.ts': `import { defineJob, sum, text } from 'runjob'
import { n } from './n.js'
export default defineJob({ name: 'n', input: text(), map: (line: string, emit) => { emit(line, n) }, reduce: sum() })
`,
        'bad.gz': Buffer.from([0x1f, 0x8b, 8, 0]),
      })
    write(1)
    await failure(runJob(join(folder, 'job.ts'), { input: join(folder, 'bad.gz'), output }))
    write(2)
    const error = await failure(runJob(join(folder, 'job.ts'), { input: join(folder, 'bad.gz'), output }))
    expect(error).toMatchObject({ code: 'STATE_MISMATCH', message: expect.stringContaining('code changed: n.ts.') })
    expect(error.hint).toContain('fresh: true')
  })

  it('that does not exist is told of with the name that was meant, if there is one', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.txt': 'a\n', 'daily.ts': '', 'daily.txt': '' })
    for (const [name, hint] of [
      ['./daly.ts', 'Did you mean "daily.ts"?'],
      ['./daily', 'Did you mean "daily.ts"?'],
      ['x/daily.ts', 'A job is a name'],
      ['in.txt/daily.ts', 'A job is a name'],
    ]) {
      const { code, stderr } = await runjob([name!, 'in.txt', '-o', 'new'], { cwd: folder })
      expect(code).toBe(2)
      expect(stderr).toContain(`hint: ${hint}`)
    }
  })

  it('says which file was edited, and the command that starts over does', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'lib/mark.ts': `export const mark = (line: string) => { if (line === 'b a') throw new Error('no'); return line }\n`,
      'in.txt': 'b a\n',
      'job.ts': `import { defineJob, sum, text } from 'runjob'
import { mark } from './lib/mark.js'
export default defineJob({ name: 'n', input: text(), map: (line, emit) => { emit(mark(line), 1) }, reduce: sum() })
`,
    })
    const command = ['job.ts', 'in.txt', '-o', 'new', '--quiet']
    const failed = await runjob(command, { cwd: folder })
    expect(failed.stderr).toContain('error USER_ERROR')
    // The place in the user's source, not in the bundle.
    expect(failed.stderr).toContain(`${join(folder, 'lib/mark.ts')}:1:67`)
    writeFiles(folder, { 'lib/mark.ts': 'export const mark = (line: string) => line\n' })
    const refused = await runjob(command, { cwd: folder })
    expect(refused.stderr).toContain("the job's code changed: lib/mark.ts.")
    // `resume` would repeat the other command.
    const changed = await runjob([...command, '--partitions', '2'], { cwd: folder })
    expect(changed.stderr).toContain('hint: Give the command as it was to continue, or this one with --fresh')
    const hint = /hint: Undo the change to continue, or start over: runjob (.*)/.exec(refused.stderr)
    const again = await runjob([...hint![1]!.split(' ')], { cwd: folder })
    expect(again.code).toBe(0)
    expect(linesOf(join(folder, 'new'))).toEqual(['b a\t1'])
  })
})

describe('side files', () => {
  const job = (file: string) => `import { readFileSync } from 'node:fs'
import { defineJob, sum, text } from 'runjob'
export default defineJob({
  name: 'side',
  input: text(),
  files: { stop: '${file}' },
  setup: ({ files }) => readFileSync(files.stop as string, 'utf8').trim(),
  map: (line: string, emit, ctx) => { emit(String(ctx.state), 1) },
  reduce: sum(),
})
`
  it('are found beside the module of the job, or in the current folder', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'jobs/side.ts': job('stop.txt'),
      'jobs/other.ts': job('here.txt'),
      'jobs/none.ts': job('none.txt'),
      'jobs/folder.ts': job('../jobs'),
      'jobs/stop.txt': 'beside\n',
      'stop.txt': 'not this one\n',
      'here.txt': 'here\n',
      'one.txt': 'x\n',
    })
    const keys = async (name: string) => {
      const exit = await runjob([`jobs/${name}.ts`, 'one.txt', '-o', name, '--quiet'], { cwd: folder })
      return exit.code === 0 ? linesOf(join(folder, name)) : exit.stderr
    }
    expect(await keys('side')).toEqual(['beside\t1'])
    expect(await keys('other')).toEqual(['here\t1'])
    const missing = await keys('none')
    expect(missing).toContain('INPUT_NOT_FOUND')
    expect(missing).toContain(join(folder, 'jobs'))
    expect(await keys('folder')).toContain('error FILE_IO')
  })
})

describe('a run file that was kept', () => {
  it('can be read by the tools of LMDB', { timeout: 120_000 }, async () => {
    const { folder, input, output } = prepare()
    await run('wordcount', input, { output, partitions: 1, keepState: true })
    const runs = join(folder, '.out.runjob/runs')
    const [name] = readdirSync(runs)
    const tool = (program: string, ...flags: string[]) =>
      execFileSync(compileTool(program, folder), [...flags, '-n', join(runs, name!)], { encoding: 'utf8' })
    // One block of records and, after all partitions, the meta entry.
    expect(tool('mdb_stat')).toMatch(/Entries: 2$/m)
    expect(tool('mdb_dump', '-p')).toMatch(
      /\\ff\\ff\\ff\\ff\\00\\00\\00\\00\n.*"task":"s0-m00000","attempt":0,"spill":0,/,
    )
  })
})

/** LMDB's own tools, from the source that the addon is compiled from. */
function compileTool(tool: string, folder: string): string {
  let root = dirname(createRequire(import.meta.url).resolve('lmdb'))
  while (!existsSync(join(root, 'dependencies'))) root = dirname(root)
  const source = join(root, 'dependencies/lmdb-data-v1/libraries/liblmdb')
  const program = join(folder, tool)
  execFileSync('cc', [
    '-w',
    '-pthread',
    ...[`${tool}.c`, 'mdb.c', 'midl.c'].map((name) => join(source, name)),
    '-o',
    program,
  ])
  return program
}
