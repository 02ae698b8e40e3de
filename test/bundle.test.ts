/** What `npm run build` makes of the modules under src (bundle.mjs). */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist/src')

test('code is in one file: other modules hand on its names', () => {
  const modules = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replace(/\.ts$/, '.js'))
    .sort()
  const handsOn = (name: string) =>
    /^(?:import \{ createRequire \}.*\n\nexport const \{[^}]*\} = createRequire\(.*\)\.load\('[^']+'\)(?:\['[^']+'\])?|export \{\})\n$/.test(
      readFileSync(join(dist, name), 'utf8'),
    )
  // These have CommonJS twins, for Node starts them faster.
  expect(modules.filter((name) => !existsSync(join(dist, name)))).toEqual([
    'base/library.js',
    'cli/main.js',
    'engine/task/worker.js',
    'state/dump.js',
  ])
  expect(modules.filter((name) => existsSync(join(dist, name)) && !handsOn(name))).toEqual([])
})

test('a module exists once in a process, whichever way it was imported', () => {
  const url = (name: string) => JSON.stringify(pathToFileURL(join(dist, name)).href)
  const script = `
    import * as entry from 'runjob'
    import * as testing from 'runjob/testing'
    import { RunjobError } from ${url('base/errors.js')}
    import { definitionsIn } from ${url('plan/functions.js')}
    import { runJob } from ${url('run/run.js')}
    const job = entry.defineJob({ name: 'mine', input: entry.text(), map: entry.words(), reduce: entry.sum() })
    const refused = await testing.runMap(entry.defineJob({ name: 'bad', input: entry.text(), map: () => { throw new Error('x') } , reduce: entry.sum() }), ['x']).catch((error) => error)
    console.log(entry.RunjobError === RunjobError, entry.runJob === runJob, definitionsIn('', 'mine').job === job, refused instanceof RunjobError)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })
  expect(output).toBe('true true true true\n')
})

test('workers find functions where the package was copied to, with what was compiled of it elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-copied-'))
  try {
    const copy = join(folder, 'node_modules/runjob')
    for (const path of ['package.json', 'dist/src', 'build/Release/runjob.node']) {
      cpSync(join(root, path), join(copy, path), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    writeFileSync(join(folder, 'in.txt'), 'fish\n')
    writeFileSync(
      join(folder, 'script.mjs'),
      `import { read, string, udf } from 'runjob'
      const loud = udf((line) => line.toUpperCase(), string())
      console.log(await read.text('in.txt').select((c) => loud(c.value).as('loud')).collect())`,
    )
    expect(readdirSync(join(copy, 'dist/src/cjs')).filter((name) => name.endsWith('.cache')).length).toBeGreaterThan(1)
    const said = execFileSync(process.execPath, ['script.mjs'], { cwd: folder, encoding: 'utf8' })
    expect(said).toBe("[ { loud: 'FISH' } ]\n")
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

describe('a ready-made job', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-bundle-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  // More than the main thread reads by itself.
  writeFileSync(join(folder, 'in.txt'), 'one fish two fish\n'.repeat(70_000))
  const args = ['wordcount', 'in.txt', '-o', 'counts', '--quiet']
  execFileSync(process.execPath, [join(dist, 'cli/main.cjs'), ...args], {
    cwd: folder,
    env: { ...process.env, NODE_V8_COVERAGE: join(folder, 'coverage') },
  })
  const threads = readdirSync(join(folder, 'coverage')).map((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, 'coverage', name), 'utf8')) as { result: Script[] }
    const own = result.filter(({ url }) => url.startsWith('file:'))
    const functions = own.flatMap(({ functions }) => functions).filter(({ ranges }) => ranges[0]!.count > 0)
    return {
      files: own.map(({ url }) => relative(root, fileURLToPath(url))),
      modules: functions.map(({ functionName }) => functionName).filter((name) => /^src\/.*\.ts$/.test(name)),
    }
  })
  const command = threads.find(({ files }) => files.includes('dist/src/cli/main.cjs'))!
  const worker = threads.find(({ files }) => files.includes('dist/src/engine/task/worker.cjs'))!

  test('loads four files in the main thread, three in its worker', () => {
    expect(threads.length).toBe(2)
    const code = ['dist/src/cjs/library.cjs', 'dist/src/cjs/code.cjs']
    expect(command.files).toEqual(['dist/src/cli/main.cjs', ...code, 'dist/jobs/wordcount.cjs'])
    expect(worker.files).toEqual(['dist/src/engine/task/worker.cjs', ...code])
  })

  test('runs no module of data frames, of commands about outputs, or of tests', () => {
    const strange = /^src\/(dataset\/(?!dataset\.ts)|testing\/|cli\/(query|schema)|run\/(query|dataset|actions|schema))/
    for (const { modules } of threads) {
      expect(modules.length).toBeGreaterThan(50)
      expect(modules.filter((name) => strange.test(name))).toEqual([])
    }
  })
})

interface Script {
  url: string
  functions: { functionName: string; ranges: { count: number }[] }[]
}
