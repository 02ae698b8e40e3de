/** Jobs through which values.test.ts sends values of every kind, each in another place. */
import {
  aggregate,
  bigint,
  byValue,
  count,
  csv,
  defineJob,
  distinct,
  fields,
  first,
  json,
  jsonl,
  last,
  mapReduce,
  max,
  mean,
  min,
  number,
  type Output,
  sorted,
  step,
  string,
  sum,
  take,
  text,
  topK,
  tsv,
  tuple,
} from 'runjob'

/** Values that a function may emit, by name. */
export const values: Record<string, unknown> = {
  one: 1,
  null: null,
  undefined: undefined,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
  text: '12',
  bigint: 12n,
}

const answers = aggregate({
  records: count(),
  count: count('x'),
  sum: sum('x'),
  mean: mean('x'),
  min: min('x'),
  max: max('x'),
  first: first('x'),
  last: last('x'),
  top: topK(2, 'x'),
})

const named = { key: string(), output: jsonl() }
const valueNamed = (line: string) => values[line] as number

/** Each line is the name of a value. */
export const places = {
  value: mapReduce({
    input: text(),
    ...named,
    value: number(),
    map: (line, emit) => emit(line, valueNamed(line)),
    reduce: sorted(),
  }),
  property: mapReduce({
    input: text(),
    ...named,
    value: json<{ x: number; one: number }>(),
    map: (line, emit) => emit(line, { x: valueNamed(line), one: 1 }),
    reduce: answers,
  }),
  presence: mapReduce({
    input: text(),
    ...named,
    value: json<{ x: number }>(),
    map: (line, emit) => emit(line, { x: valueNamed(line) }),
    reduce: aggregate({ count: count('x') }),
  }),
  key: mapReduce({
    input: text(),
    ...named,
    key: number(),
    value: string(),
    map: (line, emit) => emit(valueNamed(line), line),
    reduce: sorted(),
  }),
  tuple: mapReduce({
    input: text(),
    ...named,
    key: tuple(string(), number()),
    value: number(),
    map: (line, emit) => emit([line, valueNamed(line)], 1),
    reduce: sorted(),
  }),
  object: mapReduce({
    input: text(),
    ...named,
    value: json(),
    map: (line, emit) => emit(line, { x: values[line] }),
    reduce: sorted(),
  }),
  array: mapReduce({
    input: text(),
    ...named,
    value: json(),
    map: (line, emit) => emit(line, [values[line]]),
    reduce: sorted(),
  }),
  order: mapReduce({
    input: text(),
    ...named,
    value: string(),
    map: (line, emit) => emit('all', line),
    order: (line) => valueNamed(line),
    reduce(_, lines, emit) {
      for (const line of lines) emit('all', line)
    },
  }),
  write: mapReduce({
    input: text(),
    outputs: { side: tsv() },
    map: (line, _, ctx) => ctx.write('side', line, values[line]),
  }),
  counter: mapReduce({
    input: text(),
    map(line, _, ctx) {
      ctx.count(line, valueNamed(line))
    },
  }),
  outValue: mapReduce({
    input: text(),
    ...named,
    value: string(),
    map: (line, emit) => emit(line, line),
    outValue: number(),
    reduce(line, _, emit) {
      emit(line, valueNamed(line))
    },
  }),
}

export const placed = defineJob({
  name: 'placed',
  params: { place: { type: 'string', required: true, describe: 'where the value goes' } },
  define: ({ place }) => places[place as keyof typeof places] as never,
})

const table = csv({ missing: ['NA'] })

/** How a column `x` of CSV, or a property of JSON, comes to the same aggregates. */
const readers = {
  native: mapReduce({ input: table, map: fields({ key: 'k' }), reduce: answers, output: jsonl() }),
  rows: mapReduce({
    input: table,
    key: string(),
    value: json<{ x: number }>(),
    map: ({ k, x }, emit) => emit(k!, { x: Number(x) }),
    reduce: answers,
    output: jsonl(),
  }),
  jsonl: mapReduce({
    input: jsonl<{ k: string; x?: number | null }>(),
    key: string(),
    value: json<{ x?: number | null | undefined }>(),
    map: ({ k, x }, emit) => emit(k, { x }),
    reduce: answers,
    output: jsonl(),
  }),
}

export const read = defineJob({
  name: 'read',
  params: { by: { type: 'string', required: true, describe: 'reader' } },
  define: ({ by }) => readers[by as keyof typeof readers] as never,
})

const textAnswers = aggregate({
  count: count('x'),
  distinct: distinct('x'),
  first: first('x', { as: string() }),
  max: max('x', { as: string() }),
  top: topK(2, 'x', { as: string() }),
})
const reduced = { key: string(), value: json<{ x: string | null }>(), reduce: textAnswers, output: jsonl() }

/** Text in a column: from native operators, and from a map that emits a missing value unchanged or as null. */
const texts = {
  native: mapReduce({ input: table, map: fields({ key: 'k' }), reduce: textAnswers, output: jsonl() }),
  emitted: mapReduce({ ...reduced, input: table, map: ({ k, x }, emit) => emit(k!, { x: x! }) }),
  null: mapReduce({ ...reduced, input: table, map: ({ k, x }, emit) => emit(k!, { x: x || null }) }),
}

export const textual = defineJob({
  name: 'textual',
  params: { by: { type: 'string', required: true, describe: 'reader' } },
  define: ({ by }) => texts[by as keyof typeof texts] as never,
})

const formats: Record<string, Output> = { tsv: tsv(), csv: csv(), jsonl: jsonl() }

/** Smallest of each key, in every format. */
export const smallest = defineJob({
  name: 'smallest',
  params: { format: { type: 'string', required: true, describe: 'format' } },
  define: ({ format }) =>
    mapReduce({ input: table, map: fields({ key: 'k' }), reduce: min('x'), output: formats[format]! }),
})

interface Measured {
  k: string
  x: number | null
}

/** Records by value; those without a value come last. */
const byNumber = (name: string, descending: boolean) =>
  defineJob({
    name,
    input: jsonl<Measured>(),
    steps: [
      step({
        key: string(),
        value: number({ nullable: true }),
        map: ({ k, x }: Measured, emit) => emit(k, x),
        reduce: sorted(),
      }),
      step({ map: byValue({ descending }), reduce: take(9) }),
    ],
    output: jsonl(),
  })

export const smallestFirst = byNumber('smallest-first', false)
export const largestFirst = byNumber('largest-first', true)

/** What jsonl() reads, as text that distinguishes numbers and bigints. */
export const parsed = defineJob({
  name: 'parsed',
  params: { integers: { type: 'string', required: true, choices: ['error', 'bigint', 'number'], describe: 'option' } },
  define: ({ integers }) =>
    mapReduce({
      input: jsonl({ integers }),
      key: string(),
      value: string(),
      map: (value, emit) =>
        emit(
          JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)),
          'read',
        ),
      output: jsonl(),
    }),
})

/** Sums of bigints, which have no largest one. */
export const bigSum = defineJob({
  name: 'big-sum',
  input: jsonl<{ n: number | bigint }>({ integers: 'bigint' }),
  value: bigint(),
  map: ({ n }, emit) => emit('n', BigInt(n)),
  reduce: sum(),
  output: tsv(),
})

/** Reads a property that may not be there. */
export const priced = defineJob({
  name: 'priced',
  input: jsonl<{ price?: number }>(),
  key: string(),
  value: json<{ price?: number }>(),
  map: (row, emit) => emit('all', row),
  reduce: aggregate({ records: count(), total: sum('price') }),
  output: jsonl(),
})

/** A reduce function over sums. */
export const combined = defineJob({
  name: 'combined',
  input: text(),
  map: (line, emit) => emit('sum', Number(line)),
  combine: sum(),
  reduce(key, sums, emit) {
    for (const partial of sums) emit(key, partial)
  },
  output: jsonl(),
})
