/** Modules that define jobs: of both kinds, in every place, with all kinds of imports. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { type Exit, failure, node, run, runjob } from '../helpers/run.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** A project where runjob is installed, with an input of two lines. */
function project(files: Record<string, string>): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/runjob'))
  writeFiles(folder, { 'in.txt': 'a b\na\n', ...files })
  return folder
}

/** A job whose map emits each line with what `mark` is in its module. */
function jobText(mark: string): string {
  return `defineJob({ name: 'marked', input: text(), map: (line, emit) => emit(line + ${mark}, 1), reduce: sum() })`
}

const IMPORT = `import { defineJob, runJob, sum, text } from 'runjob'\n`
const REQUIRE = `const { defineJob, runJob, sum, text } = require('runjob')\n`
const RUN = `runJob(job, { input: 'in.txt', output: 'out' }).then(async (result) => {
  for await (const [key, count] of result.read()) console.log(key, count)
})\n`

/** Runs the command with a job of the project, and returns the keys that it wrote. */
async function keysOf(folder: string, job: string): Promise<string[]> {
  const exit = await runjob([job, 'in.txt', '-o', 'out', '--quiet', '--partitions', '1'], { cwd: folder })
  expect(exit.stderr).toBe('')
  return linesOf(join(folder, 'out')).map((line) => line.split('\t')[0]!)
}

async function printed(exit: Promise<Exit>): Promise<string> {
  const { code, stdout, stderr } = await exit
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('a job in CommonJS', () => {
  test('runs from the program itself, whether it is exported or not', async () => {
    const folder = project({ 'app.js': `${REQUIRE}const job = ${jobText("'!'")}\n${RUN}` })
    expect(await printed(node(['app.js'], { cwd: folder }))).toBe('a b! 1\na! 1\n')
  })

  test('runs from another module of the program, with source maps', async () => {
    const folder = project({
      'build/app.js': `const { runJob } = require('runjob')\nconst job = require('./lib/job').hidden()\n${RUN}`,
      'build/lib/job.js': `'use strict'\n${REQUIRE}const job = ${jobText('require("./mark.json").mark + require("node:path").sep')}
exports.hidden = () => job
//# sourceMappingURL=job.js.map\n`,
      'build/lib/job.js.map': JSON.stringify({
        version: 3,
        sources: ['../../src/job.ts'],
        names: [],
        mappings: 'AAAA',
      }),
      'build/lib/mark.json': '{ "mark": "?" }',
    })
    for (const flags of [[], ['--enable-source-maps']]) {
      expect(await printed(node([...flags, 'build/app.js'], { cwd: folder }))).toBe('a b?/ 1\na?/ 1\n')
      expect((await node(['-e', "fs.rmSync('out', { recursive: true })"], { cwd: folder })).code).toBe(0)
    }
  })

  test('runs from an ES module that imports it', async () => {
    const folder = project({
      'job.cjs': `${REQUIRE}module.exports = ${jobText("'!'")}\n`,
      'app.mjs': `import { runJob } from 'runjob'\nimport job from './job.cjs'\n${RUN}`,
    })
    expect(await printed(node(['app.mjs'], { cwd: folder }))).toBe('a b! 1\na! 1\n')
  })

  test.each([
    ['job.cjs', `${REQUIRE}module.exports = ${jobText("'!'")}`],
    ['compiled.js', `"use strict";\nexports.__esModule = true\n${REQUIRE}exports.default = ${jobText("'!'")}`],
    [
      'job.cts',
      `import runjob = require('runjob')\nexport = runjob.${jobText("'!'")}`.replaceAll(
        /\b(text|sum)\(\)/g,
        'runjob.$1()',
      ),
    ],
    ['job.mts', `${IMPORT}export default ${jobText("'!' as string")}`],
    ['job.ts', `${IMPORT}export default ${jobText("'!' as string")}`],
    ['job.mjs', `#!/usr/bin/env node\n${IMPORT}export default ${jobText("'!'")}`],
  ])('is run by the command: %s', async (name, text) => {
    expect(await keysOf(project({ [name]: text }), `./${name}`)).toEqual(['a b!', 'a!'])
  })

  test('fails with errors of the class that the program knows, through either kind of module', async () => {
    const folder = project({
      'job.cjs': `${REQUIRE}module.exports = defineJob({ name: 'bad', input: text(), map() { throw new Error('no') }, reduce: sum() })`,
      'app.cjs': `const { RunjobError, runJob } = require('runjob')
runJob(require('./job.cjs'), { input: 'in.txt', output: 'out' }).catch((error) => console.log(error instanceof RunjobError, error.code))\n`,
      'app.mjs': `import { createRequire } from 'node:module'
import { RunjobError, runJob } from 'runjob'
import job from './job.cjs'
const other = createRequire(import.meta.url)('runjob').RunjobError
const refused = (() => { try { createRequire(import.meta.url)('runjob').defineJob({}) } catch (error) { return error } })()
console.log(other === RunjobError, new other('INTERNAL') instanceof RunjobError, refused instanceof RunjobError, {} instanceof RunjobError)
await runJob(job, { input: 'in.txt', output: 'out', fresh: true }).catch((error) => console.log(error instanceof other, error.code))\n`,
    })
    expect(await printed(node(['app.cjs'], { cwd: folder }))).toBe('true USER_ERROR\n')
    expect(await printed(node(['app.mjs'], { cwd: folder }))).toBe('true true true false\ntrue USER_ERROR\n')
  })

  test('is tested by a program of either kind', async () => {
    const folder = project({
      'job.cjs': `const { defineJob, descending, number, text } = require('runjob')
module.exports = defineJob({
  name: 'sorted', input: text(), value: number(), map: (line, emit) => emit('k', line.length), order: (n) => [descending(n)],
  reduce: (key, values, emit) => { for (const n of values) emit(key, n) },
})`,
      'test.cjs': `require('runjob/testing').runReduce(require('./job.cjs'), 'k', [1, 3, 2]).then((pairs) => console.log(String(pairs)))`,
      'test.mjs': `import { runInMemory, runReduce } from 'runjob/testing'
import job from './job.cjs'
console.log(String(await runReduce(job, 'k', [1, 3, 2])), String((await runInMemory(job, ['a', 'bcd', 'ef'])).records))`,
    })
    expect(await printed(node(['test.cjs'], { cwd: folder }))).toBe('k,3,k,2,k,1\n')
    expect(await printed(node(['test.mjs'], { cwd: folder }))).toBe('k,3,k,2,k,1 k,3,k,2,k,1\n')
  })
})

describe('a job imports', () => {
  const job = (imports: string, mark: string) => `${IMPORT}${imports}\nexport default ${jobText(mark)}\n`

  test('by aliases: paths and baseUrl of tsconfig.json, inherited too, and imports of package.json', async () => {
    const folder = project({
      'package.json': '{ "type": "module", "imports": { "#one": "./lib/one.ts" } }',
      'config/base.json': '{ "compilerOptions": { "baseUrl": "..", "paths": { "@/*": ["lib/*"] } } }',
      'tsconfig.json': '{ "extends": "./config/base.json" } // as TypeScript has it',
      'lib/one.ts': `export const one: string = '1'`,
      'lib/two.ts': `export { two } from '@/deep/two'`,
      'lib/deep/two.ts': `export const two = '2'`,
      'src/job.ts': job(
        `import { one } from '#one'\nimport { two } from '@/two.js'\nimport * as again from 'lib/one'`,
        'one + two + again.one',
      ),
    })
    expect(await keysOf(folder, 'src/job.ts')).toEqual(['a b121', 'a121'])
  })

  test('packages, as Node finds them for import and for require', async () => {
    const folder = project({
      'node_modules/both/package.json':
        '{ "type": "module", "exports": { "import": "./index.js", "require": "./index.cjs" }, "module": "./wrong.js" }',
      'node_modules/both/index.js': `export const kind = 'import'`,
      'node_modules/both/index.cjs': `exports.kind = 'require'`,
      'node_modules/old/package.json': '{ "main": "main.js", "module": "wrong.js" }',
      'node_modules/old/main.js': `exports.old = 'main'`,
      'job.ts': job(
        `import { kind } from 'both'\nimport { old } from 'old'\nimport { createRequire } from 'node:module'`,
        'kind + old',
      ),
      'job.cjs': `${REQUIRE}module.exports = ${jobText('require("both").kind + require("old").old')}`,
    })
    expect(await keysOf(folder, './job.ts')).toEqual(['a bimportmain', 'aimportmain'])
    const output = await run(join(folder, 'job.cjs'), join(folder, 'in.txt'))
    expect(linesOf(output.output)).toEqual(['a brequiremain\t1', 'arequiremain\t1'])
  })

  test('packages of a workspace, in TypeScript, from their own place', async () => {
    const folder = project({
      'packages/shared/package.json': '{ "name": "@acme/shared", "exports": "./src/index.ts" }',
      'packages/shared/src/index.ts': `import { basename } from 'node:path'\nexport const shared: string = basename(import.meta.dirname ?? '')`,
      'packages/jobs/package.json': '{ "name": "@acme/jobs", "type": "module" }',
      'packages/jobs/job.ts': job(`import { shared } from '@acme/shared'`, 'shared'),
    })
    mkdirSync(join(folder, 'node_modules/@acme'))
    for (const name of ['shared', 'jobs']) {
      symlinkSync(join(folder, 'packages', name), join(folder, 'node_modules/@acme', name))
    }
    expect(await keysOf(folder, 'node_modules/@acme/jobs/job.ts')).toEqual(['a bsrc', 'asrc'])
  })

  test('modules that ask for their place: each gets its own, not the place of the bundle', async () => {
    const name = (path: string) => `${path}.split('/').at(-1)`
    const folder = project({
      'package.json': '{ "type": "module" }',
      'lib/esm.ts': `import { dirname } from 'node:path'\nimport { fileURLToPath } from 'node:url'
const __filename = fileURLToPath(import.meta.url)\nconst __dirname = dirname(__filename)
export const esm = ${name('__filename')} + ${name('__dirname')} + ${name('import.meta.url')}`,
      'old/cjs.cjs': `'use strict'\nexports.cjs = ${name('__filename')} + ${name('__dirname')}`,
      'job.ts': job(
        `import { esm } from './lib/esm.ts'\nimport { cjs } from './old/cjs.cjs'\nimport data from './data.json' with { type: 'json' }`,
        `esm + cjs + ${name('import.meta.url')} + data.x`,
      ),
      'data.json': '{ "x": 1 }',
    })
    expect(await keysOf(folder, './job.ts')).toEqual(
      ['a b', 'a'].map((line) => `${line}esm.tslibesm.tscjs.cjsoldjob.ts1`),
    )
  })

  test('decorators, enums and parameter properties, as tsconfig.json has them', async () => {
    const folder = project({
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'job.ts': job(
        `enum Mark { One = '1' }
function twice(_: object, __: string, property: PropertyDescriptor) {
  const { value } = property
  property.value = function (this: unknown) { return value.call(this) + value.call(this) }
}
class Marker { constructor(readonly mark: Mark) {}  @twice text() { return this.mark as string } }`,
        'new Marker(Mark.One).text()',
      ),
    })
    expect(await keysOf(folder, './job.ts')).toEqual(['a b11', 'a11'])
  })

  test('missing imports: the error names the module, the line and what is missing', async () => {
    const folder = project({
      'job.ts': job(`import { x } from 'no-such-package'`, 'x'),
      'relative.ts': job(`import { x } from './nowhere.js'`, 'x'),
      'may.ts': job(
        `import { createRequire } from 'node:module'\nlet mark = '-'\ntry { mark = require('no-such-package') } catch {}`,
        'mark',
      ),
    })
    for (const [name, missing] of [
      ['job.ts', 'no-such-package'],
      ['relative.ts', './nowhere.js'],
    ] as const) {
      const error = await failure(run(join(folder, name), join(folder, 'in.txt')))
      expect(error.code).toBe('JOB_LOAD_FAILED')
      expect(error.message).toContain(`cannot be loaded: ${name}:2:19: Could not resolve "${missing}"`)
    }
    expect(await keysOf(folder, './may.ts')).toEqual(['a b-', 'a-'])
  })

  test('a module that is not a job, or that fails: the error says which', async () => {
    const folder = project({ 'none.cjs': 'module.exports = { job: 1 }', 'null.cjs': 'module.exports = null' })
    for (const name of ['none.cjs', 'null.cjs']) {
      const error = await failure(run(join(folder, name), join(folder, 'in.txt')))
      expect(error).toMatchObject({ code: 'JOB_LOAD_FAILED', message: expect.stringContaining(name) })
    }
  })
})
