/** Jobs for testing.test.ts, some of them wrong on purpose. */
import {
  aggregate,
  bigint,
  count,
  csv,
  defineJob,
  descending,
  fields,
  json,
  jsonl,
  lines,
  mapReduce,
  mean,
  number,
  step,
  string,
  sum,
  text,
  topK,
  tsv,
  tuple,
  unique,
  words,
} from 'runjob'

export const lengths = defineJob({
  name: 'lengths',
  params: { least: { type: 'integer', default: 1, describe: 'shortest word that counts' } },
  define: ({ least }) =>
    mapReduce({
      input: text(),
      key: number(),
      outKey: string(),
      map(line, emit, ctx) {
        for (const word of line.split(' ')) {
          if (word.length >= least) emit(word.length, 1)
          else ctx.count('short')
        }
      },
      combine: sum(),
      reduce(length, ones, emit) {
        let total = 0
        for (const one of ones) total += one
        emit(`${length}`, total)
      },
    }),
})

/** A combiner that averages averages. */
export const means = defineJob({
  name: 'means',
  input: csv({ columns: ['city', 'degrees'] }),
  map: ({ city, degrees }, emit) => emit(city, Number(degrees)),
  combine: average,
  reduce: average,
})

function average(key: string, values: Iterable<number>, emit: (key: string, value: number) => void): void {
  let total = 0
  let count = 0
  for (const value of values) {
    total += value
    count++
  }
  emit(key, total / count)
}

/** The same, right: sums and counts travel. */
export const rightMeans = defineJob({
  name: 'right-means',
  input: csv({ columns: ['city', 'degrees'] }),
  value: tuple(number(), number()),
  outValue: number(),
  map: ({ city, degrees }, emit) => emit(city, [Number(degrees), 1]),
  combine: (city, parts, emit) => emit(city, added(parts)),
  reduce(city, parts, emit) {
    const [total, count] = added(parts)
    emit(city, total / count)
  },
})

function added(parts: Iterable<[number, number]>): [number, number] {
  let [total, count] = [0, 0]
  for (const [more, n] of parts) {
    total += more
    count += n
  }
  return [total, count]
}

export const history = defineJob({
  name: 'history',
  input: jsonl<{ user: string; at: number; tags?: string[] }>(),
  value: json<{ at: number; tags?: string[] }>(),
  order: ({ at }) => descending(at),
  outputs: { untagged: tsv() },
  setup: async ({ params }) => ({ params, since: 10 }),
  map({ user, ...event }, emit, ctx) {
    if (event.at >= (ctx.state as { since: number }).since) emit(user, event)
  },
  reduce(user, events, emit, ctx) {
    for (const event of events) {
      if (event.tags) emit(user, event)
      else ctx.write('untagged', user, event.at)
    }
  },
})

export const chain = defineJob({
  name: 'chain',
  input: text(),
  steps: [
    step({ map: (line: string, emit) => emit(line, 1), reduce: sum() }),
    step({
      map: ([line, n]: [string, number], emit) => emit(line.slice(0, 1), n),
      reduce: (letter, counts, emit) => emit(letter.toUpperCase(), [...counts].length),
    }),
  ],
})

export const totals = defineJob({
  name: 'totals',
  input: jsonl<{ city: string; amount: number }>(),
  value: json<{ amount: number }>(),
  map: ({ city, amount }, emit) => emit(city, { amount }),
  reduce: aggregate({ total: sum('amount'), best: topK(2, 'amount'), orders: count() }),
})

export const perCity = defineJob({
  name: 'per-city',
  input: csv(),
  map: fields({ key: 'city' }),
  reduce: mean('price'),
})

export const bigs = defineJob({
  name: 'bigs',
  input: text(),
  value: bigint(),
  map: (line, emit) => emit('all', BigInt(line)),
  reduce: sum(),
})

export const distinctLines = defineJob({ name: 'distinct-lines', input: text(), map: lines(), reduce: unique() })

export const upper = defineJob({ name: 'upper', input: text(), map: (line, emit) => emit(line.toUpperCase(), 1) })

export const native = defineJob({ name: 'native', input: text(), map: words(), reduce: sum() })
