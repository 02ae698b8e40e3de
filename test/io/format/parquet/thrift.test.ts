/** Structs of Thrift's compact protocol, as footers and page indexes have them. */
import { describe, expect, it } from 'vitest'
import { readStruct, type Thrift } from '../../../../dist/src/io/format/parquet/thrift.js'
import { Random } from '../../../helpers/random.js'

/** A value with its type on disk. */
type Value =
  | { kind: 'boolean'; value: boolean }
  | { kind: 'byte' | 'i16' | 'i32' | 'i64' | 'double'; value: number }
  | { kind: 'bytes'; value: Buffer }
  | { kind: 'list'; element: Value['kind']; values: Value[] }
  | { kind: 'struct'; fields: Map<number, Value> }

const TYPES = { boolean: 1, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, bytes: 8, list: 9, struct: 12 } as const

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)]
}

function zigzag(value: number): number[] {
  const big = BigInt(value)
  return varint(big < 0n ? -big * 2n - 1n : big * 2n)
}

function encoded(one: Value): number[] {
  switch (one.kind) {
    case 'boolean':
      return [one.value ? 1 : 2]
    case 'byte':
      return [one.value & 255]
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(one.value)
      return [...bytes]
    }
    case 'bytes':
      return [...varint(BigInt(one.value.length)), ...one.value]
    case 'list': {
      const { length } = one.values
      const head =
        length < 15 ? [(length << 4) | TYPES[one.element]] : [0xf0 | TYPES[one.element], ...varint(BigInt(length))]
      return [...head, ...one.values.flatMap(encoded)]
    }
    case 'struct': {
      const bytes: number[] = []
      let last = 0
      for (const [id, field] of one.fields) {
        const type = field.kind === 'boolean' && !field.value ? 2 : TYPES[field.kind]
        const step = id - last
        bytes.push(...(step > 0 && step < 16 ? [(step << 4) | type] : [type, ...zigzag(id)]))
        if (field.kind !== 'boolean') bytes.push(...encoded(field))
        last = id
      }
      return [...bytes, 0]
    }
    default:
      return zigzag(one.value)
  }
}

function plain(one: Value): unknown {
  if (one.kind === 'list') return one.values.map(plain)
  return one.kind === 'struct' ? plainStruct(one.fields) : one.value
}

function plainStruct(fields: Map<number, Value>): Thrift {
  return Object.fromEntries([...fields].map(([id, field]) => [id, plain(field)]))
}

function randomValue(random: Random, kind: Value['kind'], depth: number): Value {
  switch (kind) {
    case 'boolean':
      return { kind, value: random.below(2) === 0 }
    case 'byte':
      return { kind, value: random.below(256) - 128 }
    case 'i16':
      return { kind, value: random.below(2 ** 16) - 2 ** 15 }
    case 'i32':
      return { kind, value: random.pick([0, -1, 63, 64, 2 ** 31 - 1, -(2 ** 31), random.below(10_000)]) }
    case 'i64':
      return { kind, value: random.pick([0, -1, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, -(2 ** 53) + 1]) }
    case 'double':
      return { kind, value: random.pick([0, -1.5, 1e300, Number.POSITIVE_INFINITY]) }
    case 'bytes':
      return { kind, value: Buffer.from(random.times(random.pick([0, 1, 5, 200]), () => random.below(256))) }
    case 'list': {
      const element = random.pick(kindsAt(depth))
      const count = random.pick([0, 1, 3, 14, 15, 20])
      return { kind, element, values: random.times(count, () => randomValue(random, element, depth - 1)) }
    }
    case 'struct':
      return { kind, fields: randomFields(random, depth - 1) }
  }
}

const KINDS = Object.keys(TYPES) as Value['kind'][]
const kindsAt = (depth: number) => (depth > 0 ? KINDS : KINDS.filter((kind) => kind !== 'list' && kind !== 'struct'))

function randomFields(random: Random, depth: number): Map<number, Value> {
  const ids = random.times(random.below(6), () => random.pick([1, 2, 3, 7, 15, 16, 40, 300]))
  return new Map(ids.map((id) => [id, randomValue(random, random.pick(kindsAt(depth)), depth)]))
}

describe.each([1, 2, 3])('a struct (seed %i)', (seed) => {
  const random = new Random(seed)
  const all = random.times(200, () => randomFields(random, 3))
  const bytesOf = (fields: Map<number, Value>) => Buffer.from(encoded({ kind: 'struct', fields }))

  it('has what was written, and ends where it does', () => {
    for (const fields of all) {
      const bytes = bytesOf(fields)
      const { struct, size } = readStruct(Buffer.concat([bytes, Buffer.from([1, 2, 3])]))
      expect(struct).toEqual(plainStruct(fields))
      expect(size).toBe(bytes.length)
    }
  })

  it('has only the fields that are wanted', () => {
    for (const fields of all) {
      const bytes = bytesOf(fields)
      const { struct, size } = readStruct(bytes, { 1: 'all', 2: 'all' })
      expect(size).toBe(bytes.length)
      const whole = Object.entries(plainStruct(fields))
      expect(struct).toEqual(Object.fromEntries(whole.filter(([id]) => id === '1' || id === '2')))
    }
  })

  it('goes on where a field that is read elsewhere ends, whatever it is', () => {
    const [first, last] = [2, 9].map((id) => bytesOf(new Map([[id, { kind: 'i32', value: id }]])))
    // A field of a type that is none, and an end that is no end.
    const bytes = Buffer.concat([
      first!.subarray(0, -1),
      Buffer.from([0x2e, 0, 0]),
      Buffer.from([0x55]),
      last!.subarray(1),
    ])
    expect(readStruct(bytes, { 2: 'all', 4: first!.length + 2, 9: 'all' }).struct).toEqual({ 2: 2, 9: 9 })
  })

  it('is refused where it is cut off', () => {
    for (const fields of all.slice(0, 40)) {
      const bytes = bytesOf(fields)
      for (let end = 0; end < Math.min(bytes.length, 200); end++) {
        expect(() => readStruct(bytes.subarray(0, end))).toThrow()
        expect(() => readStruct(bytes.subarray(0, end), {})).toThrow()
      }
    }
  })

  it('is read or refused, whatever its bytes are', () => {
    for (const fields of all) {
      const bytes = bytesOf(fields)
      for (let i = 0; i < 20 && bytes.length > 0; i++) {
        const damaged = Buffer.from(bytes)
        damaged[random.below(bytes.length)] = random.below(256)
        const outcome = (wanted: Parameters<typeof readStruct>[1]) => {
          try {
            return readStruct(damaged, wanted).size
          } catch (error) {
            return (error as Error).constructor.name
          }
        }
        const read = outcome('all')
        expect(read === 'Error' || typeof read === 'number').toBe(true)
        // What is passed over is checked as what is read.
        expect(outcome({})).toBe(read)
      }
    }
  })
})

describe('is refused', () => {
  it.each([
    ['a number that does not end', [0x16, ...Array(30).fill(0xff)]],
    ['a list that is longer than the bytes', [0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f]],
    ['text that is longer than the bytes', [0x18, 0xff, 0xff, 0xff, 0x7f]],
    ['a map', [0x1b, 0, 0]],
    ['structs without end', Array(100_000).fill(0x1c)],
  ])('%s', (_, bytes) => {
    expect(() => readStruct(Buffer.from(bytes))).toThrow(Error)
    expect(() => readStruct(Buffer.from(bytes))).not.toThrow(RangeError)
    expect(() => readStruct(Buffer.from(bytes), {})).not.toThrow(RangeError)
  })
})
