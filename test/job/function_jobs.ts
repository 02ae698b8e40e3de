/** Jobs with functions of their own, for functions.test.ts. Workers import this module. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import {
  aggregate,
  bigint,
  bytes,
  byValue,
  type Codec,
  count,
  csv,
  defineJob,
  descending,
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
  step,
  string,
  sum,
  take,
  text,
  topK,
  tuple,
} from 'runjob'

const splitWords = (line: string) => line.split(' ').filter(Boolean)

type EmitCount = (word: string, count: number) => void

function emitWords(line: string, emit: EmitCount): void {
  for (const word of splitWords(line)) emit(word, 1)
}

function emitTotal(word: string, counts: Iterable<number>, emit: EmitCount): void {
  let total = 0
  for (const count of counts) total += count
  emit(word, total)
}

/** Counts words, in each way that a job may combine. */
const counting = { input: text(), map: emitWords, reduce: emitTotal }

export const mapAndReduce = defineJob({ name: 'map-and-reduce', ...counting })
export const nativeCombine = defineJob({ name: 'native-combine', ...counting, combine: sum() })
export const userCombine = defineJob({
  name: 'user-combine',
  ...counting,
  combine(word, counts, emit, ctx) {
    emitTotal(word, counts, (_, total) => {
      ctx.count('combined', total)
      emit(word, total)
    })
  },
})

/** Values of a key in the order in which they arrive. */
export const inOrder = defineJob({
  name: 'in-order',
  input: text(),
  value: string(),
  map(line, emit, ctx) {
    const [key = '', value = ''] = line.split(' ')
    emit(key, `${basename(ctx.inputPath)}:${value}`)
  },
  reduce(key, values, emit) {
    emit(key, [...values].join(' '))
  },
})

export const wrongCombine = defineJob({
  name: 'wrong-combine',
  input: text(),
  map: (line, emit) => emit(line, 1),
  combine: (key, _, emit) => emit(`${key}!`, 1),
  reduce: (key, _, emit) => emit(key, 1),
})

/** A line is an index into a list of keys or values: the types travel, not their text. */
function keyJob<K>(name: string, key: Codec<K>, keys: readonly K[]) {
  return defineJob({
    name,
    input: text(),
    key,
    value: string(),
    map: (line, emit) => emit(keys[Number(line)]!, line),
    reduce: (own, lines, emit) => emit(own, [...lines].join(' ')),
    output: jsonl(),
  })
}

function valueJob<V>(name: string, value: Codec<V>, values: readonly V[]) {
  return defineJob({
    name,
    input: text(),
    key: number(),
    value,
    map: (line, emit) => emit(Number(line), values[Number(line)]!),
    reduce(index, own, emit) {
      for (const one of own) emit(index, one)
    },
    output: jsonl(),
  })
}

/** Samples of every codec, ascending as keys. */
export const SAMPLES = {
  string: ['', '\0', '\0\0', '\t', '\n', ' ', '"', 'A', 'B', 'a', 'a\0', 'a\0b', 'aa', 'b', 'é', '中', '\uffff', '😀'],
  number: [
    ...[-1.7976931348623157e308, -1e21, -2, -1, -5e-324, 0, 5e-324, 2.5e-308, 0.1, 1, 1.5, 2, 10, 1e21],
    1.7976931348623157e308,
  ],
  bigint: [
    -(2n ** 70n),
    -(2n ** 64n),
    -256n,
    -255n,
    -2n,
    -1n,
    0n,
    1n,
    2n,
    127n,
    128n,
    255n,
    256n,
    2n ** 64n,
    2n ** 70n,
  ],
  bytes: [[], [0], [0, 0], [0, 1], [0, 255], [1], [1, 0], [128], [255], [255, 255]].map((part) =>
    Uint8Array.from(part),
  ),
  tuple: [
    ...[
      ['', -1],
      ['', 2],
      ['\0', 0],
      ['\0a', 0],
      ['a', -5],
      ['a', 7],
      ['a\0', -9],
      ['a\0b', 0],
      ['ab', -9],
      ['b', 0],
    ],
  ] as [string, number][],
  json: [[1, 'x'], [2], 'text', 1, { a: 1, b: [null, true] }, { b: {} }] as unknown[],
}

export const KEY_JOBS = {
  string: keyJob('key-string', string(), SAMPLES.string),
  number: keyJob('key-number', number(), SAMPLES.number),
  bigint: keyJob('key-bigint', bigint(), SAMPLES.bigint),
  bytes: keyJob('key-bytes', bytes(), SAMPLES.bytes),
  tuple: keyJob('key-tuple', tuple(string(), number()), SAMPLES.tuple),
}

export const VALUE_JOBS = {
  string: valueJob('value-string', string(), SAMPLES.string),
  number: valueJob('value-number', number(), [...SAMPLES.number, null] as number[]),
  bigint: valueJob('value-bigint', bigint(), SAMPLES.bigint),
  bytes: valueJob('value-bytes', bytes(), SAMPLES.bytes),
  tuple: valueJob('value-tuple', tuple(string(), number()), SAMPLES.tuple),
  json: valueJob('value-json', json(), SAMPLES.json),
}

/** Objects that differ in the order of their properties are one key. */
export const jsonKeys = defineJob({
  name: 'key-json',
  input: text(),
  key: json<{ a: number; b: number }>(),
  map(line, emit) {
    const n = Number(line)
    emit(n % 2 ? { a: n % 3, b: 1 } : { b: 1, a: n % 3 }, 1)
  },
  reduce: sum(),
  output: jsonl(),
})

export const bigSum = defineJob({
  name: 'big-sum',
  input: text(),
  value: bigint(),
  map: (line, emit) => emit(line.slice(0, 1), BigInt(line.slice(1))),
  reduce: sum(),
})

export const byLength = defineJob({
  name: 'by-length',
  params: { wrong: { type: 'integer', describe: 'What the partition function returns instead' } },
  define: ({ wrong }) =>
    mapReduce({
      input: text(),
      key: number(),
      map: (line, emit) => emit(line.length, 1),
      partition: (length, partitions) => wrong ?? length % partitions,
      reduce: sum(),
    }),
})

/** Events `user time what`: by time, latest first; equal times by name. */
export const latestFirst = defineJob({
  name: 'latest-first',
  input: text(),
  value: tuple(number(), string()),
  map(line, emit) {
    const [user = '', time, what = ''] = line.split(' ')
    emit(user, [Number(time), what])
  },
  order: ([time, what]) => [descending(time), what],
  outValue: string(),
  reduce(user, events, emit) {
    emit(user, [...events].map(([time, what]) => `${what}@${time}`).join(' '))
  },
})

/** Orders by what the line says: every type that an order may have. */
export const orderTypes = defineJob({
  name: 'order-types',
  params: {
    type: {
      type: 'string',
      default: 'string',
      describe: 'Type of the order',
      choices: ['string', 'bigint', 'boolean', 'bytes'],
    },
  },
  define: ({ type }) =>
    mapReduce({
      input: text(),
      value: string(),
      map: (line, emit) => emit('all', line),
      order: (value) =>
        type === 'bigint'
          ? BigInt(value)
          : type === 'boolean'
            ? value > '5'
            : type === 'bytes'
              ? Buffer.from(value)
              : value,
      reduce: (key, values, emit) => emit(key, [...values].join(' ')),
    }),
})

/** Keeps all values of a key, and looks at them when there are no more. */
export const keptBytes = defineJob({
  name: 'kept-bytes',
  input: text(),
  value: bytes(),
  map: (line, emit) => emit('all', Buffer.from(line)),
  outValue: string(),
  reduce(key, values, emit) {
    const kept = [...values]
    emit(key, kept.map((value) => Buffer.from(value).toString()).join(' '))
  },
})

export const withParams = defineJob({
  name: 'with-params',
  params: {
    factor: { type: 'number', required: true, describe: 'Multiplies' },
    label: { type: 'string', default: 'n', describe: 'Key' },
    skip: { type: 'boolean', default: false, describe: 'Emit nothing' },
  },
  define: ({ factor, label, skip }) =>
    mapReduce({
      input: text(),
      map(line, emit, ctx) {
        if (!skip) emit(label, Number(line) * factor + Number(ctx.params.factor) - factor)
      },
      reduce: sum(),
    }),
})

/** What setup returns is there in every function; teardown gets it back. */
export const withState = defineJob({
  name: 'with-state',
  params: {
    log: { type: 'string', required: true, describe: 'File that teardown appends to' },
    stop: { type: 'string', required: true, describe: 'Side file' },
  },
  define: ({ log, stop }) =>
    mapReduce({
      input: text(),
      files: { stop },
      async setup({ files, params }) {
        await Promise.resolve()
        return { stop: new Set(readFileSync(files.stop!, 'utf8').split('\n')), lines: 0, log: params.log as string }
      },
      map(line, emit, ctx) {
        const state = ctx.state as { stop: Set<string>; lines: number }
        state.lines++
        for (const word of splitWords(line)) {
          if (state.stop.has(word)) ctx.count('stopped')
          else emit(word, 1)
        }
      },
      reduce: sum(),
      teardown(state) {
        writeFileSync(log, `${(state as { lines: number }).lines}\n`, { flag: 'a' })
      },
    }),
})

export const withCounters = defineJob({
  name: 'with-counters',
  input: text(),
  map(line, emit, ctx) {
    ctx.count('lines')
    ctx.count('letters', line.length)
    emit(line, 1)
  },
  reduce(line, ones, emit, ctx) {
    ctx.count('groups')
    for (const _ of ones) ctx.count('values')
    emit(line, 1)
  },
})

/** One number a line: the even ones, and the odd ones beside them. */
export const evenAndOdd = defineJob({
  name: 'even-and-odd',
  params: { rest: { type: 'string', default: 'odd', describe: 'Named output that odd numbers go to' } },
  define: ({ rest }) =>
    mapReduce({
      input: text(),
      key: number(),
      map: (line, emit) => emit(Number(line), 1),
      reduce(n, ones, emit, ctx) {
        if (n % 2 === 0) emit(n, [...ones].length)
        else ctx.write(rest, n, { times: [...ones].length })
      },
      outputs: { odd: jsonl(), 'as-text': text({ gzip: true }) },
    }),
})

/** Without a reduce: parts in the order of the splits. */
export const mapOnly = defineJob({
  name: 'map-only',
  input: text(),
  value: string(),
  map(line, emit, ctx) {
    if (line.startsWith('!')) ctx.write('loud', line)
    else emit('', line.toUpperCase())
  },
  output: text(),
  outputs: { loud: text() },
})

/** Words -> how often each -> how many words occur that often -> the two most common of those, with ties by key. */
export const chain = defineJob({
  name: 'chain',
  input: text(),
  steps: (first) =>
    first
      .step({ map: emitWords, reduce: sum() })
      .step({
        key: string(),
        map([, times], emit) {
          emit(`${times}x`, 1)
        },
        combine: sum(),
        reduce: emitTotal,
      })
      .step({ map: byValue({ descending: true }), reduce: take(2) }),
})

export const bestTeams = defineJob({
  name: 'best-teams',
  input: csv(),
  steps: [
    step({
      map: fields({ key: 'team' }),
      reduce: aggregate({ from: min('name', { as: string() }), total: sum('points') }),
    }),
    step({ map: byValue({ descending: true }), reduce: take(2) }),
  ],
})

/** A later step without a map passes records on; its keys are of another type than the first step's. */
export const passOn = defineJob({
  name: 'pass-on',
  input: text(),
  steps: [
    step({
      value: number(),
      map: (line: string, emit) => emit(line.slice(0, 1), line.length),
      reduce(_, lengths, emit) {
        for (const length of lengths) emit(length, 1)
      },
      outKey: number(),
    }),
    step({ key: number(), reduce: sum() }),
  ],
})

export const namedInEarlyStep = defineJob({
  name: 'named-in-early-step',
  input: text(),
  outputs: { rest: text() },
  steps: [
    step({
      map(line: string, emit, ctx) {
        ctx.write('rest', line)
        emit(line, 1)
      },
      reduce: sum(),
    }),
    step({ map: byValue(), reduce: take(1) }),
  ],
})

/** How a reduce reads its values. */
export const reading = defineJob({
  name: 'reading',
  params: { how: { type: 'string', required: true, describe: 'none, first, twice, or kept for the next group' } },
  define: ({ how }) =>
    mapReduce({
      input: text(),
      map: (line, emit) => emit(line.slice(0, 1), Number(line.slice(1))),
      reduce(key, values, emit) {
        if (how === 'none') emit(key, -1)
        if (how === 'first') for (const value of values) return emit(key, value)
        if (how === 'twice') emit(key, [...values].length + [...values].length)
        if (how === 'kept' && kept) emit(key, [...kept].length)
        kept = values
      },
    }),
})
let kept: Iterable<number> | undefined

/** Keys and values of `size` bytes. */
export const large = defineJob({
  name: 'large',
  params: { size: { type: 'integer', required: true, describe: 'Bytes' } },
  define: ({ size }) =>
    mapReduce({
      input: text(),
      value: string(),
      map(line, emit) {
        emit(`key ${line} `.padEnd(size, 'k'), `value ${line} `.padEnd(size, 'é'))
        emit('small', line)
      },
      outKey: string(),
      outValue: json<number[]>(),
      reduce(key, values, emit) {
        for (const value of values) emit(key.slice(0, 6), [key.length, value.length])
      },
    }),
})

export const emitting = defineJob({
  name: 'emitting',
  params: { what: { type: 'string', required: true, describe: 'What goes wrong' } },
  define: ({ what }) =>
    mapReduce({
      input: text(),
      key: (what === 'number key'
        ? number()
        : what === 'tuple'
          ? tuple(string(), number())
          : string()) as Codec<unknown>,
      value: (what === 'bigint' ? bigint() : number()) as Codec<unknown>,
      map(line, emit) {
        const wrong: Record<string, [unknown, unknown]> = {
          key: [1, 1],
          'number key': [Number.NaN, 1],
          tuple: [['a'], 1],
          value: ['a', '1'],
          missing: ['a', undefined],
          bigint: ['a', 1],
        }
        emit(...((wrong[what] as [unknown, unknown] | undefined) ?? [line, 1]))
      },
      order: what === 'order' ? () => undefined as unknown as string : undefined!,
      reduce: (key, _, emit) => emit(what === 'reduce' ? 7 : key, 1),
    }),
})

export const promising = defineJob({
  name: 'promising',
  params: { who: { type: 'string', required: true, describe: 'map, combine or reduce' } },
  define: ({ who }) => {
    const late = (role: string) => (role === who ? Promise.reject(new Error('late')) : undefined) as undefined
    return mapReduce({
      input: text(),
      map(line, emit) {
        emit(line, 1)
        return late('map')
      },
      combine(key, _, emit) {
        emit(key, 1)
        return late('combine')
      },
      reduce(key, _, emit) {
        emit(key, 1)
        return late('reduce')
      },
    })
  },
})

export const throwing = defineJob({
  name: 'throwing',
  params: {
    who: { type: 'string', required: true, describe: 'Which function throws' },
    what: { type: 'string', default: 'error', describe: 'error or text' },
  },
  define: ({ who, what }) => {
    const fail = (role: string) => {
      if (role !== who) return
      if (what === 'text') throw 'just text'
      throw new TypeError(`${role} went wrong`)
    }
    return mapReduce({
      input: text(),
      setup: () => fail('setup'),
      teardown: () => fail('teardown'),
      map(line, emit) {
        if (line === 'bad') fail('map')
        emit(line, 1)
      },
      combine(key, ones, emit) {
        fail('combine')
        for (const one of ones) emit(key, one)
      },
      partition() {
        fail('partition')
        return 0
      },
      reduce(key, _, emit) {
        fail('reduce')
        emit(key, 1)
      },
    })
  },
})

export const nativeAggregates = defineJob({
  name: 'native-aggregates',
  input: csv<'team' | 'name' | 'points'>(),
  value: json<{ name: string; points: number | null }>(),
  map: (row, emit) => emit(row.team, { name: row.name, points: row.points === '' ? null : Number(row.points) }),
  reduce: aggregate({
    rows: count(),
    known: count('points'),
    total: sum('points'),
    low: min('points'),
    mean: mean('points'),
    high: max('points'),
    first: first('name', { as: string() }),
    last: last('name', { as: string() }),
    least: min('name', { as: string() }),
    best: topK(2, 'points'),
    names: distinct('name'),
  }),
  output: jsonl(),
})
