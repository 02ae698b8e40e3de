/** Where functions of data frames may be made, and how workers find them there. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { type Exit, node, runjob } from '../helpers/run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const CSV = `name,n\n${Array.from({ length: 20 }, (_, i) => `Item ${i},${i}`).join('\n')}\n`
const READ = "read(csv({ schema: { name: string(), n: int() } }), 'in.csv')"
const NAMES = 'boolean, csv, defineDataset, int, read, runDataset, string, udf'
const HEAD = `import { ${NAMES} } from 'runjob'\n`

/** A project in which runjob is installed. */
function project(files: Record<string, string>): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/runjob'))
  writeFiles(folder, { 'in.csv': CSV, ...files })
  return folder
}

function script(files: Record<string, string>, name = Object.keys(files)[0]!): Promise<Exit> {
  return node([name], { cwd: project(files) })
}

describe('a script', () => {
  it('finds functions that it makes before its first action, also for later frames', async () => {
    const { stdout, stderr, code } = await script({
      'main.mjs': `${HEAD}
        const double = udf((n) => 2 * n, int())
        const isOdd = udf((n) => n % 2 === 1, boolean())
        const items = ${READ}
        console.log(await items.filter((c) => isOdd(c.n)).count())
        console.log(JSON.stringify(await items.limit(2).select((c) => ({ n: double(c.n) })).collect()))`,
    })
    expect({ stdout, stderr, code }).toEqual({ stdout: '10\n[{"n":0},{"n":2}]\n', stderr: '', code: 0 })
  })

  it('finds those of modules that it imports, and tells functions with one text apart', async () => {
    const { stdout, stderr } = await script({
      'main.mjs': `${HEAD}
        import { plus } from './plus.mjs'
        const [one, ten] = [1, 10].map((by) => plus(by))
        const own = udf(function own(n) { return n + 1000 }, int())
        const frame = ${READ}.limit(2).select((c) => ({ a: ten(c.n), b: one(c.n), c: own(c.n) }))
        console.log(JSON.stringify(await frame.collect()))`,
      'plus.mjs': `${HEAD}
        const own = udf(function own(n) { return n }, int())
        export const plus = (by) => udf((n) => n + by, int())`,
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([
      { a: 10, b: 1, c: 1000 },
      { a: 11, b: 2, c: 1001 },
    ])
  })

  it('may have names that URLs write in another way, and import with a query', async () => {
    const { stdout, stderr } = await script({
      'ma in.mjs': `${HEAD}
        import { f } from './sub dir/ä.mjs?copy=1'
        const g = udf((n) => n * 10, int())
        console.log(JSON.stringify(await ${READ}.limit(2).select((c) => ({ n: g(f(c.n)) })).collect()))`,
      'sub dir/ä.mjs': `${HEAD}
        export const f = udf((n) => n + 1, int())`,
    })
    expect({ stdout, stderr }).toEqual({ stdout: '[{"n":10},{"n":20}]\n', stderr: '' })
  })

  it('may be CommonJS, and wait before it makes them, or changes what they see', async () => {
    const { stdout, stderr } = await script({
      'main.cjs': `const { ${NAMES} } = require('runjob')
        let by = 1
        const early = udf((n) => by, int())
        async function main() {
          await new Promise((resolve) => setTimeout(resolve, 20))
          by = 2
          const half = udf((n) => Math.floor(n / by), int())
          const rows = await ${READ}.limit(3).select((c) => ({ n: half(c.n), by: early(c.n) })).collect()
          console.log(JSON.stringify(rows))
        }
        main()`,
    })
    expect({ stdout, stderr }).toEqual({ stdout: '[{"n":0,"by":2},{"n":0,"by":2},{"n":1,"by":2}]\n', stderr: '' })
  })

  it('refuses a function that it makes after an action', async () => {
    const { stderr, code } = await script({
      'main.mjs': `${HEAD}
        const items = ${READ}
        console.log(await items.count())
        const late = udf(function late(n) { return n }, int())
        await items.select((c) => ({ n: late(c.n) })).collect()`,
    })
    expect(code).toBe(1)
    expect(stderr).toContain("code: 'FUNCTION_NOT_FOUND'")
    expect(stderr).toMatch(/the function late: .*main\.mjs/)
    expect(stderr).toContain('before')
  })

  it('refuses a function that is another one in workers', async () => {
    const differing = (made: string) =>
      script({
        'main.mjs': `${HEAD}
          import { isMainThread } from 'node:worker_threads'
          ${made}
          await ${READ}.select((c) => ({ n: f(c.n) })).collect()`,
      })
    const ofThread = await differing('const f = isMainThread ? udf((n) => n, int()) : udf((n) => n, string())')
    expect(ofThread.stderr).toContain("code: 'GRAPH_DIFFERS'")
    expect(ofThread.stderr).toContain('udf(1) -> string for them')
    const ofText = await differing('const f = udf(isMainThread ? (n) => n + 1 : (n) => n + 2, int())')
    expect(ofText.stderr).toContain("code: 'GRAPH_DIFFERS'")
  })
})

describe('a dataset', () => {
  const DATASET = `${HEAD}
    const suffix = udf((name) => name + '!', string())
    export const sales = defineDataset({
      name: 'sales',
      params: { least: { type: 'number', default: 3, describe: 'least' } },
      build: ({ params }) => {
        const isEnough = udf((n) => n >= params.least, boolean())
        return ${READ}.filter((c) => isEnough(c.n)).select((c) => ({ name: suffix(c.name) })).limit(2)
      },
    })
    export default sales`

  it('has functions of its module and of its build, with the values of its parameters', async () => {
    const cwd = project({ 'sales.mjs': DATASET })
    const { stdout, stderr } = await runjob(['sales.mjs', '--least', '7', '-o', '-'], { cwd })
    expect(stdout).toBe('{"name":"Item 7!"}\n{"name":"Item 8!"}\n')
    expect(stderr).not.toContain('rror')
  })

  it('is found from a script that imports it', async () => {
    const { stdout, stderr } = await script({
      'main.mjs': `
        import { readFileSync, readdirSync } from 'node:fs'
        import { runDataset } from 'runjob'
        import { sales } from './sales.mjs'
        await runDataset(sales, { output: 'a', params: { least: 5 } })
        await runDataset(sales, { output: 'b', params: { least: 15 } })
        for (const folder of ['a', 'b'])
          for (const name of readdirSync(folder)) if (name.startsWith('part')) process.stdout.write(readFileSync(folder + '/' + name, 'utf8'))`,
      'sales.mjs': DATASET,
    })
    expect(stderr).toBe('')
    expect(stdout).toBe('{"name":"Item 5!"}\n{"name":"Item 6!"}\n{"name":"Item 15!"}\n{"name":"Item 16!"}\n')
  })
})

describe('a query', () => {
  it('may make functions', async () => {
    const cwd = project({})
    const query = "df.filter(c => udf((n: string) => Number(n) % 7 === 6, boolean())(c.n)).select('name')"
    const { stdout, stderr } = await runjob(['query', query, 'in.csv'], { cwd })
    expect(stdout).toBe('{"name":"Item 6"}\n{"name":"Item 13"}\n')
    expect(stderr).not.toContain('rror')
  })

  it('may make them for its own actions', async () => {
    const cwd = project({})
    const { stdout } = await runjob(['query', "await df.filter(udf(n => n > '5', boolean())('n')).count()", 'in.csv'], {
      cwd,
    })
    expect(stdout).toBe('4\n')
  })
})
