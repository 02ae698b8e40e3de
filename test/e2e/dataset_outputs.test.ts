/** Datasets with several outputs: one run, a folder for each, all or none. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { count, csv, defineDataset, int, nullable, runDataset, string, sum } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import { failure, runjob, tunedRunjob } from '../helpers/run.js'

const INDEX = new URL('../../dist/src/index.js', import.meta.url).href
const TUNED_MAIN = fileURLToPath(new URL('../soak/tuned_runjob.mjs', import.meta.url))

const SALES = 'city,qty\nRome,3\nOslo,5\nRome,7\n,1\n'

const MODULE = `
import { count, csv, defineDataset, int, nullable, string, sum } from ${JSON.stringify(INDEX)}
const sales = csv({ schema: { city: nullable(string()), qty: int() } })
export default defineDataset({
  name: 'cities',
  params: { least: { type: 'integer', default: 0, describe: 'least quantity' } },
  build: ({ read, params }) => {
    const all = read(sales, 'sales.csv').filter(c => c.qty.ge(params.least))
    const byCity = all.groupBy('city').agg({ n: count(), total: sum('qty') })
    return { cities: byCity.orderBy(c => c.total.desc()), often: byCity.filter(c => c.n.gt(1)), 'by-row': all }
  },
})`

function prepare(sales = SALES) {
  const folder = temporaryFolder()
  writeFiles(folder, { 'sales.csv': sales, 'q.mjs': MODULE })
  return { folder, runIn: (...args: string[]) => runjob(args, { cwd: folder }) }
}

const CITIES = ['{"city":"Rome","n":2,"total":10}', '{"city":"Oslo","n":1,"total":5}', '{"city":null,"n":1,"total":1}']

describe('a dataset with several outputs', () => {
  it('writes a folder for each, and says how many rows each has', async () => {
    const { folder, runIn } = prepare()
    const ran = await runIn('q.mjs', '-o', 'out')
    expect(ran.code).toBe(0)
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['_SUCCESS', 'by-row', 'cities', 'often'])
    expect(linesOf(join(folder, 'out/cities'))).toEqual(CITIES)
    expect(linesOf(join(folder, 'out/often'))).toEqual(CITIES.slice(0, 1))
    expect(linesOf(join(folder, 'out/by-row')).length).toBe(4)
    expect(ran.stderr).toMatch(/output +\S+out\n +cities +3 written\n +often +1 written\n +by-row +4 written\n/)
    const { outputs } = JSON.parse((await runIn('q.mjs', '-o', 'again', '--json')).stdout)
    expect(outputs).toEqual({
      cities: { output: join(folder, 'again/cities'), recordsWritten: 3 },
      often: { output: join(folder, 'again/often'), recordsWritten: 1 },
      'by-row': { output: join(folder, 'again/by-row'), recordsWritten: 4 },
    })
  })

  it('computes the groups that they share once', async () => {
    const { runIn } = prepare()
    const { stages } = JSON.parse((await runIn('q.mjs', '-o', 'out', '--json')).stdout)
    expect(stages.map(({ name }: { name: string }) => name)).toEqual([
      'group 1',
      'sort 2',
      'output cities',
      'output often',
      'output by-row',
    ])
    const { stdout } = await runIn('q.mjs', '-o', 'other', '--explain')
    for (const name of ['cities', 'often', 'by-row']) {
      expect(stdout).toContain(`as asked, ${name}\n`)
      expect(stdout).toContain(`output ${name}: jsonl`)
    }
    expect(stdout).toContain('stage group 1, as above')
  })

  it('has a folder even for an output without rows, and the answer of none', async () => {
    const { folder, runIn } = prepare('city,qty\n')
    writeFileSync(join(folder, 'empty.csv'), '')
    expect((await runIn('q.mjs', '-o', 'out', '-q')).code).toBe(0)
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['_SUCCESS', 'by-row', 'cities', 'often'])
    const schema = { city: nullable(string()), qty: int() }
    const dataset = defineDataset({
      name: 'empty',
      build: ({ read }) => {
        const rows = read(csv({ schema }), join(folder, 'empty.csv'))
        return { rows, total: rows.agg({ n: count(), all: sum('qty') }) }
      },
    })
    const { outputs } = await runDataset(dataset, { output: join(folder, 'none') })
    expect(outputs).toMatchObject({ rows: { recordsWritten: 0 }, total: { recordsWritten: 1 } })
    expect(linesOf(join(folder, 'none/total'))).toEqual(['{"n":0,"all":null}'])
    expect(existsSync(join(folder, 'none/rows'))).toBe(true)
  })

  it('is replaced and appended to as a whole', async () => {
    const { folder, runIn } = prepare()
    expect((await runIn('q.mjs', '-o', 'out', '-q')).code).toBe(0)
    expect((await runIn('q.mjs', '-o', 'out', '-q')).stderr).toContain('OUTPUT_EXISTS')
    expect((await runIn('q.mjs', '-o', 'out', '--mode', 'append', '-q')).code).toBe(0)
    expect(linesOf(join(folder, 'out/cities'))).toEqual([...CITIES, ...CITIES])
    expect((await runIn('q.mjs', '-o', 'out', '--mode', 'overwrite', '--least', '5', '-q')).code).toBe(0)
    expect(linesOf(join(folder, 'out/cities')).length).toBe(2)
    expect((await runIn('query', 'df', 'sales.csv', '-o', 'plain', '-q')).code).toBe(0)
    const onto = await runIn('q.mjs', '-o', 'plain', '--mode', 'append')
    expect(onto.stderr).toContain('OUTPUT_DIFFERENT')
    expect(onto.stderr).toContain('the folders cities, often, by-row')
  })

  it('needs a folder: no single file, and not standard output', async () => {
    const { runIn } = prepare()
    for (const args of [
      ['-o', '-'],
      ['-o', 'one.csv', '--single-file'],
    ]) {
      const ran = await runIn('q.mjs', ...args)
      expect(ran.code).toBe(2)
      expect(ran.stderr).toContain('cities has named outputs, which need a folder: cities, often, by-row')
    }
  })

  it('ends without any output if one of them fails', async () => {
    const { folder } = prepare()
    const dataset = defineDataset({
      name: 'half',
      build: ({ read }) => {
        const rows = read(csv({ schema: { city: nullable(string()), qty: int() } }), join(folder, 'sales.csv'))
        return { good: rows, bad: rows.select((c) => ({ n: c.city.cast('int') })) }
      },
    })
    const error = await failure(runDataset(dataset, { output: join(folder, 'out') }))
    expect(error.code).toBe('CAST_INVALID')
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  it('continues after a kill, with the same bytes', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `city ${(i * 7919) % 997},${i % 50}\n`)
    const { folder } = prepare(`city,qty\n${rows.join('')}`)
    const tuning = { splitBytes: 20_000, heldBytes: 0 }
    expect((await tunedRunjob(['q.mjs', '-o', 'whole', '-q'], tuning, { cwd: folder })).code).toBe(0)
    const env = { ...process.env, RUNJOB_TUNING: JSON.stringify(tuning) }
    const args = [TUNED_MAIN, 'q.mjs', '-o', 'out', '-q', '--workers', '1']
    const child = spawn(process.execPath, args, { cwd: folder, env })
    const ended = new Promise((resolve) => child.on('close', resolve))
    const runs = join(folder, '.out.runjob/runs')
    while (child.exitCode === null && !(existsSync(runs) && readdirSync(runs).length > 3)) await sleep(1)
    child.kill('SIGKILL')
    await ended
    expect(existsSync(join(folder, 'out'))).toBe(false)
    const resumed = await tunedRunjob(['q.mjs', '-o', 'out', '--no-progress'], tuning, { cwd: folder })
    expect(resumed).toMatchObject({ code: 0 })
    expect(resumed.stderr).toContain('resuming: ')
    for (const name of ['cities', 'often', 'by-row']) {
      expect(textOf(join(folder, 'out', name)), name).toBe(textOf(join(folder, 'whole', name)))
    }
  })

  it('gives the same for any number of workers and splits', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `city ${(i * 7919) % 97},${i % 50}\n`)
    const { folder } = prepare(`city,qty\n${rows.join('')}`)
    const dataset = defineDataset({
      name: 'same',
      build: ({ read }) => {
        const all = read(csv({ schema: { city: string(), qty: int() } }), join(folder, 'sales.csv'))
        const groups = all.groupBy('city').agg({ total: sum('qty') })
        return { groups, joined: all.join(groups, 'city').limit(100), top: groups.orderBy((c) => c.total.desc()) }
      },
    })
    const texts = []
    for (const [i, options] of [{ workers: 1 }, { workers: 3, [TUNING]: { splitBytes: 3000 } }].entries()) {
      const output = join(folder, `out${i}`)
      await runDataset(dataset, { output, ...options })
      texts.push(['groups', 'joined', 'top'].map((name) => textOf(join(output, name))))
    }
    expect(texts[1]).toEqual(texts[0])
  })
})

it('runjob query takes several data frames by name', async () => {
  const { folder, runIn } = prepare()
  const query = '({ few: df.limit(1), n: df.agg({ n: count() }) })'
  expect((await runIn('query', query, 'sales.csv', '-o', 'out', '-q')).code).toBe(0)
  expect(linesOf(join(folder, 'out/few'))).toEqual(['{"city":"Rome","qty":"3"}'])
  expect(linesOf(join(folder, 'out/n'))).toEqual(['{"n":4}'])
  expect((await runIn('query', query, 'sales.csv')).stderr).toContain('query has named outputs, which need a folder')
  const mixed = await runIn('query', '({ few: df, n: df.collect })', 'sales.csv', '-o', 'other')
  const alone = await runIn('query', 'df', 'sales.csv', '-o', 'out', '--mode', 'append')
  expect(alone.stderr).toMatch(/OUTPUT_DIFFERENT.* it holds the output (few|n), but this run writes parts/)
  expect((await runIn('query', query, 'sales.csv', '-o', 'out', '--mode', 'append', '-q')).code).toBe(0)
  expect(mixed.stderr).toContain('the query must give data frames, but the output "n" is a function')
})
