/** Measures each native kernel on its own, in one thread, from memory to memory or to a run file. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AggregateSpec,
  type BytesColumn,
  type Collector,
  type CollectorOptions,
  type Cursor,
  kernels,
  type Layout,
  type MapperSpec,
  type RecordBatch,
} from '../src/kernels/addon.js'
import { ensureLowercaseTable } from '../src/kernels/unicode.js'
import type { Fill } from './data/blocks.js'
import { identifiers } from './data/identifiers.js'
import { sortLines } from './data/lines.js'
import { prose } from './data/prose.js'
import { sales } from './data/sales.js'
import { stations } from './data/stations.js'

export interface KernelCase {
  name: string
  /** The input of one run. */
  bytes: number
  records: number
  before?: () => void
  /** @returns the number of records that it saw, which must be `records` */
  run: () => number
  after?: () => void
}

const CHUNK_BYTES = 1 << 20
const PARTITIONS = 8
const RUNS = 8
const NEWLINE = 10
const countRecords: AggregateSpec[] = [{ fn: 'count', column: -1, kind: 'number' }]
const summary: AggregateSpec[] = (['count', 'sum', 'min', 'mean', 'max'] as const).map((fn) => ({
  fn,
  column: 0,
  kind: 'number',
}))
const numberLayout: Layout = ['number']
const ascending = { descending: false }

/** @param folder for run files */
export function kernelCases(byteCount: number, folder: string): KernelCase[] {
  ensureLowercaseTable()
  return [
    ...mapperCases(byteCount),
    ...readerCases(byteCount),
    ...batchCases(byteCount),
    ...runCases(byteCount, folder),
  ]
}

/** The speed of copying memory: the limit of every kernel that writes what it reads. */
export function copyCase(byteCount: number): KernelCase {
  const from = Buffer.alloc(byteCount, 1)
  const to = Buffer.alloc(byteCount)
  return { name: 'memcpy', bytes: byteCount, records: byteCount, run: () => from.copy(to) }
}

function mapperCases(byteCount: number): KernelCase[] {
  const wordsOp: MapperSpec = { op: 'words', lowercase: true }
  const countWords: Partial<CollectorOptions> = { mode: 'hash', aggregates: countRecords }
  const summarise: Partial<CollectorOptions> = { mode: 'hash', aggregates: summary, layout: numberLayout }
  const fields = (delimiter: string, key: number, value: number, skipHeader: boolean): MapperSpec => ({
    op: 'fields',
    delimiter,
    quote: '"',
    keys: [key],
    values: [{ kind: 'number', columns: [value] }],
    skipHeader,
    skipBom: false,
  })
  const words = (name: string, text: Buffer) => mapperCase(name, text, countOf(text, /\S+/g), wordsOp, countWords)
  const stationRows = (groups: number) => {
    const text = contentOf(stations(Math.ceil(byteCount / 14), groups, 1), byteCount)
    return mapperCase(`fields, ${groups} groups`, text, countLines(text), fields(';', 0, 1, false), summarise)
  }
  const salesRows = contentOf(sales(byteCount, 1), byteCount)
  const lines = contentOf(sortLines(Math.ceil(byteCount / 100), 1), byteCount)
  return [
    words('words, prose', contentOf(prose('latin', byteCount, 1), byteCount)),
    words('words, many different', contentOf(identifiers(byteCount, 1), byteCount)),
    words('words, Cyrillic', contentOf(prose('cyrillic', byteCount, 1), byteCount)),
    stationRows(413),
    stationRows(10_000),
    mapperCase('fields, 2 of 12 quoted', salesRows, countOrders(salesRows), fields(',', 5, 10, true), summarise),
    mapperCase('lines, append', lines, countLines(lines), { op: 'lines' }, { mode: 'append' }),
  ]
}

function mapperCase(
  name: string,
  text: Buffer,
  records: number,
  spec: MapperSpec,
  options: Partial<CollectorOptions>,
): KernelCase {
  return {
    name,
    bytes: text.length,
    records,
    run: () => {
      const collector = newCollector(options)
      const mapper = mapInto(collector, spec, text)
      collector.close()
      return mapper.recordsOut
    },
  }
}

function readerCases(byteCount: number): KernelCase[] {
  const lines = contentOf(prose('latin', byteCount, 1), byteCount)
  const rows = contentOf(sales(byteCount, 1), byteCount)
  const hash = kernels.xxh64(lines, 0n)
  return [
    {
      name: 'line filter',
      bytes: lines.length,
      records: countLines(lines),
      run: () => {
        const filter = kernels.createLineFilter({ literal: Buffer.from('needle'), invert: false, ignoreCase: false })
        forEachChunk(lines, (chunk, last) => filter.push(chunk, Number.POSITIVE_INFINITY, last))
        return filter.recordsIn
      },
    },
    {
      name: 'csv reader',
      bytes: rows.length,
      // The header counts as a row.
      records: countOrders(rows) + 1,
      run: () => {
        const reader = kernels.createCsvReader({ delimiter: ',', quote: '"', skipBom: false })
        let seen = 0
        forEachChunk(rows, (chunk, last) => {
          seen += reader.push(chunk, Number.POSITIVE_INFINITY, last).block.rows
        })
        return seen
      },
    },
    {
      name: 'xxh64',
      bytes: lines.length,
      records: 1,
      run: () => (kernels.xxh64(lines, 0n) === hash ? 1 : 0),
    },
  ]
}

/** Records from JavaScript, as `emit` adds them. */
function batchCases(byteCount: number): KernelCase[] {
  const text = contentOf(prose('latin', byteCount, 1), byteCount)
  const batch = wordBatch(text, 1 << 16)
  const count = batch.keys.ends.length
  const rounds = Math.max(1, Math.floor(text.length / batch.keys.bytes.length))
  const addAll = (options: Partial<CollectorOptions>) => () => {
    const collector = newCollector({ layout: numberLayout, ...options })
    for (let round = 0; round < rounds; round++) collector.add(batch, count)
    const { recordsIn } = collector
    collector.close()
    return recordsIn
  }
  const size = { bytes: rounds * batch.keys.bytes.length, records: rounds * count }
  const sums: AggregateSpec[] = [{ fn: 'sum', column: 0, kind: 'number' }]
  return [
    { name: 'add, hash', ...size, run: addAll({ mode: 'hash', aggregates: sums }) },
    { name: 'add, append', ...size, run: addAll({ mode: 'append' }) },
  ]
}

function runCases(byteCount: number, folder: string): KernelCase[] {
  const lines = contentOf(sortLines(Math.ceil(byteCount / 100), 1), byteCount)
  const lineCount = countLines(lines)
  const words = contentOf(identifiers(byteCount, 1), byteCount)
  const scratch = join(folder, 'scratch.run')
  const paths = (kind: string) => Array.from({ length: RUNS }, (_, i) => join(folder, `${kind}-${i}.run`))
  const linePaths = paths('lines')
  const wordPaths = paths('words')

  const lineCollector = () => {
    const collector = newCollector({ mode: 'append', partitions: 1 })
    mapInto(collector, { op: 'lines' }, lines)
    return collector
  }
  const wordCollector = () => {
    const collector = newCollector({ mode: 'hash', aggregates: countRecords, partitions: 1 })
    mapInto(collector, { op: 'words', lowercase: true }, words)
    return collector
  }

  // The runs that the other cases read: the same records in each, an eighth of the bytes in all.
  const slice = (text: Buffer, i: number) => {
    const cut = (n: number) => text.indexOf(NEWLINE, Math.floor((text.length * n) / RUNS) - 1) + 1
    return text.subarray(i === 0 ? 0 : cut(i), i === RUNS - 1 ? text.length : cut(i + 1))
  }
  let wordRecords = 0
  for (let i = 0; i < RUNS; i++) {
    spillInto(linePaths[i]!, slice(lines, i), { op: 'lines' }, { mode: 'append' })
    const spec: MapperSpec = { op: 'words', lowercase: true }
    wordRecords += spillInto(wordPaths[i]!, slice(words, i), spec, { mode: 'hash', aggregates: countRecords })
  }
  const wordBytes = wordPaths.reduce((sum, path) => sum + kernels.readRunInfo(path).partitions[0]!.bytes, 0)

  const spillCase = (name: string, make: () => Collector, bytes: number): KernelCase => {
    let collector = make()
    const records = collector.entries
    collector.close()
    return {
      name,
      bytes,
      records,
      before: () => {
        collector = make()
      },
      run: () => collector.spill(scratch, '{}').records,
      after: () => {
        collector.close()
        rmSync(scratch, { force: true })
      },
    }
  }
  const lineSize = { bytes: lines.length - lineCount, records: lineCount }
  const merged = (name: string, drain: (cursor: Cursor) => void): KernelCase => ({
    name,
    ...lineSize,
    run: () => withCursor(kernels.openRuns(linePaths, 0, ascending), drain),
    after: () => rmSync(scratch, { force: true }),
  })
  const room = { keys: emptyColumn(1 << 14, 1 << 20), columns: [], groupStarts: new Uint8Array(1 << 14) }
  return [
    spillCase('sort and spill, lines', lineCollector, lineSize.bytes),
    spillCase('sort and spill, counts', wordCollector, words.length),
    merged(`merge ${RUNS} runs, read`, (cursor) => {
      while (cursor.read(room, [], { prefixGrouping: false, maxRecords: 1 << 14 }).count > 0);
    }),
    merged(`merge ${RUNS} runs, write`, (cursor) => {
      const writer = kernels.createRunWriter(scratch, 1, lines.length)
      cursor.writeTo(writer, 0)
      writer.finish('{}')
    }),
    merged(`merge ${RUNS} runs, format`, (cursor) => {
      while (cursor.format({ kind: 'text', key: 'bytes', layout: [] }, 1 << 20).length > 0);
    }),
    {
      name: `merge ${RUNS} runs, aggregate`,
      bytes: wordBytes,
      records: wordRecords,
      run: () => {
        const cursor = kernels.openRuns(wordPaths, 0, ascending).aggregate(countRecords, true)
        while (cursor.format({ kind: 'tsv', key: 'bytes', layout: numberLayout }, 1 << 20).length > 0);
        const { recordsIn } = cursor
        cursor.close()
        return recordsIn
      },
    },
  ]
}

/** Writes one run; returns how many records it has. */
function spillInto(path: string, text: Buffer, spec: MapperSpec, options: Partial<CollectorOptions>): number {
  const collector = newCollector({ partitions: 1, ...options })
  mapInto(collector, spec, text)
  const { records } = collector.spill(path, '{}')
  collector.close()
  return records
}

function mapInto(collector: Collector, spec: MapperSpec, text: Buffer) {
  const mapper = kernels.createMapper(spec, collector)
  forEachChunk(text, (chunk, last) => mapper.push(chunk, Number.POSITIVE_INFINITY, last))
  return mapper
}

function withCursor(cursor: Cursor, drain: (cursor: Cursor) => void): number {
  drain(cursor)
  const { recordsOut } = cursor
  cursor.close()
  return recordsOut
}

function newCollector(options: Partial<CollectorOptions>): Collector {
  return kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout: [],
    partitionBy: 'hash',
    partitions: PARTITIONS,
    ...options,
  })
}

function forEachChunk(text: Buffer, push: (chunk: Buffer, last: boolean) => void): void {
  for (let from = 0; from < text.length; from += CHUNK_BYTES) {
    push(text.subarray(from, from + CHUNK_BYTES), from + CHUNK_BYTES >= text.length)
  }
}

/** The first words of a text as a batch of keys, each with the number 1. */
function wordBatch(text: Buffer, count: number): RecordBatch & { keys: BytesColumn } {
  const words = text.toString('latin1', 0, 16 * count).split(/\s+/, count)
  const ends = new Uint32Array(words.length)
  let end = 0
  words.forEach((word, i) => {
    end += word.length
    ends[i] = end
  })
  const bytes = Buffer.from(words.join(''), 'latin1')
  return { keys: { bytes, ends }, columns: [new Float64Array(words.length).fill(1)] }
}

function emptyColumn(records: number, byteCount: number): BytesColumn {
  return { bytes: new Uint8Array(byteCount), ends: new Uint32Array(records) }
}

/** A generator's output, in memory. */
function contentOf(fill: Fill, byteCount: number): Buffer {
  const parts: Buffer[] = []
  const bytes = new Uint8Array(CHUNK_BYTES)
  const block = { bytes, view: new DataView(bytes.buffer) }
  for (let used = fill(block), sum = 0; used > 0 && sum < byteCount; used = fill(block)) {
    sum += used
    parts.push(Buffer.from(bytes.subarray(0, used)))
  }
  return Buffer.concat(parts)
}

function countLines(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++
  return count
}

/** Counts rows of sales: only a row, not a line within a field, starts with a number of seven digits. */
function countOrders(text: Buffer): number {
  return countOf(text, /^\d{7},/gm)
}

function countOf(text: Buffer, pattern: RegExp): number {
  let count = 0
  for (const _ of text.toString('utf8').matchAll(pattern)) count++
  return count
}
