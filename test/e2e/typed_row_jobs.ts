/** Jobs for typed_rows.test.ts: maps of rows with types. */
import {
  binary,
  boolean,
  csv,
  date,
  decimal,
  defineJob,
  double,
  int,
  json,
  jsonl,
  list,
  long,
  nullable,
  string,
  struct,
  sum,
  timestamp,
  timestampNtz,
} from 'runjob'

export const FLAT = {
  id: int(),
  name: nullable(string()),
  flag: nullable(boolean()),
  n: nullable(long()),
  exact: nullable(long({ js: 'bigint' })),
  x: nullable(double()),
  price: nullable(decimal(12, 2)),
  wide: nullable(decimal(38, 3)),
  day: nullable(date()),
  at: nullable(timestamp()),
  micros: nullable(timestamp({ js: 'micros' })),
  local: nullable(timestampNtz()),
  bytes: nullable(binary()),
}

export const NESTED = {
  id: int(),
  tags: nullable(list(nullable(string()))),
  place: nullable(struct({ x: nullable(double()), city: string(), ids: list(long()) })),
}

/** A value as text that shows its type. */
export function shown(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return `${part}n`
    if (part === undefined) return 'undefined'
    return part
  })
}

const HEAD = { key: string(), value: string() }

/** Uses its rows as a whole. */
export const wholeCsv = defineJob({
  ...HEAD,
  name: 'whole-csv',
  input: csv({ schema: FLAT }),
  map: (row, emit) => emit(String(row.id), shown({ ...row, at: row.at?.toISOString() ?? null })),
})

export const wholeJson = defineJob({
  ...HEAD,
  name: 'whole-json',
  input: jsonl({ schema: FLAT }),
  map: (row, emit) => emit(String(row.id), shown({ ...row, at: row.at?.toISOString() ?? null })),
})

/** Read columns by their names only. */
export const namedCsv = defineJob({
  ...HEAD,
  name: 'named-csv',
  input: csv({ schema: FLAT }),
  map: (row, emit) =>
    emit(
      String(row.id),
      shown([
        row.name,
        row.flag,
        row.exact,
        row.x,
        row.price,
        row.wide,
        row.day,
        row.at,
        row.micros,
        row.local,
        row.bytes,
      ]),
    ),
})

export const namedJson = defineJob({
  ...HEAD,
  name: 'named-json',
  input: jsonl({ schema: FLAT }),
  map: (row, emit) =>
    emit(
      String(row.id),
      shown([
        row.name,
        row.flag,
        row.exact,
        row.x,
        row.price,
        row.wide,
        row.day,
        row.at,
        row.micros,
        row.local,
        row.bytes,
      ]),
    ),
})

export const nested = defineJob({
  ...HEAD,
  name: 'nested',
  input: jsonl({ schema: NESTED }),
  map: (row, emit) => emit(String(row.id), shown([row.tags, row.place])),
})

/** Counts numbers, of rows that it uses as a whole or by name; throws for one name. */
const SALES = { region: string(), amount: nullable(long()), year: int() }

export const wholeSales = defineJob({
  name: 'whole-sales',
  input: csv({ schema: SALES }),
  map(row, emit) {
    const all = { ...row }
    if (all.region === 'throws') throw new Error('a region that throws')
    emit(all.region, all.amount ?? 0)
  },
  reduce: sum(),
})

export const sales = defineJob({
  name: 'sales',
  input: csv({ schema: SALES }),
  map(row, emit) {
    if (row.region === 'throws') throw new Error('a region that throws')
    emit(row.region, row.amount ?? 0)
  },
  reduce: sum(),
})

export const jsonSales = defineJob({
  name: 'json-sales',
  input: jsonl({ schema: SALES }),
  map(row, emit) {
    if (row.region === 'throws') throw new Error('a region that throws')
    emit(row.region, row.amount ?? 0)
  },
  reduce: sum(),
})

export const regionsOnly = defineJob({
  name: 'regions-only',
  input: csv({ schema: SALES }),
  map: (row, emit) => emit(row.region, 1),
  reduce: sum(),
})

export const headless = defineJob({
  name: 'headless',
  input: csv({ schema: SALES, header: false }),
  map: (row, emit) => emit(row.region, row.amount ?? 0),
  reduce: sum(),
})

export const renamed = defineJob({
  name: 'renamed',
  input: csv({ schema: SALES, columns: ['year', 'other', 'amount', 'region'] }),
  map: (row, emit) => emit(row.region, row.amount ?? 0),
  reduce: sum(),
})

export const dialect = defineJob({
  name: 'dialect',
  input: csv({ schema: { region: string(), x: nullable(double()) }, delimiter: ';', decimal: ',', missing: ['NA'] }),
  value: json<(number | null)[]>(),
  map: (row, emit) => emit(row.region, [row.x]),
})

export const misspelt = defineJob({
  name: 'misspelt',
  input: jsonl({ schema: SALES }),
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript refuses it
  map: (row: any, emit) => emit(row.regoin, 1),
  reduce: sum(),
})

export const unsafeName = defineJob({
  name: 'unsafe-name',
  input: jsonl({ schema: { ['__proto__']: int(), constructor: string(), 'a b': nullable(int()) } }),
  key: string(),
  value: string(),
  map(row, emit) {
    const all = row
    emit(Object.keys(all).join(), JSON.stringify(all))
  },
})

export const twoInputs = defineJob({
  name: 'two-inputs',
  inputs: { sales: csv({ schema: SALES }), names: jsonl<{ region: string }>() },
  map: {
    sales: (row, emit) => emit(row.region, row.amount ?? 0),
    names: (value, emit) => emit(value.region, 1000),
  },
  reduce: sum(),
})
