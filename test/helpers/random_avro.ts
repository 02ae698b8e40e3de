/** Random schemas of Avro, their values as avsc takes them, and as rows have them. */
import type { AvroJson } from './avro.js'
import type { Random } from './random.js'

export interface AvroKind {
  schema: AvroJson
  /** A value for avsc, and the same in a row. */
  value(random: Random): [avro: unknown, row: unknown]
}

const LONGS = [0n, -1n, 63n, 64n, -65n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]
const TEXTS = ['', 'a', 'twelve bytes', 'more than twelve bytes', 'é\u0000\n😀', 'x'.repeat(300)]
const DAY = Date.UTC(2024, 0, 31)

const same = (schema: AvroJson, values: readonly unknown[]): AvroKind => ({
  schema,
  value: (random) => {
    const value = random.pick(values)
    return [value, value]
  },
})

const logical = (type: string, logicalType: string, pairs: readonly [unknown, unknown][]): AvroKind => ({
  schema: { type, logicalType },
  value: (random) => random.pick(pairs),
})

function bytesOf(unscaled: bigint, size: number): Buffer {
  const bits = BigInt.asUintN(8 * size, unscaled)
  return Buffer.from(bits.toString(16).padStart(2 * size, '0'), 'hex')
}

let names = 0
const fresh = () => `T${names++}`

const LEAVES: ((random: Random) => AvroKind)[] = [
  () => same('boolean', [true, false]),
  () => same('int', [0, -1, 63, 64, -65, 2 ** 31 - 1, -(2 ** 31)]),
  () => same('long', LONGS),
  () => same('float', [0, -0, 1.5, -2.25, Number.POSITIVE_INFINITY, Number.NaN]),
  () => same('double', [0, -0, 0.1, -1e300, 5e-324, Number.NEGATIVE_INFINITY, Number.NaN]),
  () => same('string', TEXTS),
  () => ({
    schema: 'bytes',
    value: (random) => {
      const bytes = Buffer.from(random.pick(TEXTS))
      return [bytes, new Uint8Array(bytes)]
    },
  }),
  (random) => {
    const size = 1 + random.below(20)
    return {
      schema: { type: 'fixed', name: fresh(), size },
      value: (random) => {
        const bytes = Buffer.from(random.times(size, () => random.below(256)))
        return [bytes, new Uint8Array(bytes)]
      },
    }
  },
  () => {
    const symbols = ['RED', 'GREEN', 'A_SYMBOL_OF_MORE_THAN_TWELVE_BYTES']
    return same({ type: 'enum', name: fresh(), symbols }, symbols)
  },
  () =>
    logical('int', 'date', [
      [Math.floor(DAY / 86_400_000), '2024-01-31'],
      [-1, '1969-12-31'],
    ]),
  () => logical('int', 'time-millis', [[1500, 1_500_000n]]),
  () => logical('long', 'time-micros', [[1500n, 1500n]]),
  () =>
    logical('long', 'timestamp-millis', [
      [BigInt(DAY), BigInt(DAY) * 1000n],
      [-1n, -1000n],
    ]),
  () => logical('long', 'timestamp-micros', [[BigInt(DAY) * 1000n + 1n, BigInt(DAY) * 1000n + 1n]]),
  () =>
    logical('long', 'timestamp-nanos', [
      [BigInt(DAY) * 1_000_000n, BigInt(DAY) * 1000n],
      [-1000n, -1n],
    ]),
  () => logical('long', 'local-timestamp-millis', [[BigInt(DAY), '2024-01-31T00:00:00.000']]),
  () => logical('long', 'local-timestamp-micros', [[BigInt(DAY) * 1000n + 1n, '2024-01-31T00:00:00.000001']]),
  () => logical('string', 'uuid', [['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001']]),
  () => ({
    schema: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 },
    value: (random) =>
      random.pick<[unknown, unknown]>([
        [bytesOf(-50n, 1), '-0.50'],
        [bytesOf(999_999_999_999n, 6), '9999999999.99'],
        [bytesOf(-1n, 20), '-0.01'],
      ]),
  }),
  () => ({
    schema: { type: 'fixed', name: fresh(), size: 16, logicalType: 'decimal', precision: 38, scale: 0 },
    value: (random) =>
      random.pick<[unknown, unknown]>([
        [bytesOf(10n ** 38n - 1n, 16), '9'.repeat(38)],
        [bytesOf(-(10n ** 38n - 1n), 16), `-${'9'.repeat(38)}`],
      ]),
  }),
]

/** The name that wrapped values of unions have. */
function branchName(schema: AvroJson): string {
  if (typeof schema === 'string') return schema
  const { type, name } = schema as { type: string; name?: string }
  return name ?? type
}

function nullable(kind: AvroKind, random: Random): AvroKind {
  const name = branchName(kind.schema)
  return {
    schema: random.below(2) === 0 ? ['null', kind.schema] : [kind.schema, 'null'],
    value: (random) => {
      if (random.below(3) === 0) return [null, null]
      const [avro, row] = kind.value(random)
      return [{ [name]: avro }, row]
    },
  }
}

/** @param depth of lists and records in it */
function randomKind(random: Random, depth: number): AvroKind {
  const roll = random.below(depth > 0 ? 8 : 5)
  let kind: AvroKind
  if (roll === 5) {
    const item = randomKind(random, depth - 1)
    kind = {
      schema: { type: 'array', items: item.schema },
      value: (random) => {
        const items = random.times(random.below(4), () => item.value(random))
        return [items.map(([avro]) => avro), items.map(([, row]) => row)]
      },
    }
  } else if (roll === 6) {
    const values = randomKind(random, depth - 1)
    kind = {
      schema: { type: 'map', values: values.schema },
      value: (random) => {
        const entries = random.times(random.below(3), (i) => [`key ${i}`, values.value(random)] as const)
        return [
          Object.fromEntries(entries.map(([key, [avro]]) => [key, avro])),
          entries.map(([key, [, value]]) => ({ key, value })),
        ]
      },
    }
  } else if (roll === 7) kind = randomRecord(random, depth - 1)
  else kind = random.pick(LEAVES)(random)
  return random.below(3) === 0 ? nullable(kind, random) : kind
}

export function randomRecord(random: Random, depth: number): AvroKind {
  const fields = random.times(1 + random.below(4), (i) => [`f${i}`, randomKind(random, depth)] as const)
  return {
    schema: { type: 'record', name: fresh(), fields: fields.map(([name, { schema }]) => ({ name, type: schema })) },
    value: (random) => {
      const values = fields.map(([name, kind]) => [name, kind.value(random)] as const)
      return [
        Object.fromEntries(values.map(([name, [avro]]) => [name, avro])),
        Object.fromEntries(values.map(([name, [, row]]) => [name, row])),
      ]
    },
  }
}
