import { csv, defineJob, fields, join, json, jsonl, mapReduce, sorted, step, string, tsv } from 'runjob'

const type = {
  type: 'string',
  default: 'inner',
  choices: ['inner', 'left', 'right', 'full', 'semi', 'anti'],
  describe: 'of the join',
} as const

/** A join whose inputs and keys have names of their own. */
export const orders = defineJob({
  name: 'orders',
  inputNames: ['orders', 'customers'],
  params: { type },
  define: ({ type }) => ({
    inputs: { orders: csv(), customers: csv() },
    map: { orders: fields({ key: 'customer' }), customers: fields({ key: 'id' }) },
    reduce: join({ type }),
    output: csv(),
  }),
})

/** The same in formats that are not CSV with commas. */
export const formats = defineJob({
  name: 'formats',
  inputNames: ['left', 'right'],
  params: {
    format: { type: 'string', required: true, choices: ['tsv', 'jsonl', 'semicolons'], describe: 'of the output' },
  },
  define: ({ format }) => ({
    inputs: { left: csv(), right: csv() },
    map: { left: fields({ key: ['id', 'part'] }), right: fields({ key: ['id', 'part'] }) },
    reduce: join(),
    output: { tsv: tsv(), jsonl: jsonl(), semicolons: csv({ delimiter: ';' }) }[format],
  }),
})

/** What the map after a join is given. */
export const after = defineJob({
  name: 'after',
  inputNames: ['left', 'right'],
  params: { type },
  define: ({ type }) => ({
    inputs: { left: csv(), right: csv() },
    steps: [
      step({ map: { left: fields({ key: 'id' }), right: fields({ key: 'id' }) } as never, reduce: join({ type }) }),
      step({
        key: string(),
        value: json<string[]>(),
        map: ([id, row]: [string, string[]], emit) => emit(id, row),
        reduce: sorted(),
      }),
    ],
    output: jsonl(),
  }),
})

const byId = { left: fields({ key: 'id' }), right: fields({ key: 'id' }) }

export const descending = defineJob({
  name: 'descending',
  inputNames: ['left', 'right'],
  params: {},
  define: () => ({ inputs: { left: csv(), right: csv() }, map: byId, sort: 'descending' as const, reduce: join() }),
})

export const threeSides = defineJob({
  name: 'three-sides',
  inputNames: ['left', 'right', 'other'],
  params: {},
  define: () => ({
    inputs: { left: csv(), right: csv(), other: csv() },
    map: { ...byId, other: fields({ key: 'id' }) },
    reduce: join(),
  }),
})

export const unevenKeys = defineJob({
  name: 'uneven-keys',
  inputNames: ['left', 'right'],
  params: {},
  define: () => ({
    inputs: { left: csv(), right: csv() },
    map: { left: fields({ key: ['id', 'part'] }) as never, right: fields({ key: 'id' }) },
    reduce: join(),
  }),
})

export const keyTwice = defineJob({
  name: 'key-twice',
  params: { key: { type: 'string', required: true, describe: 'columns' } },
  define: ({ key }) =>
    mapReduce({
      inputs: { left: csv(), right: csv() },
      map: { left: fields({ key: key.split('|') }), right: fields({ key: key.split('|') }) },
      reduce: join(),
    }),
})
