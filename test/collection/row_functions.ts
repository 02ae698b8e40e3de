/** Collections of rows for rows.test.ts. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Collection,
  csv,
  date,
  double,
  int,
  long,
  nullable,
  parquet as parquetOf,
  type RowOf,
  read,
  string,
  timestamp,
} from 'runjob'

/** What they read; tests write it. */
export const folder = join(tmpdir(), `runjob-rows-${process.pid}`)

const SCHEMA = {
  id: int(),
  city: nullable(string()),
  note: nullable(string()),
  big: nullable(long()),
  price: nullable(double()),
  at: nullable(timestamp()),
  day: nullable(date()),
}
export type Row = RowOf<typeof SCHEMA>
export const table = read(csv({ schema: SCHEMA }), join(folder, 'rows.csv'))
const columns = ['city', 'note'] as const
const sum = { price: 0 }

export type Step = ['map' | 'filter' | 'flatMap' | 'keyBy', (row: Row) => unknown]

/** What they do with a row is judged by their sources: some only read columns by name. */
export const chains: Record<string, Step[]> = {
  'a map by name': [['map', (row) => [row.id, row.note, row.at?.getTime() ?? null, row.day]]],
  'a map of a pattern': [['map', ({ city, price }) => `${city} ${price}`]],
  'a map by other names': [['map', (row) => columns.map((name) => row[name])]],
  'a column that there is not': [['map', (row) => (row as unknown as Record<string, null>).regoin ?? 'none']],
  'a map of whole rows': [['map', (row) => ({ ...row, keys: Object.keys(row), has: 'city' in row, no: 'x' in row })]],
  'a map to JSON': [['map', (row) => JSON.stringify(row)]],
  'a flatMap': [['flatMap', (row) => [row.city, row.note]]],
  filters: [
    ['filter', (row) => (row.price ?? 0) > 300],
    ['filter', (row) => row.city !== null],
  ],
  'a filter and a map': [
    ['filter', (row) => row.note !== null],
    ['map', (row) => row.price],
  ],
  'a filter and a map of whole rows': [
    ['filter', ({ price }) => price !== null],
    ['map', (row) => Object.values(row)],
  ],
  'a filter that changes what it reads, and whole rows': [
    ['filter', (row) => row.at === null || row.at.setUTCFullYear(2000) > 0],
    ['map', (row) => [row.at, Object.values(row)]],
  ],
  'a filter of whole rows, and one by name': [
    ['filter', (row) => Object.keys(row).length === 7],
    ['filter', (row) => row.day !== null],
  ],
  'a filter and keys': [
    ['filter', (row) => row.id % 3 === 0],
    ['keyBy', (row) => row.city],
  ],
  'rows that are changed': [
    ['map', (row) => Object.assign(row, sum)],
    ['filter', (row) => row.price === 0],
  ],
}

/** The same on arrays. */
export function applied(all: readonly unknown[], steps: readonly Step[]): unknown[] {
  return steps.reduce<unknown[]>(
    (list, [op, fn]) => {
      const call = fn as (element: unknown) => unknown
      if (op === 'filter') return list.filter((one) => call(one))
      if (op === 'flatMap') return list.flatMap((one) => call(one))
      return list.map((one) => (op === 'keyBy' ? [call(one), one] : call(one)))
    },
    [...all],
  )
}

export const made = Object.fromEntries(
  Object.entries(chains).map(([name, steps]) => {
    const add = (collection: Collection<unknown>, [op, fn]: Step) =>
      (collection[op] as (fn: Step[1]) => Collection<unknown>)(fn)
    return [name, steps.reduce(add, table.rows() as Collection<unknown>)]
  }),
)

export const counted = table.rows().filter((row) => (row.price ?? 0) > 300)
const withBig = table.rows().filter((row) => row.id >= 0)
/** Of a row with a number that JavaScript does not hold. */
export const unheld = {
  'where it is not read': table.rows().map((row) => row.id),
  'in a map by name': table.rows().map((row) => row.big),
  'in a whole row': table.rows().map((row) => ({ ...row })),
  'in rows themselves': table.rows(),
  'after a filter by name': withBig,
}

const stored = read.parquet(join(folder, 'stored.parquet'), { schema: { id: int(), note: string() } })
export const parquet = {
  'a column by name': stored.rows().map((row) => row.id),
  'no column': stored.rows().map((_row) => 1),
  'a column of a condition': stored
    .filter((c) => c.note.eq('none').not())
    .rows()
    .map((row) => row.id),
  'all columns': stored.rows().map((row) => Object.keys(row).length),
}
/** What they are of. */
export const toStore = table.select('id', 'note').filter((c) => c.note.isNotNull())

const names = ['id', 'constructor'] as const
/** A column whose name objects of classes have, too. */
export const hostile = read(csv({ schema: { id: int(), constructor: string() } }), join(folder, 'hostile.csv'))
  .rows()
  .map((row) => names.map((name) => row[name]))

/** Notes are null in some rows, against the schema. */
export const strict = read(parquetOf({ schema: { id: int(), note: string() } }), join(folder, 'strict.parquet'))
  .rows()
  .map((row) => row.id)
