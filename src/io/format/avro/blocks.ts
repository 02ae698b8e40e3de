/** The blocks of an Avro file: where they are, and how many rows they have. */
import { closeSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'
import { openChunks, openInput } from '../../input/chunks.js'
import { type InputFile, isWhole, nameOf, readAt } from '../../input/input_file.js'
import { unlessDamaged } from '../damage.js'
import { type AvroHeader, readLong, SYNC_BYTES } from './container.js'
import { corrupt } from './failure.js'

/** Two numbers. */
const BLOCK_HEADER_BYTES = 20
const SEARCH_BYTES = 64 << 10

/**
 * Where the first block starts that starts at or after `from`, and before `end`; `end` if none does. It is a guess: what ends a block may be
 * in the bytes of a value, too.
 */
export function findBlock(file: InputFile, { sync, bytes: first }: AvroHeader, from: number, end: number): number {
  if (from <= first) return first
  // What is before a block is the end of another, or of the header.
  const start = from - SYNC_BYTES
  const chunks = openChunks(file, start, end, { chunkBytes: SEARCH_BYTES })
  try {
    let kept = Buffer.alloc(0)
    for (let at = start; at < end - SYNC_BYTES; ) {
      const chunk = chunks.next()
      if (chunk === null) break
      const bytes = Buffer.concat([kept, chunk])
      const found = bytes.indexOf(sync)
      if (found >= 0) return Math.min(end, at - kept.length + found + SYNC_BYTES)
      at += chunk.length
      kept = Buffer.from(bytes.subarray(Math.max(0, bytes.length - SYNC_BYTES + 1)))
    }
    return end
  } finally {
    chunks.close()
  }
}

/**
 * Gives how many records each block has, and where it starts, until `take` is false or the file ends.
 *
 * @throws AVRO_CORRUPT
 */
function forEachBlock(file: InputFile, start: number, take: (at: number, records: number) => boolean): void {
  const fd = openInput(file)
  const buffer = Buffer.alloc(BLOCK_HEADER_BYTES)
  try {
    for (let at = start; at < file.sizeBytes; ) {
      const bytes = readAt(fd, at, BLOCK_HEADER_BYTES, buffer)
      const records = readLong(bytes, 0)
      const size = typeof records === 'object' ? readLong(bytes, records.end) : records
      if (typeof records !== 'object' || typeof size !== 'object' || records.value < 0 || size.value < 0)
        throw corrupt(nameOf(file), `the header of the block at byte ${at} is damaged`)
      if (!take(at, records.value)) return
      at += size.end + size.value + SYNC_BYTES
    }
  } finally {
    closeSync(fd)
  }
}

/** How far the rows of a file have been counted. */
const counted = new WeakMap<InputFile, { at: number; rows: number }>()

/**
 * How many rows are before a block. Blocks are passed over from the start of the file, or from where the last call ended.
 *
 * @throws AVRO_CORRUPT
 */
export function rowsBefore(file: InputFile, header: AvroHeader, start: number): number {
  if (isWhole(file)) return 0
  const known = counted.get(file)
  let { at, rows } = known && known.at <= start ? known : { at: header.bytes, rows: 0 }
  forEachBlock(file, at, (next, records) => {
    at = next
    if (next >= start) return false
    rows += records
    return true
  })
  counted.set(file, { at, rows })
  return rows
}

/**
 * How many rows a file has, if these are few; the count stops above `most`.
 *
 * @throws AVRO_CORRUPT
 */
export function countRows(file: InputFile, header: AvroHeader, most: number): number {
  let rows = 0
  forEachBlock(file, header.bytes, (_, records) => {
    rows += records
    return rows <= most
  })
  return rows
}

/**
 * Undoes `deflate`; null if the bytes are damaged, or become more than `most`.
 *
 * @throws OUT_OF_MEMORY
 */
export function inflate(bytes: Uint8Array, most: number): Uint8Array | null {
  return unlessDamaged(() => inflateRawSync(bytes, { maxOutputLength: most }))
}
