/**
 * Answers in a form that can be compared between programs: a digest if equal answers are equal bytes, a table of numbers if
 * they may differ in the last digit. Outputs of any size are read as a stream.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { peerScript, quote } from '../rows/row.js'

export type Answer =
  | { kind: 'digest'; records: number; digest: string }
  | { kind: 'table'; rows: Map<string, number[]> }

/** Reads an answer from an output: a file, or a folder of parts. */
export type AnswerReader = (output: string) => Answer

const NEWLINE = 10
const SPACE = 32
const TAB = 9
const CHUNK_BYTES = 4 << 20
/** Sums of floating-point numbers depend on the order of addition. */
const TOLERANCE = 1e-9

/** What is wrong with an answer; null if it is right. */
export function difference(expected: Answer, got: Answer): string | null {
  if (expected.kind === 'digest' && got.kind === 'digest') {
    if (got.records !== expected.records) return `${got.records} records instead of ${expected.records}`
    return got.digest === expected.digest ? null : 'other records'
  }
  if (expected.kind !== 'table' || got.kind !== 'table') return 'another kind of answer'
  if (got.rows.size !== expected.rows.size) return `${got.rows.size} groups instead of ${expected.rows.size}`
  for (const [key, numbers] of expected.rows) {
    const others = got.rows.get(key)
    if (!others) return `no group ${key}`
    if (others.length !== numbers.length || !numbers.every((n, i) => near(n, others[i]!))) {
      return `${key}: ${others.join(', ')} instead of ${numbers.join(', ')}`
    }
  }
  return null
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a))
}

/** `key TAB count` per line, in any order. */
export const readCounts: AnswerReader = (output) => {
  const digest = new MultisetDigest()
  forEachLine(output, (bytes, start, end) => {
    const tab = bytes.lastIndexOf(TAB, end - 1)
    digest.add(bytes, start, tab, parseWhole(bytes, tab + 1, end))
  })
  return digest.answer()
}

/** What `uniq -c` writes: spaces, count, space, key. */
export const readUniqCounts: AnswerReader = (output) => {
  const digest = new MultisetDigest()
  forEachLine(output, (bytes, start, end) => {
    let number = start
    while (bytes[number] === SPACE) number++
    const space = bytes.indexOf(SPACE, number)
    digest.add(bytes, space + 1, end, parseWhole(bytes, number, space))
  })
  return digest.answer()
}

/** Lines in any order, without the header row that each part starts with. */
export const readRows: AnswerReader = (output) => {
  const digest = new MultisetDigest()
  forEachRow(output, (bytes, start, end) => digest.add(bytes, start, end, 0))
  return digest.answer()
}

/** Lines in any order. */
export const readLines: AnswerReader = (output) => {
  const digest = new MultisetDigest()
  forEachLine(output, (bytes, start, end) => digest.add(bytes, start, end, 0))
  return digest.answer()
}

/** Lines in exactly this order. */
export const readOrderedLines: AnswerReader = (output) => {
  const hash = createHash('sha1')
  let records = 0
  forEachChunk(output, (chunk) => {
    hash.update(chunk)
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) records++
  })
  return { kind: 'digest', records, digest: hash.digest('hex') }
}

/** `key,number,number,…` per line after a header row; keys without commas and quotes. Few enough to keep in memory. */
export const readTable: AnswerReader = (output) => {
  const rows = new Map<string, number[]>()
  for (const file of partsOf(output)) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      if (line === '') continue
      const [key, ...numbers] = line.split(',')
      if (rows.has(key!)) throw new Error(`The answer has group ${key} twice.`)
      rows.set(key!, numbers.map(Number))
    }
  }
  return { kind: 'table', rows }
}

/** Lines in exactly this order, without the header row that each part starts with. */
export const readOrderedRows: AnswerReader = (output) => {
  const hash = createHash('sha1')
  let records = 0
  forEachRow(output, (bytes, start, end) => {
    hash.update(bytes.subarray(start, end + 1))
    records++
  })
  return { kind: 'digest', records, digest: hash.digest('hex') }
}

/**
 * Rows of CSV in any order, as many as there are: how many, and for each column the sum of its numbers and that of its texts' hashes, which are
 * numbers, too.
 */
export const readTotals: AnswerReader = (output) => {
  const totals: number[] = []
  let records = 0
  forEachRow(output, (bytes, start, end) => {
    records++
    const cells = cellsOf(bytes.toString('latin1', start, end))
    for (const [i, cell] of cells.entries()) {
      const number = Number(cell)
      totals[i] = (totals[i] ?? 0) + (cell === '' || !Number.isFinite(number) ? hashOf(cell) : number)
    }
  })
  return { kind: 'table', rows: new Map([['all rows', [records, ...totals]]]) }
}

/** As readTotals, of Parquet: DuckDB reads it. */
export const readParquetTotals: AnswerReader = (output) => {
  const files = statSync(output).isDirectory() ? `${output}/**/*.parquet` : output
  const csv = `${output}.csv`
  const sql = `COPY (FROM read_parquet(${quote(files)})) TO ${quote(csv)} (FORMAT csv, HEADER)`
  const options = { threads: 2, memoryBytes: 4e9, temp: `${output}.temp`, sql: [sql] }
  const [node, ...args] = peerScript('duckdb.js') as [string, ...string[]]
  execFileSync(node, [...args, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit'] })
  return readTotals(csv)
}

function hashOf(text: string): number {
  let hash = 0x2f0b4c47
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash) >>> 0
}

/** Rows of CSV in this order, after a header row; no line ends in fields. Numbers may differ in their last digits, or in how many they have. */
export const readOrderedTable: AnswerReader = (output) => {
  const rows = new Map<string, number[]>()
  for (const file of partsOf(output)) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      if (line === '') continue
      const cells = cellsOf(line)
      const isNumber = (cell: string) => cell !== '' && Number.isFinite(Number(cell))
      const texts = cells.map((cell) => (isNumber(cell) ? '#' : cell))
      rows.set(`${rows.size} ${texts.join()}`, cells.filter(isNumber).map(Number))
    }
  }
  return { kind: 'table', rows }
}

/** Quoted or not. */
function cellsOf(line: string): string[] {
  const cells = `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!)
}

/** For oracles: counts as `readCounts` reads them. */
export function answerOfCounts(counts: Map<string, number>): Answer {
  const digest = new MultisetDigest()
  for (const [key, count] of counts) {
    const bytes = Buffer.from(key)
    digest.add(bytes, 0, bytes.length, count)
  }
  return digest.answer()
}

/** For oracles: lines as `readLines` reads them, in any order. */
export function answerOfLines(lines: Iterable<string>): Answer {
  const digest = new MultisetDigest()
  for (const line of lines) {
    const bytes = Buffer.from(line)
    digest.add(bytes, 0, bytes.length, 0)
  }
  return digest.answer()
}

/** For oracles: lines as `readOrderedLines` reads them. */
export function answerOfOrderedLines(lines: readonly string[]): Answer {
  const hash = createHash('sha1')
  for (const line of lines) hash.update(`${line}\n`, 'latin1')
  return { kind: 'digest', records: lines.length, digest: hash.digest('hex') }
}

/**
 * Does not depend on the order of records: two 32-bit hashes of each record (Murmur 3's steps, byte by byte), summed.
 */
class MultisetDigest {
  private records = 0
  private sum1 = 0
  private sum2 = 0

  add(bytes: Uint8Array, start: number, end: number, count: number): void {
    let h1 = 0x2f0b4c47
    let h2 = 0x7ed55d16
    for (let i = start; i < end; i++) {
      h1 = Math.imul(h1 ^ bytes[i]!, 0x01000193)
      h2 = Math.imul((h2 << 5) ^ (h2 >>> 27) ^ bytes[i]!, 0x5bd1e995)
    }
    this.sum1 = (this.sum1 + mix(h1 ^ mix(count | 0))) | 0
    this.sum2 = (this.sum2 + mix(h2 ^ mix(Math.floor(count / 0x1_0000_0000) ^ Math.imul(count | 0, 0x9e3779b1)))) | 0
    this.records++
  }

  answer(): Answer {
    const hex = (n: number) => (n >>> 0).toString(16).padStart(8, '0')
    return { kind: 'digest', records: this.records, digest: hex(this.sum1) + hex(this.sum2) }
  }
}

function mix(bits: number): number {
  let h = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function parseWhole(bytes: Uint8Array, start: number, end: number): number {
  let n = 0
  for (let i = start; i < end; i++) n = n * 10 + bytes[i]! - 48
  return n
}

/** The files of an output in the order of their names, without `_SUCCESS` and hidden files. */
function partsOf(output: string): string[] {
  if (!statSync(output).isDirectory()) return [output]
  return readdirSync(output)
    .filter((name) => !/^[._]/.test(name))
    .sort()
    .map((name) => join(output, name))
}

function forEachChunk(output: string, visit: (chunk: Buffer) => void): void {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (const path of partsOf(output)) {
    const file = openSync(path, 'r')
    try {
      for (let n = readSync(file, buffer); n > 0; n = readSync(file, buffer)) visit(buffer.subarray(0, n))
    } finally {
      closeSync(file)
    }
  }
}

/** Lines after the header row that each part starts with. */
function forEachRow(output: string, visit: (bytes: Buffer, start: number, end: number) => void): void {
  for (const part of partsOf(output)) {
    let isHeader = true
    forEachLine(part, (bytes, start, end) => {
      if (!isHeader) visit(bytes, start, end)
      isHeader = false
    })
  }
}

/** Lines without their line ends, as ranges of a reused buffer. A line end follows each, also where the output has none at its end. */
function forEachLine(output: string, visit: (bytes: Buffer, start: number, end: number) => void): void {
  let carried = Buffer.alloc(0)
  forEachChunk(output, (chunk) => {
    let start = 0
    if (carried.length > 0) {
      const first = chunk.indexOf(NEWLINE)
      carried = Buffer.concat([carried, first < 0 ? chunk : chunk.subarray(0, first + 1)])
      if (first < 0) return
      visit(carried, 0, carried.length - 1)
      carried = Buffer.alloc(0)
      start = first + 1
    }
    for (let end = chunk.indexOf(NEWLINE, start); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      visit(chunk, start, end)
      start = end + 1
    }
    carried = Buffer.from(chunk.subarray(start))
  })
  if (carried.length > 0) visit(Buffer.concat([carried, Buffer.of(NEWLINE)]), 0, carried.length)
}
