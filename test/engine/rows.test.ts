/** Plans of typed columns, run by the engine: the same bytes whatever the workers, splits, spills and interruptions. */
import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Checkpoint, NO_CHECKPOINT } from '../../dist/src/engine/checkpoint.js'
import type { StageResult } from '../../dist/src/engine/task.js'
import { joined } from '../../dist/src/plan/columns.js'
import type { GroupValue, Input, JoinType } from '../../dist/src/plan/plan.js'
import type { Column } from '../../dist/src/plan/type.js'
import { stageFact } from '../../dist/src/state/facts.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import {
  ascending,
  CONFIGS,
  CSV,
  column,
  columnsOf,
  descending,
  exchange,
  files,
  from,
  JSONL,
  named,
  type RowPlan,
  reference,
  runRows,
  sink,
  stage,
  TEXT,
} from '../helpers/row_plans.js'

const SALES: Column[] = columnsOf({ id: 'integer', city: 'string', price: 'double', paid: 'boolean' })
const pick = (...names: string[]): Column[] => names.map((name) => SALES.find((one) => one.name === name)!)

interface Sale {
  id: number
  city: string | null
  price: number | null
  paid: boolean | null
}

function sales(seed: number, count: number): Sale[] {
  const random = new Random(seed)
  return random.times(count, (id) => ({
    id,
    city: random.pick(['Oslo', 'Bergen', 'Paris, "France"', 'a city with a long name', null]),
    price: random.pick([0.5, 1e21, -3, 100.25, null]),
    paid: random.pick([true, false, null]),
  }))
}

const csvOf = (rows: Sale[]): string =>
  ['id,city,price,paid', ...rows.map((row) => Object.values(row).map(csvField).join(','))].join('\n')
const csvField = (value: unknown) => (value === null ? '' : `"${String(value).replaceAll('"', '""')}"`)
const jsonOf = (rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function expectEverywhere(plan: RowPlan, text: string): Promise<void> {
  for (const [name, config] of Object.entries(CONFIGS)) {
    const answer = await runRows(plan, temporaryFolder(), config)
    expect(answer.text, name).toBe(text)
  }
}

describe('rows', () => {
  const rows = sales(1, 2000)

  it.each(['csv', 'jsonl'])('of %s are filtered and projected in the order of the input', async (kind) => {
    const read = kind === 'csv' ? files('sales', CSV, SALES) : files('sales', JSONL, SALES)
    read.operators.push(
      { op: 'filter', where: reference(SALES[3]!) },
      { op: 'project', columns: pick('price', 'id', 'city').map((one) => named(one)) },
    )
    const plan: RowPlan = {
      stages: [stage('output', [read], sink(pick('price', 'id', 'city')))],
      inputs: { sales: [rows.slice(0, 700), rows.slice(700)].map(kind === 'csv' ? csvOf : jsonOf) },
    }
    await expectEverywhere(
      plan,
      jsonOf(rows.filter(({ paid }) => paid).map(({ price, id, city }) => ({ price, id, city }))),
    )
  })

  it('of text are its lines', async () => {
    const value = columnsOf({ value: 'string' })
    const lines = ['\ufeffone', '', 'two\r', 'three \ud83d\ude00', 'x'.repeat(5000), 'last']
    const plan: RowPlan = {
      stages: [stage('output', [files('text', TEXT, value)], sink(value))],
      inputs: { text: [lines.join('\n')] },
    }
    const given = ['one', '', 'two', 'three \ud83d\ude00', 'x'.repeat(5000), 'last']
    await expectEverywhere(plan, jsonOf(given.map((text) => ({ value: text }))))
  })

  it('are sorted over several partitions', async () => {
    const keys = [descending('city'), ascending('price')]
    const plan: RowPlan = {
      stages: [
        stage(
          'sort',
          [files('sales', CSV, SALES)],
          exchange('sorted', { kind: 'rows', columns: SALES, keys }, { partitionBy: 'range', partitions: 4 }),
        ),
        stage('output', [from('sorted', { op: 'rows' })], sink(SALES)),
      ],
      inputs: { sales: [csvOf(rows.slice(0, 500)), csvOf(rows.slice(500))] },
    }
    const order = (a: string | number | null, b: string | number | null) =>
      a === b ? 0 : a === null ? -1 : b === null ? 1 : a < b ? -1 : 1
    const sorted = [...rows].sort((a, b) => order(b.city, a.city) || order(a.price, b.price))
    await expectEverywhere(plan, jsonOf(sorted))
  })

  it('of several inputs keep their order without keys, and a limit takes the first', async () => {
    const [some, others] = [sales(2, 900), sales(3, 300)]
    const limit = { op: 'limit' as const, count: 1000 }
    const plan: RowPlan = {
      stages: [
        stage(
          'all',
          [files('others', JSONL, SALES, limit), files('sales', CSV, SALES, limit)],
          exchange('all', { kind: 'rows', columns: SALES, keys: [] }, { partitions: 1 }),
        ),
        stage('output', [from('all', { op: 'rows' }, limit)], sink(SALES)),
      ],
      inputs: { others: [jsonOf(others)], sales: [csvOf(some)] },
    }
    await expectEverywhere(plan, jsonOf([...others, ...some].slice(0, 1000)))
  })

  it('that a limit does not need are not read, and what is wrong there does not matter', async () => {
    const limit = { op: 'limit' as const, count: 100 }
    const plan: RowPlan = {
      stages: [
        stage(
          'some',
          [files('sales', CSV, SALES, limit)],
          exchange('some', { kind: 'rows', columns: SALES, keys: [] }, { partitions: 1 }),
        ),
        stage('output', [from('some', { op: 'rows' }, limit)], sink(SALES)),
      ],
      inputs: { sales: [csvOf(rows.slice(0, 60)), csvOf(rows.slice(60)), 'id,city,price,paid\nnone,,,\n'] },
    }
    await expectEverywhere(plan, jsonOf(rows.slice(0, 100)))
    const { result } = await runRows(plan, temporaryFolder(), { workers: 1, tuning: { splitBytes: 2000 } })
    expect(result.stages[0]!.recordsIn).toBeLessThan(300)
  })

  it('of files and of an exchange are in the order of the inputs', async () => {
    const [some, others] = [sales(2, 900), sales(3, 300)]
    const plan: RowPlan = {
      stages: [
        stage(
          'all',
          [files('others', JSONL, SALES)],
          exchange('all', { kind: 'rows', columns: SALES, keys: [ascending('id')] }, { partitions: 1 }),
        ),
        stage('output', [from('all', { op: 'rows' }), files('sales', CSV, SALES)], sink(SALES)),
      ],
      inputs: { others: [jsonOf(others)], sales: [csvOf(some)] },
    }
    await expectEverywhere(plan, jsonOf([...others, ...some]))
  })
})

describe('groups and joins', () => {
  const rows = sales(6, 1200)
  const CITIES = columnsOf({ name: 'string', country: 'string' })
  const cities = [
    { name: 'Oslo', country: 'NO' },
    { name: 'Bergen', country: 'NO' },
    { name: 'Bergen', country: 'second' },
    { name: 'Rome', country: 'IT' },
    { name: null, country: 'none' },
  ]
  const byText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

  it('are grouped in the order of their keys', async () => {
    const values: GroupValue[] = [
      { column: column('n', 'long'), fn: 'count', args: [] },
      { column: column('least', 'double'), fn: 'min', args: [reference(SALES[2]!)] },
      { column: column('first', 'integer'), fn: 'first', args: [reference(SALES[0]!)] },
    ]
    const given = [SALES[1]!, ...values.map((value) => value.column)]
    const plan: RowPlan = {
      stages: [
        stage(
          'group',
          [files('sales', CSV, SALES)],
          exchange('g', { kind: 'groups', columns: SALES, by: ['city'], values }, { partitions: 1 }),
        ),
        stage('output', [from('g', { op: 'groups' })], sink(given)),
      ],
      inputs: { sales: [csvOf(rows.slice(0, 5)), csvOf(rows.slice(5))] },
    }
    const groups = [...new Set(rows.map(({ city }) => city))].sort((a, b) =>
      a === null ? -1 : b === null ? 1 : byText(a, b),
    )
    const answers = groups.map((city) => {
      const own = rows.filter((row) => row.city === city)
      const prices = own.flatMap(({ price }) => price ?? [])
      return { city, n: own.length, least: Math.min(...prices), first: own[0]!.id }
    })
    await expectEverywhere(plan, jsonOf(answers))
  })

  const probing: RowPlan = {
    stages: [
      stage(
        'cities',
        [files('cities', JSONL, CITIES)],
        exchange('cities', { kind: 'rows', columns: CITIES, keys: [] }, { partitions: 1 }),
      ),
      stage(
        'output',
        [
          files('sales', CSV, SALES, {
            op: 'probe',
            build: 'cities',
            type: 'left',
            on: ['city'],
            buildOn: ['name'],
            residual: null,
          }),
        ],
        sink([...SALES, ...CITIES]),
      ),
    ],
    inputs: { sales: [csvOf(rows)], cities: [jsonOf(cities.slice(0, 2)), jsonOf(cities.slice(2))] },
  }
  const probed = jsonOf(
    rows.flatMap((row) => {
      const found = cities.filter(({ name }) => name !== null && name === row.city)
      return (found.length > 0 ? found : [{ name: null, country: null }]).map((one) => ({ ...row, ...one }))
    }),
  )

  it('are joined with a table, in the order of the left rows', () => expectEverywhere(probing, probed))

  it('are joined with a table whose runs are written again if they are damaged', async () => {
    const folder = temporaryFolder()
    const damaging: Checkpoint = {
      ...NO_CHECKPOINT,
      keep(_, facts) {
        if (!facts.has(stageFact(0)) || redone) return
        redone = true
        for (const run of readdirSync(join(folder, 'runs'))) truncateSync(join(folder, 'runs', run), 100)
      },
    }
    let redone = false
    const notes: string[] = []
    const onNote = (note: string) => void notes.push(note)
    const tuning = { heldBytes: 0, collectorBytes: 1 }
    const { text, result } = await runRows(probing, folder, { workers: 2, tuning, onNote }, damaging)
    expect(text).toBe(probed)
    expect(result.redoneTasks).toBeGreaterThan(0)
    // Said once, though the stage begins again.
    expect(notes.filter((note) => note.includes('is looked up in a file')).length).toBe(1)
  })

  describe('are joined by partition', () => {
    const by = (id: string, name: string, columns: Column[], keys: string[], input: Input) =>
      stage(name, [input], exchange(id, { kind: 'rows', columns, keys: [], by: keys }, { partitions: 3 }))
    const planOf = (type: JoinType): RowPlan => ({
      stages: [
        by('cities', 'build', CITIES, ['name'], files('cities', JSONL, CITIES)),
        by('sales', 'probe', SALES, ['city'], files('sales', CSV, SALES)),
        stage(
          'output',
          [
            from(
              'sales',
              { op: 'rows' },
              { op: 'hashJoin', build: 'cities', type, on: ['city'], buildOn: ['name'], residual: null },
            ),
          ],
          sink(joined(type, SALES, CITIES)),
        ),
      ],
      inputs: { sales: [csvOf(rows)], cities: [jsonOf(cities.slice(0, 2)), jsonOf(cities.slice(2))] },
    })
    const noSale = { id: null, city: null, price: null, paid: null }
    const noCity = { name: null, country: null }
    const answers = (type: JoinType): object[] => {
      const matches = (row: Sale) => cities.filter(({ name }) => name !== null && name === row.city)
      if (type === 'semi' || type === 'anti') return rows.filter((row) => matches(row).length > 0 === (type === 'semi'))
      const all: object[] = rows.flatMap((row) => {
        const found = matches(row)
        const lone = type === 'left' || type === 'full' ? [noCity] : []
        return (found.length > 0 ? found : lone).map((one) => ({ ...row, ...one }))
      })
      if (type === 'inner' || type === 'left') return all
      const isLone = ({ name }: { name: string | null }) => name === null || rows.every(({ city }) => city !== name)
      return [...all, ...cities.filter(isLone).map((one) => ({ ...noSale, ...one }))]
    }

    it.each(['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)('%s', async (type) => {
      const { text } = await runRows(planOf(type), temporaryFolder(), { workers: 1 })
      const lines = (all: string) => all.split('\n').sort()
      expect(lines(text)).toEqual(lines(jsonOf(answers(type))))
      await expectEverywhere(planOf(type), text)
    })
  })

  it('are joined by key, left rows in their order', async () => {
    const keys = [['city'], ['name']] as const
    const sides = [SALES, CITIES].map((columns, i) => ({ columns, keys: [...keys[i]!] }))
    const plan: RowPlan = {
      stages: [
        stage(
          'join',
          [files('sales', CSV, SALES), files('cities', JSONL, CITIES)],
          exchange('j', { kind: 'sides', sides, sideOf: [0, 1] }, { partitions: 1 }),
        ),
        stage('output', [from('j', { op: 'mergeJoin', type: 'inner', residual: null })], sink([...SALES, ...CITIES])),
      ],
      inputs: { sales: [csvOf(rows)], cities: [jsonOf(cities)] },
    }
    const pairs = ['Bergen', 'Oslo'].flatMap((key) =>
      rows
        .filter(({ city }) => city === key)
        .flatMap((row) => cities.filter(({ name }) => name === key).map((one) => ({ ...row, ...one }))),
    )
    await expectEverywhere(plan, jsonOf(pairs))
  })
})

describe('a run of rows that is killed', () => {
  const rows = sales(5, 1500)
  const keys = [ascending('city'), descending('price')]
  const plan: RowPlan = {
    stages: [
      stage(
        'sort',
        [files('sales', CSV, SALES)],
        exchange('sorted', { kind: 'rows', columns: SALES, keys }, { partitionBy: 'range', partitions: 3 }),
      ),
      stage(
        'again',
        [from('sorted', { op: 'rows' })],
        exchange('again', { kind: 'rows', columns: SALES, keys: [ascending('id')] }, { partitions: 1 }),
      ),
      stage('output', [from('again', { op: 'rows' })], sink(SALES)),
    ],
    inputs: { sales: [csvOf(rows)] },
  }
  const config = { workers: 2, tuning: { splitBytes: 4000, mergeRuns: 3, heldBytes: 0 } }

  it.each(plan.stages.map(({ name }, index) => ({ name, index })))(
    'in stage $name goes on where it was',
    async ({ index }) => {
      const folder = temporaryFolder()
      const kept = new Map<string, unknown>()
      const facts = new Map<string, unknown>()
      const checkpoint = (diesIn: number): Checkpoint => ({
        finishedTasks: <Result>() => new Map(structuredClone([...kept])) as Map<string, Result>,
        keep(finished, added) {
          for (const { id, result } of finished) kept.set(id, structuredClone(result))
          for (const [name, value] of added) facts.set(name, structuredClone(value))
          if (finished.some(({ result }) => (result as StageResult).stage === diesIn)) throw new Error('killed')
        },
        forget(tasks, names) {
          for (const id of tasks) kept.delete(id)
          for (const name of names) facts.delete(name)
        },
        get: <T>(name: string) => structuredClone(facts.get(name)) as T,
      })
      await expect(runRows(plan, folder, config, checkpoint(index))).rejects.toThrow('killed')
      for (const run of readdirSync(join(folder, 'runs')).slice(0, 1)) truncateSync(join(folder, 'runs', run), 100)
      const { text, result } = await runRows(plan, folder, config, checkpoint(-1))
      expect(text).toBe(jsonOf(rows))
      if (index > 0) expect(result.resumedTasks + result.redoneTasks).toBeGreaterThan(0)
    },
  )
})
