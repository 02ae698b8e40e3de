/** Collections that become data frames, for to_df.test.ts. Workers import this module, up to the first action. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  binary,
  boolean,
  broadcast,
  type Collection,
  csv,
  date,
  decimal,
  double,
  type FrameSchema,
  int,
  list,
  long,
  month,
  nullable,
  read,
  string,
  struct,
  timestamp,
  timestampNtz,
} from 'runjob'

/** What they read; the test writes it. */
export const folder = join(tmpdir(), `runjob-to-df-${process.pid}`)
const lines = read.text(join(folder, 'in.txt')).lines()
const words = lines.flatMap((line) => line.split(' '))
const WORD = { word: string(), n: long() }

export const sized = words.map((word) => ({ word, n: word.length })).toDF(WORD)
export const counts = words
  .map((word) => [word, 1] as const)
  .reduceByKey((a, b) => a + b)
  .toDF(WORD)
const names = read(csv({ schema: { word: string(), name: string() } }), join(folder, 'names.csv'))
export const joined = counts.join(broadcast(names), 'word').orderBy('word')
/** Rows become elements and rows again, with a table to look into before and after. */
export const thereAndBack = names
  .join(broadcast(counts), 'word')
  .rows()
  .map(({ word, n, name }) => ({ word, twice: 2 * n, name }))
  .toDF({ word: string(), twice: long(), name: string() })
  .filter((c) => c.twice.gt(2))
  .join(broadcast(counts), 'word')
export const grouped = words
  .keyBy((word) => word.length)
  .groupByKey()
  .toDF({ size: long(), words: list(string()) })
/** Lists of what is no array. */
export const iterables = lines
  .map((line) => ({ letters: new Set(line.replaceAll(' ', '')), codes: Uint8Array.from(Buffer.from(line)) }))
  .toDF({ letters: list(string()), codes: list(int()) })

const sales = csv({ schema: { city: nullable(string()), day: date(), amount: double() } })
export const totals = read(sales, join(folder, 'sales.csv'))
  .groupBy('city')
  .mapGroups(({ city }, rows, ctx) => {
    let total = 0
    for (const { amount } of rows) total += amount
    ctx.count('groups')
    return { city, total }
  })
export const days = read(sales, join(folder, 'sales.csv'))
  .groupBy(month('day').as('month'), 'city')
  .mapGroups((key, rows) => [key, [...rows].map(({ day }) => day)])
export const daysTwice = read(sales, join(folder, 'sales.csv'))
  .groupBy(month('day').as('month'), 'city')
  .mapGroups((_, rows) => [[...rows], [...rows]])
export const mapped = read(sales, join(folder, 'sales.csv')).map(({ city }) => city ?? 'none')
export const flatMapped = read(sales, join(folder, 'sales.csv')).flatMap(({ city, amount }) => [city, amount])

export const EVERY = {
  flag: boolean(),
  small: int(),
  large: long({ js: 'bigint' }),
  ratio: double(),
  price: decimal(20, 2),
  text: string(),
  bytes: binary(),
  day: date(),
  at: timestamp(),
  exact: timestamp({ js: 'micros' }),
  local: timestampNtz(),
  tags: list(nullable(string())),
  place: struct({ city: string(), zip: nullable(int()) }),
  none: nullable(string()),
}
const every = [
  {
    flag: true,
    small: -(2 ** 31),
    large: 2n ** 63n - 1n,
    ratio: Number.NaN,
    price: '-123456789012345678.90',
    text: 'dé😀\0',
    bytes: Uint8Array.of(0, 255),
    day: '0001-01-01',
    at: new Date(-1),
    exact: 1n,
    local: '2024-02-29T23:59:59.123456',
    tags: ['a', null],
    place: { city: 'Oslo', zip: null },
    none: null,
  },
  {
    flag: false,
    small: 0,
    large: -(2n ** 63n),
    ratio: -0,
    price: '0.10',
    text: '',
    bytes: new Uint8Array(),
    day: '9999-12-31',
    at: new Date('2024-02-29T12:00:00.001Z'),
    exact: -1n,
    local: '1969-12-31T00:00:00.000',
    tags: [],
    place: { city: '', zip: 7 },
    none: 'x',
  },
]
export const everyRow = every
export const everything = lines.flatMap((line) => (line === 'b a b' ? every : [])).toDF(EVERY)

interface Collected {
  collect(options?: object): Promise<unknown[]>
}

/** What the compiler would not let pass. */
function framed(collection: Collection<unknown>, schema: FrameSchema): Collected {
  return collection.toDF.call(collection as never, schema)
}

/** One field, as a function of the line gives it. */
function field(type: FrameSchema[string], value: unknown): Collected {
  return framed(
    lines.map(() => ({ x: value })),
    { x: type },
  )
}
class Point {
  x = 1
}
/** Each with what its error says. */
export const misfits: [Collected, string][] = [
  [field(long(), '7'), 'toDF(): the field "x" is "7", and is declared as bigint, which is not nullable.'],
  [field(long(), 2 ** 53), 'the field "x" is 9007199254740992'],
  [field(long(), 2n ** 63n), 'the field "x" is 9223372036854775808n'],
  [field(long(), 1.5), 'the field "x" is 1.5'],
  [field(int(), 2 ** 31), 'the field "x" is 2147483648, and is declared as int'],
  [field(int(), Number.NaN), 'the field "x" is NaN'],
  [field(double(), '1'), 'the field "x" is "1", and is declared as double'],
  [field(boolean(), 0), 'the field "x" is 0, and is declared as boolean'],
  [field(string(), 5), 'the field "x" is 5, and is declared as string'],
  [field(string(), '\ud800'), 'and is declared as string'],
  [field(string(), null), 'the field "x" is null, and is declared as string, which is not nullable'],
  [field(nullable(string()), new Map()), 'the field "x" is a Map, and is declared as string.'],
  [field(binary(), 'abc'), 'the field "x" is "abc", and is declared as binary'],
  [field(date(), '2023-02-29'), 'the field "x" is "2023-02-29", and is declared as date'],
  [field(date(), new Date(0)), 'the field "x" is a Date, and is declared as date'],
  [field(timestamp(), '2024-01-01'), 'the field "x" is "2024-01-01", and is declared as timestamp'],
  [field(timestamp(), new Date(Number.NaN)), 'the field "x" is an invalid Date'],
  [field(timestamp(), 5n), 'the field "x" is 5n, and is declared as timestamp'],
  [field(timestampNtz(), '2024-01-01T24:00:00'), 'and is declared as timestamp_ntz'],
  [field(decimal(5, 2), '1.005'), 'the field "x" is "1.005", and is declared as decimal(5,2)'],
  [field(decimal(5, 2), 1000), 'the field "x" is 1000, and is declared as decimal(5,2)'],
  [field(decimal(5, 2), Number.NaN), 'the field "x" is NaN, and is declared as decimal(5,2)'],
  [field(decimal(5, 2), '1,5'), 'the field "x" is "1,5"'],
  [field(list(int()), [1, '2']), 'an element of the field "x" is "2", and is declared as int'],
  [field(list(int()), [1, null]), 'an element of the field "x" is null'],
  [field(list(int()), 'ab'), 'the field "x" is "ab", and is declared as array<int>'],
  [
    field(struct({ city: string() }), { city: 'a', zip: 5 }),
    'the field "x" has the field "zip", but there is no such column: city',
  ],
  [field(struct({ city: string() }), { city: 5 }), 'the field "city" of the field "x" is 5'],
  [field(string(), Promise.resolve('a')), 'the field "x" is a promise'],
  [
    framed(
      lines.map(() => ({ x: 1, y: 2 })),
      { x: long() },
    ),
    'toDF(): an element has the field "y", but there is no such column: x.',
  ],
  [
    framed(
      lines.map(() => ({ X: 1 })),
      { x: long() },
    ),
    'the field "x" is null',
  ],
  [framed(lines, { x: string() }), 'toDF(): an element is "b a b", not an object with the fields x.'],
  [
    framed(
      lines.map(() => [1]),
      { x: long(), y: long() },
    ),
    'an element is a list of 1, but there are 2',
  ],
  [
    framed(
      lines.map(() => [1, undefined]),
      { x: long(), y: nullable(long()) },
    ),
    '"y" is undefined',
  ],
  [
    framed(
      lines.map(() => new Point()),
      { x: long() },
    ),
    'toDF(): an element is an object of a class',
  ],
]

/** One of the words is too long, and one of the numbers is zero. */
export const bad = {
  cells: words.map((word) => [word, word === 'c' ? 0.5 : 1] as const).toDF({ word: string(), n: int() }),
  pieces: framed(
    lines.flatMap((line, ctx) => {
      ctx.count('seen')
      return line.split(' ').map((word) => ({ word: word === 'c' ? null : word }))
    }),
    { word: string() },
  ),
  later: words
    .map((word) => [word, word === 'c' ? 0 : 1] as const)
    .toDF(WORD)
    .withColumn('share', (c) => c.n.div(c.n)),
}
export const many = lines
  .flatMap((_, ctx) => (ctx.params.n ? [] : Array.from({ length: 20_000 }, (_, i) => ({ i }))))
  .toDF({
    i: long(),
  })

const odd = [null, Number.NaN, -0, 2n, new Date(0), Uint8Array.of(1), ['a', { b: [] }], '\0']
export const kept = lines.flatMap((line) => [line, ...odd])
export const ofKept = {
  lengths: kept.filter((value) => typeof value === 'string').map((value) => [String(value), 1] as const),
  frame: kept.map((value, ctx) => [String(value), ctx.inputPath === '' ? 0 : 1] as const).toDF(WORD),
}
export const range = lines.flatMap(() => Array.from({ length: 20_000 }, (_, i) => i))
export const share = range.sample(0.1, 7)
export const shares = {
  other: range.sample(0.1, 8),
  again: share.sample(0.5, 7),
  twice: share.union(share),
  joined: share.keyBy((n) => n).join(share.keyBy((n) => n)),
  ofBoth: range.union(range).sample(0.1, 7),
  none: range.sample(0),
  all: range.sample(1),
}

export const limited = range
  .keyBy((n) => n)
  .groupByKey()
  .map(([key]) => ({ i: (key === 19_999 ? 'behind' : key) as number }))
  .toDF({ i: long() })
  .limit(12_000)
export const keptFrame = read(csv({ schema: { word: string(), name: string() } }), join(folder, 'names.csv'))
export const ofKeptFrame = keptFrame.map(({ word }) => word)

/** Of what comes from other elements. */
export const sortedAgain = range.zipWithIndex().sortBy(([n]) => `${(n * 7919) % 1000}`, false)
