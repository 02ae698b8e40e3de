/**
 * Bloom filters: which values a column of a row group certainly lacks.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/BloomFilter.md
 */
import { kernels } from '../../../kernels/addon.js'
import { readRange } from '../../input/chunks.js'
import type { InputFile } from '../../input/input_file.js'
import type { ColumnChunk } from './row_groups.js'
import { readStruct, type Thrift } from './thrift.js'

const BLOCK_BYTES = 32
/** A header is much shorter. */
const MOST_HEADER_BYTES = 256
const SALT = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const

export class BloomFilter {
  readonly #file: InputFile
  readonly #start: number
  readonly #blocks: number

  private constructor(file: InputFile, start: number, blocks: number) {
    this.#file = file
    this.#start = start
    this.#blocks = blocks
  }

  /** null: there is none, or of a kind that is not known. */
  static open(file: InputFile, { bloomFilter }: ColumnChunk, endOfPages: number): BloomFilter | null {
    if (!bloomFilter) return null
    const { start } = bloomFilter
    try {
      const header = Buffer.from(readRange(file, start, Math.min(MOST_HEADER_BYTES, endOfPages - start)))
      const { struct, size } = readStruct(header)
      const bytes = struct[1]
      const isKnown = [struct[2], struct[3], struct[4]].every((one) => (one as Thrift | undefined)?.[1] !== undefined)
      if (!isKnown || typeof bytes !== 'number' || bytes <= 0 || bytes % BLOCK_BYTES !== 0) return null
      if (start + size + bytes > endOfPages) return null
      return new BloomFilter(file, start + size, bytes / BLOCK_BYTES)
    } catch {
      return null
    }
  }

  /** @param value as a page without a dictionary has it, but without its length */
  lacks(value: Uint8Array): boolean {
    const hash = kernels.xxh64(value, 0n)
    const block = Number(((hash >> 32n) * BigInt(this.#blocks)) >> 32n)
    const bytes = Buffer.from(readRange(this.#file, this.#start + block * BLOCK_BYTES, BLOCK_BYTES))
    if (bytes.length < BLOCK_BYTES) return false
    const key = Number(hash & 0xffffffffn) | 0
    return SALT.some((salt, i) => (bytes.readInt32LE(i * 4) & (1 << (Math.imul(key, salt) >>> 27))) === 0)
  }
}
