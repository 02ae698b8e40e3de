/** Bundles that earlier processes made are used again only where a new one would be the same. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AnyJob } from '../../dist/src/job/define.js'
import { codeOf, loadRunnable } from '../../dist/src/run/load.js'
import { temporaryFolder } from '../helpers/folder.js'

const JOB = `defineJob({ name: 'j', input: text(), map: words(), reduce: count() })`
const HEAD = "import { count, defineJob, text, words } from 'runjob'\n"

let home: string
let folder: string
beforeEach(() => {
  home = temporaryFolder()
  folder = temporaryFolder()
  vi.stubEnv('XDG_CACHE_HOME', home)
  vi.stubEnv('RUNJOB_CACHE', '')
})

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

const bundles = () => join(home, 'runjob/bundles')
const entries = () => (existsSync(bundles()) ? readdirSync(bundles()) : [])

/** The module's bundle, and whether it was made now. */
async function load(name = 'job.ts'): Promise<{ text: string; isNew: boolean }> {
  const inodes = () => entries().map((entry) => statSync(join(bundles(), entry)).ino)
  const before = inodes()
  const { module } = await codeOf((await loadRunnable(name, folder)) as AnyJob)
  const after = inodes()
  return { text: 'text' in module ? module.text : '', isNew: after.length === 0 || String(after) !== String(before) }
}

async function withoutCache(): Promise<string> {
  vi.stubEnv('RUNJOB_CACHE', 'off')
  const { text } = await load()
  vi.stubEnv('RUNJOB_CACHE', '')
  return text
}

/** Loads the module until its bundle is believed. */
async function keep(): Promise<string> {
  const { text } = await load()
  expect(await load()).toEqual({ text, isNew: true })
  expect(await load()).toEqual({ text, isNew: false })
  return text
}

const lib = (value: string) => `export const value = ${JSON.stringify(value)}\n`
const using = (specifier: string) => ({
  'job.ts': `${HEAD}import { value } from '${specifier}'\nvoid value\nexport const v = value\nexport default ${JOB}`,
})

describe('a bundle is kept', () => {
  it('after two builds that agree, and found again by a job of the same text', async () => {
    write({ ...using('./lib.js'), 'lib.ts': lib('one') })
    expect(await keep()).toBe(await withoutCache())
    expect(statSync(bundles()).mode & 0o777).toBe(0o700)
    expect(entries().map((entry) => statSync(join(bundles(), entry)).mode & 0o777)).toEqual([0o600])
  })

  it('whatever else comes into its folder', async () => {
    write({ ...using('./lib.js'), 'lib.ts': lib('one') })
    const text = await keep()
    write({ 'job-output/part-0.csv': '', 'library.ts': '', 'other.ts': '' })
    expect(await load()).toEqual({ text, isNew: false })
  })

  it('with Node’s modules and JSON', async () => {
    write({
      'job.ts': `${HEAD}import { join } from 'node:path'\nimport value from './value.json'\nexport const v = join(value.a)\nexport default ${JOB}`,
      'value.json': '{"a":"b"}',
    })
    await keep()
  })
})

describe('a bundle is made again', () => {
  it.each<[string, Record<string, string>, string, Record<string, string>]>([
    [
      'its module changed',
      {},
      './lib.js',
      { 'job.ts': `${HEAD}export default ${JOB} // changed\nexport const other = 1` },
    ],
    ['an imported file changed', {}, './lib.js', { 'lib.ts': lib('two') }],
    ['a file of another ending comes first', {}, './lib', { 'lib.tsx': lib('two') }],
    ['a file comes before a folder', { 'sub/index.ts': lib('one') }, './sub', { 'sub.ts': lib('two') }],
    [
      'the index of a folder changed its ending',
      { 'sub/index.ts': lib('one') },
      './sub',
      { 'sub/index.tsx': lib('two') },
    ],
    [
      'a folder says what its main file is',
      { 'sub/index.ts': lib('one'), 'sub/a.ts': lib('two') },
      './sub',
      { 'sub/package.json': '{"main":"./a.ts"}' },
    ],
    ['JavaScript stands where TypeScript was found', {}, './lib.js', { 'lib.js': lib('two') }],
    [
      'a file that was missing is there',
      { 'lib.ts': `export let value = ''\ntry { value = require('./late').value } catch {}\n` },
      './lib.js',
      { 'late.ts': lib('two') },
    ],
    [
      'a folder that was missing is there',
      { 'lib.ts': `export let value = ''\ntry { value = require('./more/late').value } catch {}\n` },
      './lib.js',
      { 'more/late.ts': lib('two') },
    ],
    [
      'settings changed',
      { 'lib.ts': 'export class C { value = 1 }\nexport const value = new C()', 'tsconfig.json': '{}' },
      './lib.js',
      { 'tsconfig.json': '{"compilerOptions":{"useDefineForClassFields":false}}' },
    ],
    [
      'settings appeared',
      { 'sub/lib.ts': 'export class C { value = 1 }\nexport const value = new C()' },
      './sub/lib.js',
      { 'sub/tsconfig.json': '{"compilerOptions":{"useDefineForClassFields":false}}' },
    ],
    [
      'settings that others extend changed',
      {
        'lib.ts': 'export class C { value = 1 }\nexport const value = new C()',
        'tsconfig.json': '{"extends":"./base"}',
        'base.json': '{"extends":"./sub/root.json"}',
        'sub/root.json': '{}',
      },
      './lib.js',
      { 'sub/root.json': '{"compilerOptions":{"useDefineForClassFields":false}}' },
    ],
    [
      'what a package says of effects changed',
      {
        'lib.ts': lib('one'),
        'effect.ts': 'Object.assign(globalThis, { effect: 1 })',
        'sub/lib.ts': `import '../effect.js'\n${lib('one')}`,
        'package.json': '{}',
      },
      './sub/lib.js',
      { 'package.json': '{"sideEffects":false}' },
    ],
  ])('if %s', async (_, files, specifier, change) => {
    write({ ...using(specifier), 'lib.ts': lib('one'), ...files })
    const before = await keep()
    write(change)
    const { text } = await load()
    expect(text).not.toBe(before)
    expect(text).toBe(await withoutCache())
  })

  it('if a file was removed', async () => {
    write({ ...using('./lib'), 'lib.tsx': lib('one'), 'lib.ts': lib('two') })
    const before = await keep()
    rmSync(join(folder, 'lib.tsx'))
    const { text } = await load()
    expect(text).not.toBe(before)
    expect(text).toBe(await withoutCache())
  })

  it.each<[string, (path: string) => void]>([
    ['is damaged', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('one', 'two'))],
    ['is cut off', (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 500))],
    ['may be written by others', (path) => chmodSync(path, 0o622)],
    ['is in a folder that others may write', (path) => chmodSync(dirname(path), 0o777)],
    [
      'is a link',
      (path) => {
        writeFileSync(join(home, 'elsewhere'), readFileSync(path, 'utf8'), { mode: 0o600 })
        rmSync(path)
        symlinkSync(join(home, 'elsewhere'), path)
      },
    ],
  ])('if what was kept %s', async (_, damage) => {
    write({ ...using('./lib.js'), 'lib.ts': lib('one') })
    const text = await keep()
    const [entry] = entries()
    damage(join(bundles(), entry!))
    expect((await load()).text).toBe(text)
  })
})

describe('a bundle is not kept', () => {
  it.each<[string, Record<string, string>]>([
    [
      'imports a package',
      {
        'node_modules/p/package.json': '{"name":"p","main":"x.js"}',
        'node_modules/p/x.js': 'exports.value = 1',
        'job.ts': `${HEAD}import { value } from 'p'\nexport const v = value\nexport default ${JOB}`,
      },
    ],
    [
      'uses an alias',
      { 'tsconfig.json': '{"compilerOptions":{"paths":{"@/*":["./*"]}}}', ...using('@/lib'), 'lib.ts': lib('one') },
    ],
    [
      'imports whatever matches a pattern',
      {
        'job.ts': `${HEAD}export const v = (name: string) => import('./data/' + name + '.ts')\nexport default ${JOB}`,
        'data/a.ts': lib('one'),
      },
    ],
    ['has a source map of its own', { ...using('./lib.js'), 'lib.ts': `${lib('one')}//# sourceMappingURL=lib.map` }],
    [
      'has settings from a package',
      {
        ...using('./lib.js'),
        'lib.ts': lib('one'),
        'node_modules/p/tsconfig.json': '{}',
        'tsconfig.json': '{"extends":"p/tsconfig.json"}',
      },
    ],
  ])('if its module %s', async (_, files) => {
    write(files)
    await load()
    await load()
    expect(entries()).toEqual([])
  })

  it('if there are links on the way', async () => {
    write({ ...using('./lib/a.js'), 'one/a.ts': lib('one') })
    symlinkSync(join(folder, 'one'), join(folder, 'lib'))
    await load()
    await load()
    expect(entries()).toEqual([])
  })

  it('if it cannot be compiled', async () => {
    write(using('./gone.js'))
    await expect(load()).rejects.toMatchObject({ code: 'JOB_LOAD_FAILED' })
    expect(entries()).toEqual([])
  })

  it('if the user says so, or there is no place for it', async () => {
    write({ ...using('./lib.js'), 'lib.ts': lib('one') })
    const text = await withoutCache()
    expect(existsSync(join(home, 'runjob'))).toBe(false)
    writeFileSync(join(home, 'runjob'), 'no folder')
    expect((await load()).text).toBe(text)
    expect((await load()).text).toBe(text)
  })
})

it('what was kept longest is removed', async () => {
  write({ ...using('./lib.js'), 'lib.ts': lib('one') })
  await load()
  for (let i = 0; i < 80; i++) writeFileSync(join(bundles(), `${i}.json`), '')
  await load()
  expect(entries()).toHaveLength(64)
  expect((await load()).isNew).toBe(false)
})

it('many may keep a bundle at the same time', async () => {
  write({ ...using('./lib.js'), 'lib.ts': lib('one') })
  const texts = await Promise.all(Array.from({ length: 8 }, async () => (await load()).text))
  expect(new Set(texts).size).toBe(1)
  await load()
  expect((await load()).isNew).toBe(false)
  expect(entries()).toHaveLength(1)
})
