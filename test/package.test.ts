/** The package as a user gets it: packed, installed into an empty project, used from there. */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeFiles } from './helpers/folder.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const MINUTE = 60_000

const folder = mkdtempSync(join(tmpdir(), 'runjob-package-'))
const project = join(folder, 'project')
const installed = join(project, 'node_modules/runjob')

beforeAll(async () => {
  const tarball = await pack(join(folder, 'package'))
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
  await run(project, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, 'typescript@5.6'])
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'))
}, 10 * MINUTE)
afterAll(() => rmSync(folder, { recursive: true, force: true }), MINUTE)

test('it has all that it needs, and nothing that is only for development', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  const tops = new Set(files.map((file) => file.split('/', 1)[0]))
  expect([...tops].filter((name) => name !== 'node_modules').sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'binding.gyp',
    'compile.mjs',
    'dist',
    'jobs',
    'native',
    'package.json',
    'prebuilds',
  ])
  expect(readdirSync(join(installed, 'dist')).sort()).toEqual(['jobs', 'src'])
  expect(files).toContain('jobs/README.md')
})

test('its prebuilt addon is used: nothing is compiled', () => {
  expect(existsSync(join(installed, 'build'))).toBe(false)
})

test('its code is compiled ahead for the Node.js that installed it', () => {
  const caches = readdirSync(join(installed, 'dist/src/cjs')).filter((name) => name.endsWith('.cache'))
  const of = (thread: string) => `${thread}-${process.version}-${process.platform}-${process.arch}.cache`
  expect(caches.sort()).toEqual([of('main'), of('worker')])
})

test('it can be compiled where it is installed: everything that binding.gyp needs is found', async () => {
  for (const what of ['sources', 'node-addon-api', 'liblmdb']) {
    expect(await run(installed, process.execPath, ['native/paths.mjs', what])).not.toBe('')
  }
})

test(
  'its command counts words',
  async () => {
    writeFileSync(join(project, 'notes.txt'), 'one fish two fish\n')
    await run(project, 'npx', ['runjob', 'wordcount', 'notes.txt', '-o', 'counts'])
    expect(readFileSync(join(project, 'counts/part-r-00000.tsv'), 'utf8')).toBe('fish\t2\none\t1\ntwo\t1\n')
  },
  MINUTE,
)

test(
  'a program that imports it passes the type checker and runs',
  async () => {
    writeFileSync(
      join(project, 'lengths.ts'),
      `import { defineJob, number, runJob, sum, text } from 'runjob'
    import { runMap } from 'runjob/testing'
    const job = defineJob({
      name: 'lengths',
      input: text(),
      key: number(),
      map: (line, emit) => { for (const word of line.split(' ')) emit(word.length, 1) },
      reduce: sum(),
    })
    const result = await runJob(job, { input: 'notes.txt', output: 'lengths' })
    for await (const [length, count] of result.read()) console.log(length.toFixed(1), count.toFixed(1))
    for (const [length, one] of await runMap(job, ['two'])) console.log(length.toFixed(1), one.toFixed(1))
    `,
    )
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      types: ['node'],
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['lengths.ts'] }))
    await run(project, join(root, 'node_modules/.bin/tsc'), ['-p', '.'])
    expect(await run(project, process.execPath, ['lengths.js'])).toBe('3.0 2.0\n4.0 2.0\n3.0 1.0\n')
  },
  MINUTE,
)

const TSC_7 = join(root, 'node_modules/.bin/tsc')
const TSC_5 = join(project, 'node_modules/.bin/tsc')
const STRICTEST = {
  target: 'es2023',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ['node'],
}

test.each([
  ['7, module node16', TSC_7, { module: 'node16' }],
  ['5, module commonjs and moduleResolution node', TSC_5, { module: 'commonjs', moduleResolution: 'node' }],
])(
  'a program that is compiled to CommonJS runs its jobs in workers: TypeScript %s',
  async (_, tsc, options) => {
    const app = join(folder, 'project/app')
    rmSync(app, { recursive: true, force: true })
    writeFiles(app, {
      'package.json': '{ "private": true }',
      'notes.txt': 'one fish two fish\n',
      'tsconfig.json': JSON.stringify({
        compilerOptions: { ...STRICTEST, ...options, outDir: 'build', sourceMap: true },
      }),
      'lengths.ts': `import { defineJob, number, sum, text } from 'runjob'
      export default defineJob({
        name: 'lengths',
        input: text(),
        key: number(),
        map(line, emit) { for (const word of line.split(' ')) emit(word.length, 1) },
        reduce: sum(),
      })`,
      'app.ts': `import { defineJob, RunjobError, runJob, sum, text } from 'runjob'
      import { runMap } from 'runjob/testing'
      import lengths from './lengths'
      const upper = defineJob({
        name: 'upper',
        input: text(),
        map(line, emit) {
          if (line === '') throw new Error('an empty line')
          for (const word of line.split(' ')) emit(word.toUpperCase(), 1)
        },
        reduce: sum(),
      })
      async function main(): Promise<void> {
        for await (const [word, count] of (await runJob(upper, { input: 'notes.txt', output: 'upper' })).read()) console.log(word, count.toFixed(1))
        for await (const [length, count] of (await runJob(lengths, { input: 'notes.txt', output: 'lengths' })).read()) console.log(length.toFixed(1), count)
        for (const [length, one] of await runMap(lengths, ['two'])) console.log(length.toFixed(1), one.toFixed(1))
        const refused: unknown = await runMap(upper, ['']).catch((error: unknown) => error)
        if (refused instanceof RunjobError) console.log(refused.code, refused.hint.length > 0)
      }
      void main()`,
    })
    await run(app, tsc, ['-p', '.'])
    expect(await run(app, process.execPath, ['build/app.js'])).toBe(
      'FISH 2.0\nONE 1.0\nTWO 1.0\n3.0 2\n4.0 2\n3.0 1.0\nUSER_ERROR true\n',
    )
    const byCommand = ['runjob', 'build/lengths.js', 'notes.txt', '-o', 'lengths', '--mode', 'overwrite', '--quiet']
    await run(app, 'npx', byCommand)
    expect(readFileSync(join(app, 'lengths/part-r-00000.tsv'), 'utf8')).toBe('3\t2\n4\t2\n')
  },
  3 * MINUTE,
)

/**
 * Packs the build in a separate folder: `npm pack` in the repository would build again, while other tests use the build.
 *
 * @returns path of the tarball
 */
async function pack(staging: string): Promise<string> {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
  for (const name of [...files, 'package.json', 'README.md', 'LICENSE', 'build/Release/runjob.node']) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(staging, name), { recursive: true })
  }
  await run(staging, process.execPath, ['native/prebuild.mjs'])
  const packed = JSON.parse(await run(staging, 'npm', ['pack', '--ignore-scripts', '--json'])) as { filename: string }[]
  return join(staging, packed[0]!.filename)
}

/** @returns standard output */
async function run(cwd: string, command: string, args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { cwd })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${(error as Error).message}\n${stdout}${stderr}`)
  }
}
