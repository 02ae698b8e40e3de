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

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const MINUTE = 60_000

const folder = mkdtempSync(join(tmpdir(), 'runjob-package-'))
const project = join(folder, 'project')
const installed = join(project, 'node_modules/runjob')

beforeAll(async () => {
  const tarball = await pack(join(folder, 'package'))
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
  await run(project, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball])
}, 10 * MINUTE)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('it holds what it needs, and nothing of what it is developed with', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  const tops = new Set(files.map((file) => file.split('/', 1)[0]))
  expect([...tops].filter((name) => name !== 'node_modules').sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'binding.gyp',
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

test('it could be compiled where it is installed: all that binding.gyp looks up is found', async () => {
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
    symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'))
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

/**
 * Packs what is built, in a folder of its own: `npm pack` in the repository would build again, under the feet of the tests
 * that run beside this one.
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
