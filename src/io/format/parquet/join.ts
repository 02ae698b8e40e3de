/** Files of Parquet that runs have written, as one: their row groups, one after another, under one footer. Pages are copied as they are. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { numberOf, readTree, shift, structOf, structsOf, type ThriftStruct, writeTree } from './thrift_tree.js'

const MAGIC = Buffer.from('PAR1')
/** The length of the footer, and the magic after it. */
const TAIL_BYTES = 8

/** A stretch of a file that is copied, or bytes. */
export type Piece = { path: string; start: number; end: number } | Buffer

/**
 * @param paths of files with the same columns; at least one
 * @returns what to write, in order
 * @throws RangeError, Error if one was not written by a run
 */
export function* joinedPieces(paths: readonly string[]): Generator<Piece> {
  const footers = paths.map((path) => withFile(path, footerOf))
  yield MAGIC
  let offset = MAGIC.length
  const groups: ThriftStruct[] = []
  const columnIndexes: Buffer[] = []
  const offsetIndexes: { bytes: Buffer; chunk: ThriftStruct }[] = []
  for (const [i, path] of paths.entries()) {
    const own = structsOf(footers[i]!, FOOTER.groups)
    const end = own.reduce((last, group) => Math.max(last, endOf(group)), MAGIC.length)
    const by = offset - MAGIC.length
    withFile(path, (fd) => {
      for (const chunk of own.flatMap((group) => structsOf(group, GROUP.chunks))) {
        offsetIndexes.push({ bytes: offsetIndexOf(fd, chunk, by), chunk })
        columnIndexes.push(indexOf(fd, chunk, CHUNK.columnIndex))
      }
    })
    for (const group of own) {
      for (const chunk of structsOf(group, GROUP.chunks)) {
        const meta = structOf(chunk, CHUNK.meta)
        shift(meta, META.dataPage, by)
        shift(meta, META.dictionaryPage, by)
      }
      shift(group, GROUP.offset, by)
      setOrdinal(group, groups.length)
      groups.push(group)
    }
    if (end > MAGIC.length) yield { path, start: MAGIC.length, end }
    offset += end - MAGIC.length
  }
  for (const [i, bytes] of columnIndexes.entries()) {
    place(offsetIndexes[i]!.chunk, CHUNK.columnIndex, offset, bytes)
    offset += bytes.length
    yield bytes
  }
  for (const { bytes, chunk } of offsetIndexes) {
    place(chunk, CHUNK.offsetIndex, offset, bytes)
    offset += bytes.length
    yield bytes
  }
  const footer = footers[0]!
  const rows = footers.reduce((sum, one) => sum + numberOf(one, FOOTER.rows)!, 0)
  footer.get(FOOTER.rows)!.value = BigInt(rows)
  footer.set(FOOTER.groups, { ...footer.get(FOOTER.groups)!, value: { element: 12, values: groups } })
  const bytes = writeTree(footer)
  const tail = Buffer.alloc(TAIL_BYTES)
  tail.writeUInt32LE(bytes.length)
  MAGIC.copy(tail, 4)
  yield bytes
  yield tail
}

/** Numbers of fields, as parquet.thrift has them. */
const FOOTER = { rows: 3, groups: 4 }
const GROUP = { chunks: 1, offset: 5, ordinal: 7 }
/** Of the indexes: where they are, and after that how many bytes they have. */
const CHUNK = { meta: 3, offsetIndex: 4, columnIndex: 6 }
const META = { bytes: 7, dataPage: 9, dictionaryPage: 11 }
const INDEX = { pages: 1 }
const PAGE = { offset: 1 }
const MAX_ORDINAL = 2 ** 15 - 1

function withFile<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, 'r')
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

function readAt(fd: number, start: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  if (readSync(fd, bytes, 0, size, start) < size) throw new Error('a file of Parquet ends too early')
  return bytes
}

function footerOf(fd: number): ThriftStruct {
  const end = fstatSync(fd).size - TAIL_BYTES
  const size = readAt(fd, end, TAIL_BYTES).readUInt32LE(0)
  return readTree(readAt(fd, end - size, size))
}

function endOf(group: ThriftStruct): number {
  const ends = structsOf(group, GROUP.chunks).map((chunk) => {
    const meta = structOf(chunk, CHUNK.meta)
    const start = numberOf(meta, META.dictionaryPage) ?? numberOf(meta, META.dataPage)!
    return start + numberOf(meta, META.bytes)!
  })
  return Math.max(...ends)
}

function offsetIndexOf(fd: number, chunk: ThriftStruct, by: number): Buffer {
  const index = readTree(indexOf(fd, chunk, CHUNK.offsetIndex))
  for (const page of structsOf(index, INDEX.pages)) shift(page, PAGE.offset, by)
  return writeTree(index)
}

/** Empty if there is none. */
function indexOf(fd: number, chunk: ThriftStruct, field: number): Buffer {
  const start = numberOf(chunk, field)
  return start === null ? Buffer.alloc(0) : readAt(fd, start, numberOf(chunk, field + 1)!)
}

function place(chunk: ThriftStruct, field: number, offset: number, { length }: Buffer): void {
  if (length === 0) return
  chunk.get(field)!.value = BigInt(offset)
  chunk.get(field + 1)!.value = BigInt(length)
}

/** It is a short number, and need not be there. */
function setOrdinal(group: ThriftStruct, ordinal: number): void {
  const found = group.get(GROUP.ordinal)
  if (ordinal > MAX_ORDINAL) group.delete(GROUP.ordinal)
  else if (found) found.value = BigInt(ordinal)
}
