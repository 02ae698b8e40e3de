import { csv, defineJob, json, jsonl, long, mapReduce, string } from 'runjob'

/** What a map sees of a row, in every way that JavaScript has. */
export function viewsOf(row: Readonly<Record<string, string>>): Record<string, unknown> {
  const [first = ''] = Object.keys(row)
  const { [first]: taken, ...rest } = row
  const forIn: string[] = []
  for (const name in row) forIn.push(name)
  return {
    keys: Object.keys(row),
    values: Object.values(row),
    entries: Object.entries(row),
    spread: Object.entries({ ...row, added: 'x' }),
    rest: Object.entries(rest),
    taken,
    assigned: Object.entries(Object.assign({}, row)),
    forIn,
    cloned: Object.entries(structuredClone(row) as object),
    json: JSON.stringify(row),
    has: [first in row, Object.hasOwn(row, first), 'no such column' in row, Object.hasOwn(row, 'no such column')],
    plain: [Object.prototype.toString.call(row), row instanceof Object],
  }
}

/** The views of each row, and the value of each column by name. */
export const views = defineJob({
  name: 'views',
  input: csv(),
  key: string(),
  value: json<unknown>(),
  map: (row, emit) => emit('views', { ...viewsOf(row), byName: Object.keys(row).map((name) => row[name]) }),
  output: jsonl(),
})

const columns = { type: 'string', default: '', describe: 'names, with a bar between them' } as const
const listed = (names: string) => (names === '' ? undefined : names.split('|'))

/** One column of each row: of rows that a map reads by name, and of rows that go to another function first. */
export const reading = defineJob({
  name: 'reading',
  params: {
    column: { type: 'string', required: true, describe: 'its name' },
    columns,
    header: { type: 'boolean', default: true, describe: 'of csv()' },
    late: { type: 'boolean', default: true, describe: 'whether the map only reads the row’s fields' },
  },
  define: ({ column, columns, header, late }) => {
    const names = listed(columns)
    return mapReduce({
      input: names ? csv({ header, columns: names }) : csv({ header }),
      key: string(),
      value: json<string | undefined>(),
      map: late ? (row, emit) => emit(column, row[column]) : (row, emit) => emit(column, fieldOf(row, column)),
      output: jsonl(),
    })
  },
})

function fieldOf(row: Readonly<Record<string, string>>, column: string): string | undefined {
  return row[column]
}

/** The whole row under `key`, as a plain object. */
export const objects = defineJob({
  name: 'objects',
  params: { columns },
  define: ({ columns }) => {
    const names = listed(columns)
    return mapReduce({
      input: names ? csv({ header: true, columns: names }) : csv(),
      key: string(),
      value: json<Record<string, string>>(),
      map: (row, emit) => emit('row', { ...row }),
      output: jsonl(),
    })
  },
})

/** The column that each row names. */
export const asking = defineJob({
  name: 'asking',
  params: { late: { type: 'boolean', required: true, describe: 'as above' } },
  define: ({ late }) =>
    mapReduce({
      input: csv(),
      key: string(),
      value: json<string | undefined>(),
      map: late
        ? (row, emit) => emit('asked', row[row.column!])
        : (row, emit) => emit('asked', fieldOf(row, row.column!)),
      output: jsonl(),
    }),
})

const prototypes = new Map<string, Set<unknown>>()

/** How many prototypes rows have had. @param job for which */
function prototypesSeen(job: string, row: object): number {
  const seen = prototypes.get(job) ?? new Set()
  prototypes.set(job, seen.add(Object.getPrototypeOf(row)))
  return seen.size
}

/** How many prototypes the rows of a thread have had so far: of text, and of types. */
export const counted = {
  text: defineJob({
    name: 'prototypes-text',
    input: csv(),
    key: string(),
    value: json<number>(),
    map: (row, emit) => emit(row.a!, prototypesSeen('text', row)),
    output: jsonl(),
  }),
  types: defineJob({
    name: 'prototypes-types',
    input: csv({ schema: { a: long() } }),
    key: string(),
    value: json<number>(),
    map: (row, emit) => emit(String(row.a), prototypesSeen('types', row)),
    output: jsonl(),
  }),
}
