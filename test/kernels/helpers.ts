/**
 * What the kernel tests share. Bytes are written as latin1 text ("binary strings"): they print well, and `<` on them is
 * memcmp order.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import {
  type BytesColumn,
  type Collector,
  type CollectorOptions,
  type Cursor,
  fromNative,
  kernels,
  type Layout,
  type RecordBatch,
} from '../../dist/src/kernels/addon.js'

export type Value = number | string
export interface Rec {
  key: string
  values: Value[]
}

export const bytes = (latin1: string): Buffer => Buffer.from(latin1, 'latin1')
export const binary = (data: Uint8Array): string => Buffer.from(data).toString('latin1')
/** The UTF-8 bytes of a text, as a binary string. */
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** memcmp order of binary strings. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function bytesColumn(parts: string[]): BytesColumn {
  const ends = new Uint32Array(parts.length)
  let end = 0
  parts.forEach((part, i) => {
    end += part.length
    ends[i] = end
  })
  return { bytes: bytes(parts.join('')), ends }
}

/** Records as a batch to add. */
export function batchOf(records: Rec[], layout: Layout, partitions?: number[]): RecordBatch {
  const batch: RecordBatch = {
    keys: bytesColumn(records.map((record) => record.key)),
    columns: layout.map((kind, c) =>
      kind === 'number'
        ? Float64Array.from(records, (record) => record.values[c] as number)
        : bytesColumn(records.map((record) => record.values[c] as string)),
    ),
  }
  if (partitions) batch.partitions = Uint32Array.from(partitions)
  return batch
}

/** An empty batch to read into. */
export function roomFor(layout: Layout, records: number, byteCount: number): RecordBatch {
  const column = () => ({ bytes: new Uint8Array(byteCount), ends: new Uint32Array(records) })
  return {
    keys: column(),
    columns: layout.map((kind) => (kind === 'number' ? new Float64Array(records) : column())),
    groupStarts: new Uint8Array(records),
  }
}

export interface ReadRec extends Rec {
  groupStart: boolean
  partition?: number
}

export interface ReadAllOptions {
  prefixGrouping?: boolean
  /** Records a batch. */
  room?: number
  byteCount?: number
  /** Record the partitions of the cursor. */
  partitions?: boolean
}

/** All records of a cursor, read batch by batch. */
export function readAll(cursor: Cursor, layout: Layout, options: ReadAllOptions = {}): ReadRec[] {
  const { prefixGrouping = false, room = 100, byteCount = 1 << 16 } = options
  const records: ReadRec[] = []
  const batch = roomFor(layout, room, byteCount)
  for (;;) {
    const partition = options.partitions ? { partition: cursor.partition } : {}
    const result = cursor.read(batch, layout, { prefixGrouping, maxRecords: room })
    if (result.count === 0) return records
    const keys = column(batch.keys, result.count)
    const columns = batch.columns.map((c) => (c instanceof Float64Array ? [...c] : column(c, result.count)))
    for (let i = 0; i < result.count; i++) {
      records.push({
        key: keys[i]!,
        values: columns.map((values) => values[i]!),
        groupStart: batch.groupStarts![i] === 1,
        ...partition,
      })
    }
  }
}

/** Sorts and reads a collector, and frees it: garbage collection does not see native memory. */
export function drain(collector: Collector, layout: Layout, options: ReadAllOptions = {}): ReadRec[] {
  const cursor = collector.sorted()
  try {
    return readAll(cursor, layout, options)
  } finally {
    cursor.close()
    collector.close()
  }
}

function column({ bytes: data, ends }: BytesColumn, count: number): string[] {
  return Array.from({ length: count }, (_, i) => binary(data.subarray(i === 0 ? 0 : ends[i - 1], ends[i])))
}

export const plain = ({ key, values }: Rec): Rec => ({ key, values })

export function newCollector(options: Partial<CollectorOptions> = {}): Collector {
  return kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout: [],
    partitionBy: 'hash',
    partitions: 1,
    ...options,
  })
}

/** Anything that takes chunks: mappers, filters, readers. */
interface Pushable<T> {
  push(chunk: Uint8Array, limit: number, last: boolean): T
}

/** Pushes `data`, cut at `cuts`, to its end or until `stop` says that no more is wanted. */
export function pushAll<T>(
  target: Pushable<T>,
  data: Uint8Array,
  cuts: number[],
  limit: number,
  stop: (answer: T) => boolean,
): T[] {
  const borders = [...new Set(cuts.map((cut) => Math.min(cut, data.length)))].sort((a, b) => a - b)
  // `data.length` among the cuts makes the last chunk an empty one.
  const ends = [...borders, data.length]
  const answers: T[] = []
  let start = 0
  for (const [i, end] of ends.entries()) {
    // A copy of exactly the chunk's size: reading past it is then an error that AddressSanitizer sees.
    const chunk = Uint8Array.prototype.slice.call(data, start, end)
    answers.push(target.push(chunk, limit, i === ends.length - 1))
    if (stop(answers.at(-1)!)) break
    start = end
  }
  return answers
}

/** The code and the other native properties of the error that `work` throws. */
export function failure(work: () => unknown): { code: string; params: Record<string, unknown> } | undefined {
  try {
    work()
  } catch (error) {
    const converted = fromNative(error) as { code: string; params: Record<string, unknown> }
    return { code: converted.code, params: converted.params }
  }
  return undefined
}

const folder = mkdtempSync(join(tmpdir(), 'runjob-kernels-'))
let files = 0
// Thousands of files take their time on a busy disk.
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

/** An unused path, removed after the tests. */
export const newPath = (): string => join(folder, `${files++}.run`)

/** Which of `partitions` a key's hash picks: native/record/partition.h. */
export const partitionOf = (key: string, partitions: number): number =>
  Number((kernels.hashKey(bytes(key)) * BigInt(partitions)) >> 64n)

/** native/record/key_encoding.h */
export const prefixOf = (group: string): string => `${group.replaceAll('\0', '\0\xff')}\0\x01`
