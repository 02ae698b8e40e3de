/** Groups of rows, through partial tables of any size and runs, against plain TypeScript. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, describe, expect, it } from 'vitest'
import { decompressPage } from '../../dist/src/io/format/parquet/codec.js'
import { readFooter } from '../../dist/src/io/format/parquet/footer.js'
import { ParquetProgram } from '../../dist/src/io/format/parquet/program.js'
import { fromNative, kernels } from '../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { Expression } from '../../dist/src/plan/expression.js'
import { hasCompositeKeys } from '../../dist/src/plan/groups.js'
import type { GroupFn, GroupValue } from '../../dist/src/plan/plan.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { parquetBytes, parquetFile } from '../helpers/parquet.js'
import { Random } from '../helpers/random.js'
import { exactly, rounded } from '../helpers/rational.js'
import { batchOf, readAll } from './helpers.js'

const folder = mkdtempSync(join(tmpdir(), 'runjob-groups-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const decimal = (precision: number, scale: number): Type => ({ type: 'decimal', precision, scale })
const listOf = (element: Type): Type => ({ type: 'array', element, containsNull: false })
const column = (name: string, type: Type): Column => ({ name, type, nullable: true })

const COLUMNS: Column[] = [
  column('word', 'string'),
  column('day', 'date'),
  column('flag', 'boolean'),
  column('int', 'integer'),
  column('long', 'long'),
  column('double', 'double'),
  column('double2', 'double'),
  column('narrow', decimal(10, 2)),
  column('wide', decimal(38, 3)),
  column('text', 'string'),
  column('bytes', 'binary'),
  column('time', 'timestamp'),
  column('list', { type: 'array', element: 'double', containsNull: true }),
]
const NAMES = COLUMNS.map(({ name }) => name)
const typeOf = (name: string) => COLUMNS.find((one) => one.name === name)!.type

const reference = (name: string): Expression => ({ op: 'column', name, type: typeOf(name), nullable: true })
const literal = (value: number | boolean): Expression => ({
  op: 'literal',
  value,
  type: typeof value === 'number' ? 'integer' : 'boolean',
})

function value(fn: GroupFn, result: Type, ...args: (string | number | boolean | number[])[]): GroupValue {
  const name = [fn, ...args].join(' ')
  return {
    column: column(name, result),
    fn,
    args: args.map((arg) =>
      typeof arg === 'string' ? reference(arg) : Array.isArray(arg) ? array(arg.map(literal)) : literal(arg),
    ),
  }
}

const array = (args: Expression[]): Expression => ({
  op: 'call',
  fn: 'array',
  args,
  type: listOf('double'),
  nullable: false,
})

interface Run {
  /** Of each partial table; 0: each batch gives its states away. */
  memoryBytes?: number
  /** Rows go through so many pipelines, one after another, each with its run. */
  parts?: number
  /** Rows in a batch. */
  batchRows?: number
}

let runs = 0

function grouped(rows: Row[], by: string[], values: GroupValue[], options: Run = {}): Row[] {
  const { memoryBytes = 1 << 24, parts = 1, batchRows = 2048 } = options
  const paths: string[] = []
  const size = Math.ceil(rows.length / parts)
  for (let part = 0; part < parts; part++) {
    const collector = kernels.createCollector({
      mode: 'append',
      aggregates: [],
      layout: ['bytes'],
      partitionBy: 'hash',
      partitions: 1,
      prefixGrouping: hasCompositeKeys(values),
    })
    const table = kernels.createPipeline(
      pipelineProgram({
        source: { kind: 'batches', columns: COLUMNS },
        operators: [],
        end: { kind: 'groups', by, values },
      }),
      collector,
      { memoryBytes },
    )
    const own = rows.slice(part * size, (part + 1) * size)
    for (let i = 0; i < own.length; i += batchRows) table.addRows(encodeRows(own.slice(i, i + batchRows), COLUMNS))
    table.finish()
    const path = join(folder, `${runs++}.run`)
    collector.spill(path, '{}')
    collector.close()
    table.close()
    paths.push(path)
  }
  const keys = by.map((name) => column(name, typeOf(name)))
  const groups = kernels.createPipeline(
    pipelineProgram({ source: { kind: 'groups', by: keys, values }, operators: [], end: { kind: 'rows' } }),
    null,
    { memoryBytes: 1 << 20 },
  )
  const cursor = kernels.openRuns(paths, 0, { descending: false })
  while (groups.drain(cursor, 1 + Math.floor(rows.length / 3)) > 0);
  groups.finish()
  return decodeRows(groups.takeOutput(), [...keys, ...values.map((one) => one.column)])
}

function randomRow(random: Random, tame: boolean): Row {
  const text = () => random.pick(['', 'a', '\0', 'a\0b', 'zz', 'more than twelve bytes', 'é'.repeat(40)])
  const double = () =>
    tame
      ? random.pick([0.1, 0.2, -0.3, 1e15, 1 / 3, 5e-324, 1e-200])
      : random.pick([0, -0, 1.5, 0.1, -1e300, 1e300, 5e-324, Number.NaN, Infinity, -Infinity])
  const row: Row = {
    word: random.pick(['x', 'y', '', 'a long key, of more than fifteen bytes', '\0']),
    day: random.pick(['1970-01-01', '0001-01-01', '9999-12-31']),
    flag: random.pick([true, false]),
    int: random.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]),
    long: random.pick([0, -1, 2 ** 40, -(2 ** 42)]),
    double: double(),
    double2: double(),
    narrow: random.pick(['0.00', '-0.01', '99999999.99', '0.05']),
    wide: random.pick(['0.000', '-99999999999999999999999999999999.999', '12345678901234567890.123']),
    text: text(),
    bytes: Uint8Array.from(Buffer.from(text())),
    time: new Date(random.pick([0, -1, 1_700_000_000_000])),
    list: random.times(random.below(3), () => random.pick([null, double()])),
  }
  for (const name of NAMES) if (random.below(6) === 0) row[name] = null
  return row
}

const zeroed = (x: unknown) => (Object.is(x, -0) ? 0 : x)
/** Equal keys have equal text. */
function keyText(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(keyText)}]`
  if (x instanceof Uint8Array) return Buffer.from(x).toString('hex')
  if (x instanceof Date) return String(x.getTime())
  return typeof x === 'number' ? `n${zeroed(x)}` : `${typeof x}${x}`
}

function compareValues(a: unknown, b: unknown): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compareValues(a[i], b[i])
      if (order !== 0) return order
    }
    return a.length - b.length
  }
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    return a === b ? 0 : a < b ? -1 : 1
  }
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (typeof a === 'string' && /^-?\d+\.\d+$/.test(a)) {
    return Number(unscaled(a) - unscaled(b as string) > 0n) - Number(unscaled(a) - unscaled(b as string) < 0n)
  }
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  return Number(a) - Number(b)
}

const unscaled = (text: string) => BigInt(text.replace('.', ''))
function scaled(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`
}

/** The same sum of exact numbers for finite ones; null: NaN and infinities decide. */
function special(numbers: number[]): number | null {
  const all = new Set(numbers.filter((x) => !Number.isFinite(x)).map(String))
  if (all.size === 0) return null
  return all.size === 1 ? Number([...all][0]) : Number.NaN
}

/** A number as one from 1/2 to 1, rounded, times a power of two. */
function mantissa(x: bigint): [size: number, exponent: number] {
  if (x === 0n) return [0, 0]
  const bits = x.toString(2).replace('-', '').length
  return [rounded(x, 1n << BigInt(bits), 0n), bits]
}

const total = (parts: bigint[]) => parts.reduce((a, b) => a + b, 0n)

function oracle({ fn, args, column: { type } }: GroupValue, rows: Row[]): unknown {
  const names = args.flatMap((arg) => (arg.op === 'column' ? [arg.name] : []))
  const option = args.flatMap((arg) => (arg.op === 'literal' ? [arg.value] : []))[0]
  const all = rows.map((row) => row[names[0]!] ?? null)
  const present = all.filter((x) => x !== null)
  const numbers = present as number[]
  const source = names[0] === undefined ? 'long' : typeOf(names[0])
  switch (fn) {
    case 'count':
      return rows.filter((row) => names.every((name) => row[name] !== null)).length
    case 'countDistinct': {
      const complete = rows.filter((row) => names.every((name) => row[name] !== null))
      return new Set(complete.map((row) => names.map((name) => keyText(row[name])).join('|'))).size
    }
    case 'approxCountDistinct':
      // Of so few, all are known.
      return new Set(present.map(keyText)).size
    case 'sum':
      if (present.length === 0) return null
      if (typeof source === 'object') return scaled(total((present as string[]).map(unscaled)), scaleOf(source))
      if (source === 'double') return special(numbers) ?? rounded(total(numbers.map(exactly)), 1n)
      return numbers.reduce((a, b) => a + b, 0)
    case 'avg': {
      if (present.length === 0) return null
      const n = BigInt(present.length)
      if (typeof source === 'object') {
        const sum = total((present as string[]).map(unscaled)) * 10n ** BigInt(scaleOf(type) - scaleOf(source))
        const size = sum < 0n ? -sum : sum
        const quotient = (2n * size + n) / (2n * n)
        return scaled(sum < 0n ? -quotient : quotient, scaleOf(type))
      }
      if (source === 'double') return special(numbers) ?? rounded(total(numbers.map(exactly)), n)
      return rounded(total(numbers.map(BigInt)), n, 0n)
    }
    case 'varPop':
    case 'varSamp':
    case 'stddevPop':
    case 'stddevSamp': {
      const n = BigInt(present.length)
      const divisor = fn.endsWith('Pop') ? n * n : n * (n - 1n)
      if (divisor === 0n) return null
      if (special(numbers) !== null) return Number.NaN
      const parts = numbers.map(exactly)
      const difference = n * total(parts.map((x) => x * x)) - total(parts) ** 2n
      const variance = rounded(difference, divisor, 2n)
      return fn.startsWith('stddev') ? Math.sqrt(variance) : variance
    }
    case 'skewness':
    case 'kurtosis': {
      if (special(numbers) !== null) return Number.NaN
      const parts = numbers.map(exactly)
      const n = BigInt(parts.length)
      const [s1, s2, s3, s4] = [1n, 2n, 3n, 4n].map((k) => total(parts.map((x) => x ** k))) as [
        bigint,
        bigint,
        bigint,
        bigint,
      ]
      const m2 = n * s2 - s1 ** 2n
      if (m2 === 0n) return null
      const m3 = n ** 2n * s3 - 3n * n * s1 * s2 + 2n * s1 ** 3n
      const m4 = n ** 3n * s4 - 4n * n ** 2n * s1 * s3 + 6n * n * s1 ** 2n * s2 - 3n * s1 ** 4n
      const [variance, bits] = mantissa(m2)
      if (fn === 'kurtosis') {
        const [size, exponent] = mantissa(m4 - 3n * m2 ** 2n)
        return (size / (variance * variance)) * 2 ** (exponent - 2 * bits)
      }
      const [size, exponent] = mantissa(m3)
      const odd = bits % 2
      const scaled = variance * 2 ** odd
      return (size / (scaled * Math.sqrt(scaled))) * 2 ** (exponent - ((bits - odd) / 2) * 3)
    }
    case 'covarPop':
    case 'covarSamp': {
      const pairs = rows
        .map((row) => names.map((name) => row[name]) as number[])
        .filter((pair) => !pair.includes(null!))
      const n = BigInt(pairs.length)
      if (n < (fn === 'covarPop' ? 1n : 2n)) return null
      if (pairs.flat().some((x) => !Number.isFinite(x))) return Number.NaN
      const [x, y] = [0, 1].map((side) => pairs.map((pair) => exactly(pair[side]!))) as [bigint[], bigint[]]
      const difference = n * total(x.map((one, i) => one * y[i]!)) - total(x) * total(y)
      return rounded(difference, fn === 'covarPop' ? n * n : n * (n - 1n), 2n)
    }
    case 'minBy':
    case 'maxBy': {
      const by = rows.filter((row) => row[names[1]!] !== null)
      const better = (a: Row, b: Row) => compareValues(b[names[1]!], a[names[1]!]) * (fn === 'minBy' ? 1 : -1) < 0
      return by.reduce<Row | null>((best, row) => (best && !better(best, row) ? best : row), null)?.[names[0]!] ?? null
    }
    case 'mode': {
      const times = (x: unknown) => present.filter((other) => keyText(other) === keyText(x)).length
      const sorted = [...present].sort(compareValues)
      return zeroedAll(sorted.reduce((best, x) => (times(x) > times(best) ? x : best), sorted[0] ?? null))
    }
    case 'min':
      return zeroedAll(present.reduce((a, b) => (compareValues(b, a) < 0 ? b : a), present[0] ?? null))
    case 'max':
      return zeroedAll(present.reduce((a, b) => (compareValues(b, a) > 0 ? b : a), present[0] ?? null))
    case 'first':
      return (option ? present : all)[0] ?? null
    case 'last':
      return (option ? present : all).at(-1) ?? null
    case 'collectList':
      return present
    case 'collectSet': {
      const texts = present.map(keyText)
      return present.filter((_, i) => texts.indexOf(texts[i]!) === i).map(zeroedAll)
    }
    case 'percentile':
    case 'percentileDisc': {
      const sorted = numbers.map((x) => zeroed(x) as number).sort(compareValues)
      const at = (fraction: number) => (fn === 'percentile' ? interpolated : atLeast)(sorted, fraction)
      if (sorted.length === 0) return null
      return typeof type === 'object' ? literalsOf(args[1]!).map(at) : at(option as number)
    }
    case 'topK':
      return [...present]
        .sort((a, b) => compareValues(b, a))
        .slice(0, option as number)
        .map(zeroedAll)
  }
}

function interpolated(sorted: number[], fraction: number): number {
  const place = (sorted.length - 1) * fraction
  const [low, high] = [Math.floor(place), Math.ceil(place)]
  const [x, y] = [sorted[low]!, sorted[high]!]
  return x === y || low === high ? x : (high - place) * x + (place - low) * y
}

function atLeast(sorted: number[], fraction: number): number {
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)]!
}

const literalsOf = (expression: Expression): number[] =>
  expression.op === 'call' ? expression.args.flatMap(literalsOf) : [(expression as { value: number }).value]

const zeroedAll = (x: unknown): unknown => (Array.isArray(x) ? x.map(zeroedAll) : zeroed(x))
const scaleOf = (type: Type) => (type as { scale: number }).scale

function expected(rows: Row[], by: string[], values: GroupValue[]): Row[] {
  const groups = new Map<string, Row[]>()
  if (by.length === 0) groups.set('', [])
  for (const row of rows) {
    const key = by.map((name) => keyText(row[name])).join('|')
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()]
    .map((group) => ({
      ...Object.fromEntries(by.map((name) => [name, zeroedAll(group[0]![name])])),
      ...Object.fromEntries(values.map((one) => [one.column.name, oracle(one, group)])),
    }))
    .sort((a: Row, b: Row) => by.map((name) => compareValues(a[name], b[name])).find((order) => order !== 0) ?? 0)
}

const EVERYTHING: GroupValue[] = [
  value('count', 'long'),
  value('count', 'long', 'text'),
  value('count', 'long', 'text', 'int'),
  value('sum', 'long', 'int'),
  value('sum', 'long', 'long'),
  value('sum', 'double', 'double'),
  value('sum', decimal(20, 2), 'narrow'),
  value('sum', decimal(38, 3), 'wide'),
  value('avg', 'double', 'int'),
  value('avg', 'double', 'long'),
  value('avg', 'double', 'double'),
  value('avg', decimal(14, 6), 'narrow'),
  value('avg', decimal(38, 3), 'wide'),
  ...(['varPop', 'varSamp', 'stddevPop', 'stddevSamp'] as const).map((fn) => value(fn, 'double', 'double')),
  value('varSamp', 'double', 'int'),
  value('covarPop', 'double', 'double', 'double2'),
  value('covarSamp', 'double', 'double', 'double2'),
  value('covarSamp', 'double', 'double', 'double'),
  value('stddevPop', 'double', 'long'),
  value('skewness', 'double', 'double'),
  value('kurtosis', 'double', 'double'),
  ...NAMES.flatMap((name) => [
    value('min', typeOf(name), name),
    value('max', typeOf(name), name),
    value('first', typeOf(name), name),
    value('last', typeOf(name), name),
    value('first', typeOf(name), name, true),
    value('last', typeOf(name), name, true),
    value('collectList', listOf(typeOf(name)), name),
    value('collectSet', listOf(typeOf(name)), name),
    value('topK', listOf(typeOf(name)), name, 3),
    value('approxCountDistinct', 'long', name, 0.05),
    value('minBy', typeOf(name), name, 'day'),
    value('maxBy', 'string', 'text', name),
  ]),
]
const SORTED: GroupValue[] = [
  value('countDistinct', 'long', 'double'),
  value('count', 'long'),
  value('countDistinct', 'long', 'text', 'int'),
  value('max', 'string', 'text'),
  ...NAMES.flatMap((name) => [value('countDistinct', 'long', name), value('mode', typeOf(name), name)]),
  value('percentile', 'double', 'double', 0.5),
  value('percentile', listOf('double'), 'double', [0, 0.1, 0.33, 0.99, 1]),
  value('percentileDisc', 'double', 'double', 0.25),
  value('percentileDisc', listOf('double'), 'double', [0, 1]),
]

/** Sums of these may be too large. */
const isRisky = ({ fn, args: [arg] }: GroupValue) =>
  (fn === 'sum' || fn === 'avg') && arg?.op === 'column' && arg.name === 'wide'

describe('groups', () => {
  const cases = [
    { seed: 1, by: ['word'], tame: true },
    { seed: 2, by: ['word', 'day'], tame: false },
    { seed: 3, by: [], tame: true },
    { seed: 4, by: [], tame: false },
    { seed: 5, by: ['list', 'double'], tame: false },
    { seed: 7, by: ['flag'], tame: false },
    { seed: 6, by: ['wide', 'flag', 'bytes', 'time', 'narrow', 'long', 'int'], tame: true },
  ]
  const layouts: Run[] = [
    {},
    { memoryBytes: 0, parts: 5 },
    { memoryBytes: 0, batchRows: 1, parts: 2 },
    { parts: 3, batchRows: 50 },
  ]

  it.each(cases)('of every aggregate, by $by: seed $seed', ({ seed, by, tame }) => {
    const random = new Random(seed)
    const rows = random.times(400, () => randomRow(random, tame))
    const values = EVERYTHING.filter((one) => by.length > 4 || !isRisky(one))
    const right = expected(rows, by, values)
    for (const layout of layouts) expect(grouped(rows, by, values, layout)).toEqual(right)
  })

  it.each(cases)('that see their values sorted, by $by: seed $seed', ({ seed, by, tame }) => {
    const random = new Random(seed)
    const rows = random.times(400, () => randomRow(random, tame))
    const right = expected(rows, by, SORTED)
    for (const layout of layouts) expect(grouped(rows, by, SORTED, layout)).toEqual(right)
  })

  it('of nothing are none, or one without grouping columns', () => {
    for (const values of [EVERYTHING, SORTED]) {
      expect(grouped([], ['word'], values)).toEqual([])
      expect(grouped([], [], values)).toEqual(expected([], [], values))
    }
  })

  it('have few different values in one run, and many in another', () => {
    const random = new Random(31)
    // Of every number of values around what a state holds, as numbers, pairs, and texts up to longer than it holds.
    const rows = random.times(2400, () => {
      const group = 1 + random.below(40)
      return {
        int: group,
        long: random.below(9) === 0 ? null : random.below(group) - 3,
        text: random.below(9) === 0 ? null : 'x'.repeat(random.below(group * 5)),
      }
    })
    const values = [
      value('countDistinct', 'long', 'long'),
      value('count', 'long'),
      value('countDistinct', 'long', 'text'),
      value('countDistinct', 'long', 'text', 'long'),
    ]
    const right = expected(rows, ['int'], values)
    for (const layout of [...layouts, { parts: 7 }, { parts: 40 }]) {
      expect(grouped(rows, ['int'], values, layout)).toEqual(right)
    }
  })

  it('are by texts of every size, with zero bytes anywhere', () => {
    const texts = Array.from({ length: 20 }, (_, size) => 'abcdefghijklmnopqrst'.slice(0, size))
    const zeros = texts.flatMap((text) => [...text].map((_, i) => `${text.slice(0, i)}\0${text.slice(i + 1)}`))
    const rows = [...texts, ...zeros, ...texts, ...zeros].map((word, long) => ({ word, long }))
    const values = [value('max', 'long', 'long')]
    expect(grouped(rows, ['word'], values, { parts: 3 })).toEqual(expected(rows, ['word'], values))
  })

  it('are by several texts, some of them null', () => {
    const random = new Random(8)
    const word = () => random.pick([null, '', '\0', 'x', 'twelve bytes', 'thirteen byte', 'x'.repeat(40)])
    const rows = random.times(600, () => ({ word: word(), text: word(), bytes: null, long: random.below(9) }))
    const values = [value('sum', 'long', 'long')]
    for (const by of [['word', 'text'], ['text', 'bytes', 'word'], ['bytes']]) {
      for (const layout of layouts) expect(grouped(rows, by, values, layout)).toEqual(expected(rows, by, values))
    }
  })

  it('have any functions of the same doubles', () => {
    const random = new Random(9)
    const functions = (['sum', 'count', 'min', 'max', 'avg'] as const).flatMap((fn) => [
      value(fn, fn === 'count' ? 'long' : 'double', 'double'),
      value(fn, fn === 'count' ? 'long' : 'double', 'double2'),
    ])
    for (const tame of [true, false]) {
      const rows = random.times(300, () => randomRow(random, tame))
      for (let bits = 1; bits < 1 << functions.length; bits += 1 + random.below(12)) {
        const values = functions.filter((_, i) => (bits >> i) & 1)
        expect(grouped(rows, ['word'], values, { parts: 2 }), `${bits}`).toEqual(expected(rows, ['word'], values))
      }
    }
  })

  it('may have no values: the different keys', () => {
    const random = new Random(7)
    const rows = random.times(300, () => randomRow(random, false))
    for (const layout of layouts) {
      expect(grouped(rows, ['word', 'int'], [], layout)).toEqual(expected(rows, ['word', 'int'], []))
    }
  })

  it('are many, and as many as rows', () => {
    const rows = Array.from({ length: 150_000 }, (_, i) => ({ int: (i * 7919) % 140_000, long: i }))
    const values = [value('count', 'long'), value('max', 'long', 'long')]
    const found = grouped(rows, ['int'], values, { parts: 2 })
    expect(found).toHaveLength(140_000)
    const counts = Array.from({ length: 140_000 }, () => ({ count: 0, max: -1 }))
    for (const { int, long } of rows) counts[int] = { count: counts[int]!.count + 1, max: long }
    expect(found).toEqual(counts.map(({ count, max }, int) => ({ int, count, 'max long': max })))
  })

  it.each([
    ['one after another', (i: number) => Math.floor(i / 4)],
    ['each after all others', (i: number) => i % 40_000],
  ])('are many, and come %s', (_, keyOf) => {
    const rows = Array.from({ length: 160_000 }, (_, i) => ({ int: keyOf(i), long: i, double: i % 7 }))
    const last = new Map(rows.map(({ int, long }) => [int, long]))
    const values = [value('count', 'long'), value('last', 'long', 'long')]
    expect(grouped(rows, ['int'], values)).toEqual(
      [...last].map(([int, long]) => ({ int, count: 4, 'last long': long })),
    )
    const different = grouped(rows, ['double'], [value('countDistinct', 'long', 'int')])
    expect(different.map((row) => row['countDistinct int'])).toEqual(
      Array.from({ length: 7 }, (_, d) => new Set(rows.filter((row) => row.double === d).map(({ int }) => int)).size),
    )
  })
})

describe('percentiles', () => {
  const fractions = [0, 0.001, 0.1, 0.33, 0.5, 0.75, 0.99, 1]
  const values = [
    value('percentile', 'double', 'double', 0.5),
    value('percentileDisc', 'double', 'double', 0.25),
    value('percentile', listOf('double'), 'double', fractions),
    value('mode', 'double', 'double'),
    value('countDistinct', 'long', 'double'),
    value('percentile', 'double', 'double2', 1),
  ]
  const odd = [null, Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const kinds: Record<string, (random: Random) => number | null> = {
    'all different': (random) => random.next() * 2000 - 1000,
    'a few': (random) => random.below(15) - 7,
    'one above all': (random) => (random.below(3) > 0 ? 4 : random.below(2000)),
    'many of each': (random) => random.below(400) / 8,
    odd: (random) => (random.below(4) > 0 ? random.pick(odd) : random.below(1000)),
  }

  function right(rows: Row[], by: string[]): Row[] {
    const groups = new Map<unknown, Row[]>()
    for (const row of rows) {
      const key = by.length === 0 ? 0 : row.int
      if (!groups.has(key)) groups.set(key, [])
      groups.get(key)!.push(row)
    }
    return [...groups]
      .sort(([a], [b]) => compareValues(a, b))
      .map(([int, own]) => {
        const sorted = (name: string) =>
          (own.map((row) => row[name]).filter((x) => x !== null) as number[]).map((x) => x + 0).sort(compareValues)
        const [doubles, doubles2] = [sorted('double'), sorted('double2')]
        const times = new Map<number, number>()
        for (const x of doubles) times.set(x, (times.get(x) ?? 0) + 1)
        const [mode] = [...times].reduce((best, one) => (one[1] > best[1] ? one : best), [null as number | null, 0])
        const of = (all: number[], at: (all: number[]) => unknown) => (all.length === 0 ? null : at(all))
        const answers = [
          of(doubles, (all) => interpolated(all, 0.5)),
          of(doubles, (all) => atLeast(all, 0.25)),
          of(doubles, (all) => fractions.map((fraction) => interpolated(all, fraction))),
          mode,
          times.size,
          of(doubles2, (all) => all.at(-1)),
        ]
        const keys = by.length === 0 ? {} : { int }
        return { ...keys, ...Object.fromEntries(values.map(({ column: { name } }, i) => [name, answers[i]])) }
      })
  }

  const rowsOf = (random: Random, n: number, group: () => number, kind: keyof typeof kinds) =>
    random.times(n, () => ({ int: group(), double: kinds[kind]!(random), double2: kinds[kind]!(random) }))

  it.each(Object.keys(kinds))('of groups of every size around a block: %s', (kind) => {
    const random = new Random(41)
    const sizes = [1, 2, 3, 127, 128, 129, 130, 257, 1000]
    const groups = sizes.flatMap((size, group) => Array.from({ length: size }, () => group))
    const rows = rowsOf(random, groups.length, () => groups.splice(random.below(groups.length), 1)[0]!, kind)
    for (const layout of [
      {},
      { parts: 3 },
      { memoryBytes: 0, batchRows: 700 },
      { memoryBytes: 0, batchRows: 20, parts: 2 },
    ]) {
      expect(grouped(rows, ['int'], values, layout)).toEqual(right(rows, ['int']))
    }
  })

  it.each(Object.keys(kinds))('of more values than are held at once: %s', (kind) => {
    const random = new Random(42)
    const rows = rowsOf(random, 150_000, () => 0, kind)
    const answer = right(rows, [])
    for (const layout of [{}, { parts: 2, memoryBytes: 1 << 19 }]) {
      expect(grouped(rows, [], values, layout)).toEqual(answer)
    }
  })
})

describe('groups by dictionaries', () => {
  const columns = [column('word', 'string'), column('text', 'string'), column('int', 'integer'), column('n', 'long')]
  const random = new Random(11)
  const or = <T>(value: T) => (random.below(9) === 0 ? null : value)
  const rows = random.times(20_000, (n) => ({
    word: or(`word ${random.below(n < 10_000 ? 20 : 900)}`),
    text: or(random.pick(['x', 'y', 'a text that is longer'])),
    int: or(random.below(5)),
    n,
  }))
  const path = join(folder, 'rows.parquet')
  const type = (name: string) => (name === 'int' ? 'INT32' : name === 'n' ? 'INT64' : 'STRING') as 'STRING'
  writeFileSync(
    path,
    new Uint8Array(
      parquetWriteBuffer({
        columnData: columns.map(({ name }) => ({
          name,
          type: type(name),
          data: rows.map((row) => (name === 'n' ? BigInt(row.n) : row[name as 'word'])),
        })),
        rowGroupSize: 3000,
      }),
    ),
  )
  const values: GroupValue[] = [
    { column: column('count', 'long'), fn: 'count', args: [] },
    {
      column: column('last', 'long'),
      fn: 'last',
      args: [{ op: 'column', name: 'n', type: 'long', nullable: true }],
    },
    {
      column: column('sum', 'long'),
      fn: 'sum',
      args: [{ op: 'column', name: 'n', type: 'long', nullable: true }],
    },
  ]

  /** Groups of the rows of a file. */
  function groupedFile(file: string, by: readonly string[], memoryBytes: number, aggregates = values): Row[] {
    const collector = kernels.createCollector({
      mode: 'append',
      aggregates: [],
      layout: ['bytes'],
      partitionBy: 'hash',
      partitions: 1,
      prefixGrouping: hasCompositeKeys(aggregates),
    })
    const table = kernels.createPipeline(
      pipelineProgram({
        source: { kind: 'batches', columns },
        operators: [],
        end: { kind: 'groups', by, values: aggregates },
      }),
      collector,
      { memoryBytes },
    )
    const footer = readFooter(parquetFile(file))
    const program = new ParquetProgram(footer, columns)
    const fd = openSync(file, 'r')
    const scan = kernels.createParquetScan(program.bytes, fd, table, {
      maxPageBytes: 1 << 30,
      decompress: decompressPage,
    })
    for (const group of footer.rowGroups) {
      scan.open(program.group(group))
      while (scan.read(10_000) > 0);
    }
    closeSync(fd)
    table.finish()
    const keys = columns.filter(({ name }) => by.includes(name))
    keys.sort((a, b) => by.indexOf(a.name) - by.indexOf(b.name))
    const groups = kernels.createPipeline(
      pipelineProgram({
        source: { kind: 'groups', by: keys, values: aggregates },
        operators: [],
        end: { kind: 'rows' },
      }),
      null,
      { memoryBytes },
    )
    const cursor = collector.sorted()
    while (groups.drain(cursor, 1000) > 0);
    groups.finish()
    return decodeRows(groups.takeOutput(), [...keys, ...aggregates.map((one) => one.column)])
  }

  it.each([[['word']], [['text']], [['word', 'text']], [['text', 'int', 'word']], [['int']]])('%j', (by) => {
    const groups = new Map<string, Row>()
    for (const row of rows) {
      const key = Object.fromEntries(by.map((name) => [name, row[name as 'word']]))
      const found = groups.get(JSON.stringify(key))
      const [count, sum] = [((found?.count as number) ?? 0) + 1, ((found?.sum as number) ?? 0) + row.n]
      groups.set(JSON.stringify(key), { ...key, count, last: row.n, sum })
    }
    const right = [...groups.values()].sort(
      (a, b) => by.map((name) => compareValues(a[name], b[name])).find((order) => order !== 0) ?? 0,
    )
    for (const memoryBytes of [1 << 24, 0]) expect(groupedFile(path, by, memoryBytes)).toEqual(right)
  })

  it('have percentiles', () => {
    const number: Expression = { op: 'column', name: 'n', type: 'long', nullable: true }
    const double: Expression = { op: 'call', fn: 'cast', args: [number], type: 'double', nullable: true }
    const middle: GroupValue = {
      column: column('middle', 'double'),
      fn: 'percentile',
      args: [double, { op: 'literal', value: 0.5, type: 'double' }],
    }
    const texts = [null, 'a text that is longer', 'x', 'y']
    const right = texts.map((text) => ({
      text,
      middle: interpolated(
        rows.filter((row) => row.text === text).map(({ n }) => n),
        0.5,
      ), // ascending
      count: rows.filter((row) => row.text === text).length,
    }))
    for (const memoryBytes of [1 << 24, 0]) {
      expect(groupedFile(path, ['text'], memoryBytes, [middle, values[0]!])).toEqual(right)
    }
  })

  it('are right where a batch without codes makes the table grow', () => {
    const words = Array.from({ length: 1990 }, (_, i) => `w${1000 + i}`)
    const part = Array.from({ length: 3 * words.length }, (_, i) => words[i % words.length]!)
    // A batch of nulls has no dictionary: with them the table is full.
    const nulls = Array.from({ length: 4200 }, () => null)
    const file = join(folder, 'nulls.parquet')
    const given = [...part, ...nulls, ...part].map((word) => ({ word, text: null, int: null, n: null }))
    writeFileSync(file, parquetBytes(given, columns))
    const counted = [values[0]!]
    const right = [{ word: null, count: nulls.length }, ...words.map((word) => ({ word, count: 6 }))]
    expect(groupedFile(file, ['word'], 1 << 24, counted)).toEqual(right)
  })
})

describe('groups with many rows in a batch', () => {
  const random = new Random(5)
  const most = 10n ** 38n - 1n
  const flags = random.times(1000, () => random.below(3) > 0)
  // Sums of a batch leave 128 bits on the way, and come back.
  const rows = random.times(6000, (n) => {
    const sign = n % 2000 < 1000 ? 1n : -1n
    return {
      flag: flags[n % 1000]!,
      int: random.below(2 ** 31),
      long: sign * (2n ** 62n - BigInt(n)),
      units: sign * (most - BigInt(n)),
    }
  })
  const values = [
    value('count', 'long'),
    value('sum', 'long', 'int'),
    value('sum', 'long', 'long'),
    value('sum', decimal(38, 3), 'wide'),
    value('max', 'integer', 'int'),
  ]
  const text = (units: bigint) => {
    const digits = `${units < 0n ? -units : units}`.padStart(4, '0')
    return `${units < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`
  }

  it.each([2048, 33, 31, 1])('have the same sums in batches of %d', (batchRows) => {
    const given = rows.map(({ units, ...row }) => ({ ...row, wide: text(units) }))
    for (const by of [[], ['flag']]) {
      const answer = grouped(given, by, values, { batchRows })
      const keys = by.length === 0 ? [undefined] : [false, true]
      const right = keys.map((flag) => {
        const own = rows.filter((row) => flag === undefined || row.flag === flag)
        const total = (of: (row: (typeof rows)[number]) => bigint) => own.reduce((sum, row) => sum + of(row), 0n)
        return {
          ...(flag === undefined ? {} : { flag }),
          count: own.length,
          'sum int': Number(total(({ int }) => BigInt(int))),
          'sum long': String(total(({ long }) => long)),
          'sum wide': text(total(({ units }) => units)),
          'max int': Math.max(...own.map(({ int }) => int)),
        }
      })
      const spelled = answer.map((row) => ({ ...row, 'sum long': String(row['sum long']) }))
      expect(spelled).toEqual(right)
    }
  })
})

describe('a sum', () => {
  const sumOf = (name: string, type: Type, values: unknown[], run?: Run) =>
    grouped(
      values.map((x) => ({ [name]: x })),
      [],
      [value('sum', type, name)],
      run,
    )[0]![`sum ${name}`]

  it('overflows only at its end', () => {
    const most = 2n ** 63n - 1n
    for (const run of [{}, { memoryBytes: 0, batchRows: 1, parts: 3 }]) {
      expect(sumOf('long', 'long', [most, most, -most, -most, 5n], run)).toBe(5)
      expect(codeOf(() => sumOf('long', 'long', [most, 1n], run))).toBe('ARITHMETIC_OVERFLOW')
      expect(codeOf(() => sumOf('long', 'long', [-most, -1n, -1n], run))).toBe('ARITHMETIC_OVERFLOW')
      const nines = `${'9'.repeat(35)}.999`
      expect(sumOf('wide', decimal(38, 3), [nines, nines, nines, `-${nines}`, `-${nines}`], run)).toBe(nines)
      expect(codeOf(() => sumOf('wide', decimal(38, 3), [nines, '0.001'], run))).toBe('ARITHMETIC_OVERFLOW')
      expect(sumOf('double', 'double', [1e308, 1e308, -1e308, 1e-300], run)).toBe(1e308)
      expect(sumOf('double', 'double', [1e308, 1e308], run)).toBe(Infinity)
    }
  })

  it('of an average is not its bound', () => {
    const average = (name: string, type: Type, values: unknown[]) =>
      grouped(
        values.map((x) => ({ [name]: x })),
        [],
        [value('avg', type, name)],
      )[0]![`avg ${name}`]
    expect(average('double', 'double', [1.5e308, 1.7e308])).toBe(1.6e308)
    expect(average('long', 'double', [2n ** 63n - 1n, 2n ** 63n - 1n])).toBe(2 ** 63)
    const nines = `${'9'.repeat(35)}.999`
    expect(average('wide', decimal(38, 3), [nines, nines])).toBe(nines)
  })
})

describe('a variance', () => {
  it('is exact for the smallest and the largest numbers', () => {
    const sets = [
      [1e300, 1e300, 1.0000001e300],
      [5e-324, 1e-323, 1.5e-323],
      [1e-200, 1e200, -3e150],
      [1e16, 1e16 + 2, 1e16 + 4],
      [1.7976931348623157e308, -1.7976931348623157e308],
    ]
    const values = [value('varSamp', 'double', 'double'), value('stddevPop', 'double', 'double')]
    for (const set of sets) {
      const rows = set.map((double) => ({ double }))
      for (const run of [{}, { memoryBytes: 0, batchRows: 1, parts: 2 }]) {
        expect(grouped(rows, [], values, run)).toEqual(expected(rows, [], values))
      }
    }
  })

  it('makes the skewness and kurtosis of numbers of every size, wherever they lie', () => {
    const values = [value('skewness', 'double', 'double'), value('kurtosis', 'double', 'double')]
    const random = new Random(6)
    const numbers = random.times(40, () => Math.round(random.next() ** 3 * 1e6))
    const sets = [1, 0.1, 1e300, 2 ** -400, 1e-300, 5e-324].flatMap((scale) => [
      numbers.map((x) => x * scale),
      [0, 0, 0, scale],
      [scale, scale, scale],
      [scale, -scale, 1e-200, 1],
    ])
    sets.push(
      numbers.map((x) => x + 1e15),
      numbers.map((x, i) => x * 2 ** (i * 40 - 800)),
      [-1.7976931348623157e308, 1.7976931348623157e308, 5e-324],
      [1, Number.NaN],
      [Infinity, 1, 2],
      [0, -0],
      [7],
    )
    for (const set of sets) {
      const rows = set.map((double) => ({ double }))
      for (const run of [{}, { memoryBytes: 0, batchRows: 1, parts: 2 }]) {
        expect(grouped(rows, [], values, run)).toEqual(expected(rows, [], values))
      }
    }
  })

  it('makes covariances of small whole numbers, and of others among them', () => {
    const values = [value('covarPop', 'double', 'double', 'double2'), value('covarSamp', 'double', 'double', 'double2')]
    const corr = value('corr', 'double', 'double', 'double2')
    const random = new Random(17)
    const most = 2 ** 31
    const kinds: Record<string, () => number> = {
      small: () => random.below(100) - 50,
      'as large as they may be': () => random.pick([most - 1, 1 - most, most - 1 - random.below(9)]),
      'just too large': () => random.pick([most, -most, most + 1]),
      fractions: () => (random.below(1000) - 500) / 7,
      mixed: () => (random.below(20) === 0 ? random.pick([0.5, -1e300, most, -0, 1e-300]) : random.below(100) - 50),
    }
    for (const [kind, draw] of Object.entries(kinds)) {
      const rows = Array.from({ length: 300 }, (_, i) => ({
        int: i % 3,
        double: random.below(9) === 0 ? null : draw(),
        // The second half of the groups' states is of whole numbers.
        double2: i < 150 ? draw() : random.below(10),
      }))
      for (const by of [[], ['int']]) {
        const [first] = [{}, { parts: 2 }, { memoryBytes: 0, batchRows: 7, parts: 3 }].map((run: Run) => {
          expect(grouped(rows, by, values, run), kind).toEqual(expected(rows, by, values))
          return grouped(rows, by, [corr], run)
        })
        expect(grouped(rows, by, [corr], { memoryBytes: 0, batchRows: 1, parts: 4 }), kind).toEqual(first)
      }
    }
  })

  it('makes correlations of numbers of every size', () => {
    const corr = value('corr', 'double', 'double', 'double2')
    const of = (pairs: [number, number][], run: Run = {}) =>
      grouped(
        pairs.map(([double, double2]) => ({ double, double2 })),
        [],
        [corr],
        run,
      )[0]![corr.column.name]
    const line = [1, 2, 3, 5, 11, 4]
    for (const scale of [1, 0.1, 1e300, 1e-300, 5e-324]) {
      for (const run of [{}, { memoryBytes: 0, batchRows: 1, parts: 2 }]) {
        expect(
          of(
            line.map((x) => [x * scale, x * 1e307]),
            run,
          ),
        ).toBeCloseTo(1, 14)
        expect(
          of(
            line.map((x) => [x / 3, -x * scale]),
            run,
          ),
        ).toBeCloseTo(-1, 14)
      }
    }
    const pairs: [number, number][] = [
      [1, 10],
      [2, 5],
      [3, 20],
      [1e9, 3],
    ]
    const first = of(pairs)
    expect(first).toBeCloseTo(-0.570636664820089, 14)
    expect(of([...pairs].reverse(), { memoryBytes: 0, batchRows: 1, parts: 3 })).toBe(first)
    expect(
      of([
        [1, 2],
        [1, 3],
      ]),
    ).toBe(null)
    expect(of([[1, 2]])).toBe(null)
    expect(
      of([
        [1, 2],
        [Number.NaN, 3],
      ]),
    ).toBe(Number.NaN)
    expect(of([])).toBe(null)
  })
})

describe('states that are damaged', () => {
  it('are RUN_CORRUPT, or another value', () => {
    const random = new Random(21)
    const rows = random.times(20, () => randomRow(random, false))
    const layout = ['bytes' as const]
    const values = EVERYTHING.filter((one) => !isRisky(one))
    for (const one of [...values.map((_, i) => values.slice(i, i + 3)).filter((_, i) => i % 3 === 0), SORTED]) {
      const collector = kernels.createCollector({
        mode: 'append',
        aggregates: [],
        layout,
        partitionBy: 'hash',
        partitions: 1,
        prefixGrouping: hasCompositeKeys(one),
      })
      const table = kernels.createPipeline(
        pipelineProgram({
          source: { kind: 'batches', columns: COLUMNS },
          operators: [],
          end: { kind: 'groups', by: [], values: one },
        }),
        collector,
        { memoryBytes: 0 },
      )
      table.addRows(encodeRows(rows, COLUMNS))
      table.finish()
      const stored = readAll(collector.sorted(), layout)
      for (let attempt = 0; attempt < 4; attempt++) {
        const damaged = stored.map(({ key, values: [state] }) => ({ key, values: [damage(state as string, random)] }))
        const path = join(folder, `${runs++}.run`)
        const writer = kernels.createRunWriter(path, 1, 1 << 16)
        writer.add(0, batchOf(damaged, layout), layout, damaged.length)
        writer.finish('{}')
        const code = codeOf(() => {
          const groups = kernels.createPipeline(
            pipelineProgram({ source: { kind: 'groups', by: [], values: one }, operators: [], end: { kind: 'rows' } }),
            null,
            { memoryBytes: 0 },
          )
          const cursor = kernels.openRuns([path], 0, { descending: false })
          while (groups.drain(cursor, 10) > 0);
        })
        expect([undefined, 'RUN_CORRUPT', 'ARITHMETIC_OVERFLOW', 'RECORD_TOO_LARGE']).toContain(code)
      }
    }
  })

  /** A byte is another one, or the end is missing. */
  function damage(state: string, random: Random): string {
    const at = random.below(state.length + 1)
    if (random.below(3) === 0) return state.slice(0, at)
    return `${state.slice(0, at)}${String.fromCharCode(random.below(256))}${state.slice(at + 1)}`
  }
})

describe('programs of groups', () => {
  it('are refused where types do not fit, or something is missing', () => {
    const columns = COLUMNS
    const open = (values: GroupValue[]) =>
      kernels.createPipeline(
        pipelineProgram({
          source: { kind: 'batches', columns },
          operators: [],
          end: { kind: 'groups', by: [], values },
        }),
        kernels.createCollector({
          mode: 'append',
          aggregates: [],
          layout: ['bytes'],
          partitionBy: 'hash',
          partitions: 1,
        }),
        { memoryBytes: 0 },
      )
    for (const wrong of [
      value('sum', 'long', 'double'),
      value('sum', 'long', 'text'),
      value('sum', 'long'),
      value('avg', 'double', 'text'),
      value('min', 'long', 'int'),
      value('collectList', 'long', 'int'),
      value('varPop', 'double', 'narrow'),
      value('countDistinct', 'long'),
      value('minBy', 'long', 'int', 'int'),
      value('maxBy', 'integer', 'int'),
      value('mode', 'long', 'int'),
      value('corr', 'double', 'double'),
      value('covarPop', 'double', 'double', 'int'),
      value('covarSamp', 'long', 'double', 'double2'),
      value('approxCountDistinct', 'double', 'int', 0.05),
      value('approxCountDistinct', 'long', 'int', 0.5),
      value('approxCountDistinct', 'long', 'int', 0.001),
      value('percentile', 'double', 'int', 0.5),
      value('percentile', 'double', 'double', 1.5),
      value('percentile', 'double', 'double', [0.5, 0.6]),
      value('percentileDisc', 'long', 'double', 0.5),
    ]) {
      expect(codeOf(() => open([wrong]))).toBe('BAD_ARGUMENT')
    }
    const program = pipelineProgram({
      source: { kind: 'groups', by: [column('word', 'string')], values: EVERYTHING.slice(0, 3) },
      operators: [],
      end: { kind: 'rows' },
    })
    for (let size = 0; size < program.length; size++) {
      expect(codeOf(() => kernels.createPipeline(program.subarray(0, size), null, { memoryBytes: 0 }))).toBe(
        'BAD_ARGUMENT',
      )
    }
  })
})

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    return (fromNative(error) as { code: string }).code
  }
  return undefined
}
