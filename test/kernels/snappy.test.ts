/** Snappy as any writer may have made it: literals and copies of all lengths and forms, and what is damaged. */
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { avro, binary, read } from 'runjob'
import { expect, it } from 'vitest'
import { avroHeader, avroLong, SYNC } from '../helpers/avro.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'

const SEED = 20261201

interface Stream {
  content: number[]
  /** Elements of Snappy that make it. */
  elements: number[]
}

/** Appends a literal, its length in as few bytes as it takes, or in more. */
function addLiteral({ content, elements }: Stream, bytes: readonly number[], more = 0): void {
  const length = bytes.length - 1
  const needed = length < 60 ? 0 : length < 256 ? 1 : 2
  const extra = Math.min(4, needed + more)
  elements.push(extra === 0 ? length << 2 : (59 + extra) << 2)
  for (let i = 0; i < extra; i++) elements.push((length >>> (8 * i)) & 255)
  elements.push(...bytes)
  content.push(...bytes)
}

function addCopy({ content, elements }: Stream, form: number, offset: number, length: number): void {
  if (form === 1) elements.push(1 | ((length - 4) << 2) | ((offset >> 8) << 5), offset & 255)
  else if (form === 2) elements.push(2 | ((length - 1) << 2), offset & 255, offset >> 8)
  else elements.push(3 | ((length - 1) << 2), offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, 0)
  for (let i = 0; i < length; i++) content.push(content[content.length - offset]!)
}

/** What numbers look like: a few bytes of their own, then the rest of the one before. */
function addNumber(stream: Stream, random: Random): void {
  const own = 1 + random.below(6)
  addLiteral(
    stream,
    random.times(own, () => random.below(256)),
  )
  if (stream.content.length >= 8) addCopy(stream, random.pick([1, 1, 2]), 8, Math.max(4, 8 - own))
}

function randomStream(random: Random): Stream {
  const stream: Stream = { content: [], elements: [] }
  const isNumbers = random.below(3) === 0
  for (let count = random.below(400); count >= 0; count--) {
    const { length: made } = stream.content
    if (isNumbers && random.below(20) > 0) addNumber(stream, random)
    else if (made === 0 || random.below(2) === 0) {
      const length = 1 + random.below(random.pick([4, 16, 17, 60, 70, 300]))
      const bytes = random.times(length, () => random.below(256))
      addLiteral(stream, bytes, random.below(6) === 0 ? random.below(4) : 0)
    } else {
      const form = 1 + random.below(3)
      const most = Math.min(made, random.pick([1, 3, 7, 8, 9, 15, 16, 17, 40, form === 1 ? 2047 : 65_535]))
      addCopy(stream, form, 1 + random.below(most), form === 1 ? 4 + random.below(8) : 1 + random.below(64))
    }
  }
  return stream
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

/** A block of Avro with one record, whose bytes the stream makes after their length. */
function block(stream: Stream, sizeError = 0): Buffer {
  const length = [...avroLong(stream.content.length)]
  const head: Stream = { content: [], elements: [] }
  addLiteral(head, length)
  const size = length.length + stream.content.length + sizeError
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(Buffer.from([...length, ...stream.content])))
  const packed = Buffer.concat([Buffer.from([...unsigned(size), ...head.elements, ...stream.elements]), sum])
  return Buffer.concat([avroLong(1), avroLong(packed.length), packed, SYNC])
}

const SCHEMA = { type: 'record', name: 'row', fields: [{ name: 'bytes', type: 'bytes' }] }

async function readBlocks(blocks: readonly Buffer[]): Promise<Buffer[]> {
  const folder = temporaryFolder()
  writeFiles(folder, { 'a.avro': Buffer.concat([avroHeader(SCHEMA, 'snappy'), ...blocks]) })
  const rows = await read(avro({ schema: { bytes: binary() } }), join(folder, 'a.avro')).collect()
  return rows.map(({ bytes }) => Buffer.from(bytes))
}

it(`is what its elements make, seed ${SEED}`, async () => {
  const random = new Random(SEED)
  const streams = random.times(600, () => randomStream(random))
  const bytes = await readBlocks(streams.map((stream) => block(stream)))
  expect(bytes.length).toBe(streams.length)
  for (const [i, { content }] of streams.entries()) {
    expect(bytes[i]!.equals(Buffer.from(content)), `stream ${i} of seed ${SEED}`).toBe(true)
  }
})

it('is refused where it makes more or fewer bytes than it says, or copies what is not there', async () => {
  const random = new Random(SEED + 1)
  const numbers: Stream = { content: [], elements: [] }
  for (let i = 0; i < 40; i++) addNumber(numbers, random)
  const after = (...elements: number[]) => block({ ...numbers, elements: [...numbers.elements, ...elements] })
  const before = (...elements: number[]) => block({ ...numbers, elements: [...elements, ...numbers.elements] })
  const damaged = [
    block(numbers, 1),
    block(numbers, -1),
    block({ ...numbers, elements: numbers.elements.slice(0, -1) }),
    after(0, 7),
    after(5 << 2),
    after(2, 8, 0),
    // Of nothing, and of what comes before the first byte: alone, and after a literal.
    before(2 | (7 << 2), 0, 0),
    before(2 | (7 << 2), 100, 0),
    before(0, 7, 1, 0),
    before(0, 7, 1, 200),
    before(63 << 2, 255, 255, 255, 255),
  ]
  for (const one of damaged) {
    await expect(readBlocks([one])).rejects.toThrow('a block cannot be decompressed')
  }
  expect(await readBlocks([block(numbers)])).toEqual([Buffer.from(numbers.content)])
})
