/**
 * Structs as Thrift's compact protocol has them. Nothing is believed: they may hold anything.
 *
 * Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/**
 * A struct, by the numbers of its fields. Numbers are doubles: beyond 2^53 they are near what the file has. Bytes are a Buffer, a view of
 * what was read.
 */
export interface Thrift {
  readonly [field: number]: unknown
}

/** What is wanted of a struct: all; or some fields. Of a field that is read elsewhere, where it ends. */
export type Wanted = 'all' | { readonly [field: number]: 'all' | number }

/**
 * Reads the struct at the start of `bytes`. What is not wanted must be readable, too, unless it says where it ends.
 *
 * @returns it, and how many bytes it has
 * @throws Error that says why it cannot be read
 */
export function readStruct(bytes: Buffer, wanted: Wanted = 'all'): { struct: Thrift; size: number } {
  const reader = new Reader(bytes)
  const struct = reader.struct(wanted, 0)
  return { struct, size: reader.at }
}

const STOP = 0
const TRUE = 1
const FALSE = 2
const BYTE = 3
const I16 = 4
const I32 = 5
const I64 = 6
const DOUBLE = 7
const BINARY = 8
const LIST = 9
const STRUCT = 12

const MOST_DEPTH = 64
/** Of a number of 64 bits, seven in a byte. */
const MOST_NUMBER_BYTES = 10

class Reader {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  struct(wanted: Wanted, depth: number): Thrift {
    const struct: Record<number, unknown> = {}
    for (let id = 0; ; ) {
      const head = this.byte()
      const type = head & 15
      if (type === STOP) return struct
      id = head < 16 ? this.number() : id + (head >> 4)
      const own = typeof wanted === 'string' ? wanted : wanted[id]
      if (own === 'all') struct[id] = this.value(type, depth)
      else if (own === undefined) this.pass(type, depth)
      else this.at = own
    }
  }

  list(depth: number): unknown[] {
    const { type, size } = this.listHead()
    const list: unknown[] = []
    for (let i = 0; i < size; i++)
      list.push(type === TRUE || type === FALSE ? this.byte() === 1 : this.value(type, depth))
    return list
  }

  value(type: number, depth: number): unknown {
    switch (type) {
      case TRUE:
        return true
      case FALSE:
        return false
      case BYTE:
        return (this.byte() << 24) >> 24
      case I16:
      case I32:
      case I64:
        return this.number()
      case DOUBLE:
        return this.bytes.readDoubleLE(this.passBytes(8))
      case BINARY: {
        const size = this.size()
        const start = this.passBytes(size)
        return this.bytes.subarray(start, start + size)
      }
      case LIST:
      case STRUCT:
        if (depth === MOST_DEPTH) throw new Error('too much in one another')
        return type === STRUCT ? this.struct('all', depth + 1) : this.list(depth + 1)
      default:
        throw new Error(`a value of the unknown type ${type}`)
    }
  }

  /** Passes over a value. */
  pass(type: number, depth: number): void {
    switch (type) {
      case TRUE:
      case FALSE:
        return
      case BYTE:
        this.passBytes(1)
        return
      case I16:
      case I32:
      case I64:
        this.size()
        return
      case DOUBLE:
        this.passBytes(8)
        return
      case BINARY:
        this.passBytes(this.size())
        return
      case LIST:
      case STRUCT:
        if (depth === MOST_DEPTH) throw new Error('too much in one another')
        if (type === STRUCT) this.passStruct(depth + 1)
        else this.passList(depth + 1)
        return
      default:
        throw new Error(`a value of the unknown type ${type}`)
    }
  }

  passStruct(depth: number): void {
    for (;;) {
      const head = this.byte()
      const type = head & 15
      if (type === STOP) return
      if (head < 16) this.size()
      this.pass(type, depth)
    }
  }

  passList(depth: number): void {
    const { type, size } = this.listHead()
    if (type === TRUE || type === FALSE) this.passBytes(size)
    else for (let i = 0; i < size; i++) this.pass(type, depth)
  }

  listHead(): { type: number; size: number } {
    const head = this.byte()
    const size = head < 0xf0 ? head >> 4 : this.size()
    // Each element has a byte at least.
    if (size > this.bytes.length - this.at) throw new Error('a list goes on beyond the end')
    return { type: head & 15, size }
  }

  byte(): number {
    const { bytes, at } = this
    if (at >= bytes.length) throw new Error('it ends too early')
    this.at = at + 1
    return bytes[at]!
  }

  /** @returns where they start */
  passBytes(count: number): number {
    const start = this.at
    if (count > this.bytes.length - start) throw new Error('it ends too early')
    this.at = start + count
    return start
  }

  size(): number {
    const first = this.byte()
    return first < 128 ? first : (first & 127) + this.rest(128)
  }

  /** The lowest bit says whether it is negative. */
  number(): number {
    const first = this.byte()
    const half = (first & 127) >> 1
    const size = first < 128 ? half : half + this.rest(64)
    return (first & 1) === 0 ? size : -size - 1
  }

  /** What the bytes after a number's first add to it. */
  rest(unit: number): number {
    let rest = 0
    for (let i = 1, own = unit; i < MOST_NUMBER_BYTES; i++, own *= 128) {
      const byte = this.byte()
      rest += (byte & 127) * own
      if (byte < 128) return rest
    }
    throw new Error('a number does not end')
  }
}
