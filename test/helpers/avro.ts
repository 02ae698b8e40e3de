/** Avro files: records as avsc writes them, in blocks that a test divides and damages as it likes. */
import { crc32, deflateRawSync, inflateRaw } from 'node:zlib'
import avsc from 'avsc'
import { compressSync, uncompressSync } from 'snappy'

export type AvroJson = string | { type: unknown; [attribute: string]: unknown } | AvroJson[]
export type Codec = 'null' | 'deflate' | 'snappy'

/** What avsc would round: all 64 bits. */
const long = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
})

/** Longs are bigints; a value of a union is `{ [name of its type]: value }`. */
export function avroType(schema: AvroJson): avsc.Type {
  const typeHook = (one: unknown) => {
    return one === 'long' || (one as { type?: unknown }).type === 'long' ? long : undefined
  }
  return avsc.Type.forSchema(schema as avsc.Schema, { typeHook: typeHook as never, wrapUnions: 'always' })
}

/** A zigzag number of variable length. */
export function avroLong(value: number): Buffer {
  const bytes: number[] = []
  let bits = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value)
  for (; bits > 127n; bits >>= 7n) bytes.push(Number(bits & 127n) | 128)
  return Buffer.from([...bytes, Number(bits)])
}

export const SYNC = Buffer.from('0123456789abcdef')

const sized = (bytes: Buffer | string) =>
  Buffer.concat([avroLong(Buffer.byteLength(bytes)), Buffer.from(bytes as string)])

export function avroHeader(schema: AvroJson | string, codec: string | null = 'null', sync = SYNC): Buffer {
  const json = typeof schema === 'string' ? schema : JSON.stringify(schema)
  const entries = [['avro.schema', json], ...(codec === null ? [] : [['avro.codec', codec]])]
  return Buffer.concat([
    Buffer.from('Obj\u0001'),
    avroLong(entries.length),
    ...entries.flatMap(([key, value]) => [sized(key!), sized(value!)]),
    avroLong(0),
    sync,
  ])
}

/** @param count of its records, as it says */
export function avroBlock(records: Buffer, count: number, codec: Codec = 'null', sync = SYNC): Buffer {
  const packed = pack(records, codec)
  return Buffer.concat([avroLong(count), avroLong(packed.length), packed, sync])
}

function pack(records: Buffer, codec: Codec): Buffer {
  if (codec === 'null') return records
  if (codec === 'deflate') return deflateRawSync(records)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(records))
  return Buffer.concat([compressSync(records), sum])
}

/** @param perBlock how many records a block has */
export function avroFile(
  schema: AvroJson,
  records: readonly unknown[],
  { codec = 'null', perBlock = 100 }: { codec?: Codec; perBlock?: number } = {},
): Buffer {
  const type = avroType(schema)
  const blocks: Buffer[] = []
  for (let i = 0; i < records.length; i += perBlock) {
    const some = records.slice(i, i + perBlock).map((record) => type.toBuffer(record))
    blocks.push(avroBlock(Buffer.concat(some), some.length, codec))
  }
  return Buffer.concat([avroHeader(schema, codec), ...blocks])
}

/** All records of a file as avsc reads them, and what the file says of itself. */
export async function readAvro(path: string): Promise<{ schema: unknown; codec: string; records: unknown[] }> {
  const codecs = {
    null: (bytes: Buffer, done: (error: Error | null, content?: Buffer) => void) => done(null, bytes),
    deflate: inflateRaw,
    snappy: (bytes: Buffer, done: (error: Error | null, content?: Buffer) => void) => {
      const content = uncompressSync(bytes.subarray(0, -4)) as Buffer
      const isRight = crc32(content) === bytes.readUInt32BE(bytes.length - 4)
      done(isRight ? null : new Error('a checksum is wrong'), content)
    },
  }
  const decoder = avsc.createFileDecoder(path, { codecs, parseHook: (schema: AvroJson) => avroType(schema) } as never)
  let schema: unknown
  let codec = ''
  decoder.on('metadata', (type: avsc.Type, name: string) => {
    schema = type.schema({ exportAttrs: true })
    codec = name
  })
  const records: unknown[] = []
  for await (const record of decoder) records.push(record)
  return { schema, codec, records }
}
