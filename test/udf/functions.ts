/** Functions that tests call in data frames: workers import this module. */
import {
  binary,
  boolean,
  type ColumnType,
  date,
  decimal,
  double,
  int,
  list,
  long,
  nullable,
  string,
  struct,
  timestamp,
  timestampNtz,
  udf,
} from 'runjob'

/** The value itself, as a function of each type. */
export const same = {
  boolean: udf((x: boolean | null) => x, nullable(boolean())),
  int: udf((x: number | null) => x, nullable(int())),
  long: udf((x: number | null) => x, nullable(long())),
  bigint: udf((x: bigint | null) => x, nullable(long({ js: 'bigint' }))),
  double: udf((x: number | null) => x, nullable(double())),
  decimal: udf((x: string | null) => x, nullable(decimal(10, 2))),
  wide: udf((x: string | null) => x, nullable(decimal(38, 10))),
  string: udf((x: string | null) => x, nullable(string())),
  binary: udf((x: Uint8Array | null) => x, nullable(binary())),
  date: udf((x: string | null) => x, nullable(date())),
  timestamp: udf((x: Date | null) => x, nullable(timestamp())),
  micros: udf((x: bigint | null) => x, nullable(timestamp({ js: 'micros' }))),
  ntz: udf((x: string | null) => x, nullable(timestampNtz())),
}

const filled = new Uint8Array(2)
/** The same bytes each time. */
export const bytesOf = udf((n: number) => {
  filled[0] = n
  filled[1] = n >> 8
  return filled
}, binary())

const order = struct({ sku: string(), qty: int(), at: nullable(date()) })
type Order = { sku: string; qty: number; at: string | null }
export const ORDERS = list(order)

/** Functions of lists and structs. */
export const orders = {
  total: udf((orders: Order[]) => orders.reduce((sum, { qty }) => sum + qty, 0), int()),
  largest: udf(
    (orders: Order[]) => orders.reduce<Order | null>((best, one) => (best && best.qty >= one.qty ? best : one), null),
    nullable(order),
  ),
  twice: udf((orders: Order[]) => [...orders, ...orders], ORDERS),
}
export const words = udf((text: string | null) => text?.split(' ') ?? null, nullable(list(string())))
export const exactly = udf(
  (long: bigint, micros: bigint, at: Date) => ({ long, micros, at: [at] }),
  struct({ long: long({ js: 'bigint' }), micros: timestamp({ js: 'micros' }), at: list(timestamp()) }),
)

function wrong(type: ColumnType, make: () => unknown) {
  const right = type.columnType === 'string' ? 'a' : 1
  return udf((n: number) => (n === 7 ? make() : right) as never, type)
}

function nested(make: (order: Order) => Order[]) {
  const right = { sku: 'a', qty: 1, at: null }
  return udf((n: number) => (n === 7 ? make(right) : [right]), ORDERS)
}

/** What functions give wrongly, where `n` is 7. */
export const wrongAt7 = {
  'no list': nested((order) => order as never),
  'a hole': nested((order) => [order, undefined, order] as never),
  'a field too few': nested(({ at: _, ...order }) => [order] as never),
  'a field too many': nested((order) => [{ ...order, qyt: 1 }]),
  'a null field': nested((order) => [order, { ...order, sku: null as never }]),
  'a list for a struct': nested((order) => [[order] as never]),
  'a promise in a list': nested((order) => [order, Promise.reject(new Error('later')) as never]),
  'half a pair in a list': nested((order) => [{ ...order, sku: '\udc00' }]),
  'a fraction in a list': nested((order) => [{ ...order, qty: 0.5 }]),
  'no day in a list': nested((order) => [{ ...order, at: '2024-13-01' }]),
  undefined: wrong(int(), () => undefined),
  null: wrong(int(), () => null),
  NaN: wrong(int(), () => Number.NaN),
  'a large number': wrong(int(), () => 2 ** 31),
  'a fraction': wrong(long(), () => 0.5),
  'an unsafe number': wrong(long(), () => 2 ** 53),
  text: wrong(double(), () => 'x'),
  'a promise': wrong(int(), () => Promise.reject(new Error('later'))),
  'a number': wrong(string(), () => 1),
  'half a pair': wrong(string(), () => '\ud800'),
  'no day': udf((n: number) => (n === 7 ? '2024-13-01' : '2024-01-01'), date()),
  'a large price': udf((n: number) => (n === 7 ? '1234567.00' : String(n)), decimal(8, 2)),
}

export const throwingAt7 = udf(function throwing(n: number) {
  if (n === 7) throw new RangeError('seven is out of range')
  return n
}, int())

/** Fails for what must not reach it. */
export const notBelow10 = udf((n: number) => {
  if (n < 10) throw new Error(`${n} is below 10`)
  return n
}, int())

export const plusOne = udf((n: number) => n + 1, int())
export const plus = udf((a: number, b: number) => a + b, int())
export const shout = udf((text: string | null) => (text === null ? 'NOTHING' : `${text.toUpperCase()}!`), string())
export const initial = udf((text: string | null) => text?.slice(0, 1) ?? null, nullable(string()))
export const one = udf(() => 1, int())

const seen = new Set<number>()
/** Fails for a value that it has seen before: each worker has a set of its own. */
export const onceEach = udf((n: number) => {
  if (seen.has(n)) throw new Error(`${n} for the second time`)
  seen.add(n)
  return n + 1
}, int())

export const mixed = udf(
  (n: number | null, text: string | null, on: boolean | null, at: Date | null) =>
    n === null ? null : `${n}|${text}|${on}|${at?.getTime()}`,
  nullable(string()),
)
export const difference = udf((a: bigint, b: number) => Number(a) - b, double())
export const isRemainder = udf((n: number, of: number, is: number) => n % of === is, boolean())
export const forEver = udf((n: number) => {
  for (;;) if (n < 0) return n
}, int())
