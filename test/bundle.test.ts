/** What `npm run build` makes of the modules under src (bundle.mjs). */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist/src')

/** Started or imported from outside. */
const ENTRIES = [
  'cli/main.js',
  'cli/process.js',
  'engine/task/worker.js',
  'index.js',
  'state/dump.js',
  'testing/index.js',
]

test('code is in chunks alone: a module that is no entry hands on names', () => {
  const modules = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replace(/\.ts$/, '.js'))
    .filter((name) => !ENTRIES.includes(name))
  const isStub = (name: string) =>
    /^export \{[^}]*\} from '[./]+chunks\/internals\.js'\n$/.test(readFileSync(join(dist, name), 'utf8'))
  expect(modules.filter((name) => !isStub(name))).toEqual([])
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
