/**
 * What an Avro file says of itself, before its blocks.
 *
 * Source: https://avro.apache.org/docs/1.12.0/specification/#object-container-files
 */
import type { RunjobError } from '../../../base/errors.js'
import type { AvroCodec } from '../../../kernels/kernels.js'
import { readChunks, readRange } from '../../input/chunks.js'
import { type InputFile, isWhole, nameOf } from '../../input/input_file.js'
import { corrupt, unsupported } from './failure.js'
import { type AvroRecord, parseSchema } from './schema.js'

const CODECS: readonly AvroCodec[] = ['null', 'deflate', 'snappy', 'zstandard']

export interface AvroHeader {
  /** Of the file. */
  name: string
  record: AvroRecord
  codec: AvroCodec
  /** What each block ends with. */
  sync: Uint8Array
  /** Where the first block starts. */
  bytes: number
}

const MAGIC = Buffer.from('Obj\u0001', 'latin1')
export const SYNC_BYTES = 16
const FIRST_BYTES = 16 << 10
/** A schema is written by hand, or nearly so. */
const MOST_BYTES = 64 << 20

const headers = new WeakMap<InputFile, Promise<AvroHeader>>()

/** @throws AVRO_CORRUPT, AVRO_UNSUPPORTED; and what reading throws */
export function readHeader(file: InputFile): Promise<AvroHeader> {
  const known = headers.get(file) ?? parsedHeader(file)
  headers.set(file, known)
  return known
}

async function parsedHeader(file: InputFile): Promise<AvroHeader> {
  const name = nameOf(file)
  for (let size = FIRST_BYTES; ; size *= 8) {
    const bytes = await startOf(file, size)
    const found = new HeaderReader(name, bytes).read()
    if (found) return found
    if (bytes.length < size) throw corrupt(name, bytes.length < MAGIC.length ? NO_AVRO : 'it ends in its header')
    if (size > MOST_BYTES) throw unsupported(name, `has a header of more than ${MOST_BYTES} bytes`)
  }
}

async function startOf(file: InputFile, size: number): Promise<Buffer> {
  if (!isWhole(file)) return Buffer.from(readRange(file, 0, Math.min(size, file.sizeBytes)))
  const parts: Buffer[] = []
  let length = 0
  for await (const { chunk } of readChunks(file)) {
    parts.push(Buffer.from(chunk))
    length += chunk.length
    if (length >= size) break
  }
  return Buffer.concat(parts).subarray(0, size)
}

const NO_AVRO = 'it does not begin as an Avro file does'

class TooShort extends Error {}

class HeaderReader {
  readonly #name: string
  readonly #bytes: Buffer
  #at = 0

  constructor(name: string, bytes: Buffer) {
    this.#name = name
    this.#bytes = bytes
  }

  /** null: there are too few bytes. */
  read(): AvroHeader | null {
    if (!this.#bytes.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, this.#bytes.length)))
      throw this.#corrupt(NO_AVRO)
    try {
      return this.#read()
    } catch (error) {
      if (error instanceof TooShort) return null
      throw error
    }
  }

  #read(): AvroHeader {
    this.#take(MAGIC.length)
    const entries = this.#entries()
    const sync = Uint8Array.from(this.#take(SYNC_BYTES))
    const schema = entries.get('avro.schema')
    if (!schema) throw this.#corrupt('its header has no schema')
    const codec = entries.get('avro.codec')?.toString() ?? 'null'
    const known = CODECS.find((one) => one === codec)
    if (known === undefined) throw unsupported(this.#name, `is compressed with ${codec}`)
    return { name: this.#name, record: parseSchema(this.#name, schema.toString()), codec: known, sync, bytes: this.#at }
  }

  /** A map of bytes. */
  #entries(): Map<string, Buffer> {
    const entries = new Map<string, Buffer>()
    for (let count = this.#number(); count !== 0; count = this.#number()) {
      // The bytes of the entries follow, which is of use only where they are passed over.
      if (count < 0) this.#number()
      for (let i = 0; i < Math.abs(count); i++) {
        const key = this.#sized().toString()
        entries.set(key, this.#sized())
      }
    }
    return entries
  }

  #sized(): Buffer {
    const size = this.#number()
    if (size < 0) throw this.#corrupt('an entry of its header has a negative length')
    return this.#take(size)
  }

  #take(size: number): Buffer {
    const end = this.#at + size
    if (end > this.#bytes.length) throw new TooShort()
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  #number(): number {
    const found = readLong(this.#bytes, this.#at)
    if (found === 'too short') throw new TooShort()
    if (found === 'damaged') throw this.#corrupt('a number in its header is too large')
    this.#at = found.end
    return found.value
  }

  #corrupt(reason: string): RunjobError {
    return corrupt(this.#name, reason)
  }
}

/** A zigzag number of variable length; `damaged`: no size or count is so large. */
export function readLong(bytes: Uint8Array, at: number): { value: number; end: number } | 'too short' | 'damaged' {
  let bits = 0
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return 'too short'
    bits += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    if (bits > Number.MAX_SAFE_INTEGER) return 'damaged'
    return { value: bits % 2 === 0 ? bits / 2 : -(bits + 1) / 2, end: at + i + 1 }
  }
  return 'damaged'
}
