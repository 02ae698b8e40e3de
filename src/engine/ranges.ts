/**
 * Ranges of keys: how the readers of a sorted exchange divide it. Its runs have one partition, and each reader takes the keys of its range
 * out of all of them, so the bounds can follow from rows that are written already.
 */
import type { KeyRange } from '../kernels/kernels.js'
import type { StageResult } from './task.js'

const MAX_RANGES = 256
/** Values in a sample: kMostValues in native/record/row_sample.h. */
const MOST_VALUES = 2048

/** Rows of one key are divided into at most so many shares. */
const MAX_SHARES = 256
/** Longer keys are cut in samples: kKeyBytes in native/record/row_sample.h. */
const MAX_KEY_BYTES = 1024

/** A range of keys, or a share of the rows of one, and about how many rows that is. */
export interface Range {
  keys: KeyRange
  rows: number
}

/** How ranges are made. */
export interface Division {
  /** How many; null: by the number of bytes. */
  asked: number | null
  /** Keys and rows of a range, if no number is asked for. */
  rangeBytes: number
  /** A key with rows for several shares of this size is divided into as many, whatever is asked; null: each key has one reader. */
  shareBytes: number | null
}

/** Ranges, ascending. They depend on the rows alone: not on the tasks that wrote them. */
export function rangesOf(results: readonly StageResult[], { asked, rangeBytes, shareBytes }: Division): Range[] {
  const runs = results.flatMap((result) => result.runs)
  const bytes = runs.reduce((sum, run) => sum + run.partitions[0]!.bytes, 0)
  const count = asked ?? Math.max(1, Math.min(MAX_RANGES, Math.floor(bytes / rangeBytes)))
  const rows = runs.reduce((sum, run) => sum + run.records, 0)
  const mayDivide = shareBytes !== null && bytes >= 2 * shareBytes
  if (count === 1 && !mayDivide) return [{ keys: {}, rows }]
  const values = united(results.flatMap(({ sample }) => (sample ? [decodeSample(sample)] : [])))
  const large = mayDivide ? largeKeys(values, bytes, shareBytes) : []
  // A key that many rows have leaves fewer ranges, unless so many parts are asked for.
  const isNeeded = (bound: Cut, i: number, bounds: Cut[]) => asked !== null || i === 0 || bound !== bounds[i - 1]
  const bounds = withEdges(boundsBetween(values, count).filter(isNeeded), large)
  const sampled = sumOf(values)
  return Array.from({ length: bounds.length + 1 }, (_, i) => {
    const [from, to] = [bounds[i - 1], bounds[i]]
    const share = ((to?.before ?? sampled) - (from?.before ?? 0)) / sampled
    const keys = { ...(from ? { from: from.key } : {}), ...(to ? { to: to.key } : {}) }
    return { keys, rows: sampled === 0 ? 0 : Math.round(rows * share) }
  }).flatMap((range) => sharesOf(range, large))
}

interface SampledValue {
  hash: bigint
  rows: number
  key: Uint8Array
}

interface Sample {
  /** Of the hashes of all values. */
  zeroBits: number
  values: SampledValue[]
}

function decodeSample(bytes: Uint8Array): Sample {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: SampledValue[] = []
  for (let at = 4; at < bytes.length; ) {
    const hash = view.getBigUint64(at, true)
    const rows = Number(view.getBigUint64(at + 8, true))
    const start = at + 20
    const end = start + view.getUint32(at + 16, true)
    values.push({ hash, rows, key: bytes.subarray(start, end) })
    at = end
  }
  return { zeroBits: view.getUint32(0, true), values }
}

/** What one sample of all rows would have kept. */
function united(samples: readonly Sample[]): SampledValue[] {
  const all = new Map<bigint, SampledValue>()
  let zeroBits = samples.reduce((most, sample) => Math.max(most, sample.zeroBits), 0)
  const isKept = (hash: bigint) => BigInt.asUintN(zeroBits, hash) === 0n
  for (const { values } of samples) {
    for (const value of values) {
      if (!isKept(value.hash)) continue
      const known = all.get(value.hash)
      if (known) known.rows += value.rows
      else all.set(value.hash, { ...value })
    }
  }
  while (all.size > MOST_VALUES) {
    zeroBits++
    for (const hash of all.keys()) if (!isKept(hash)) all.delete(hash)
  }
  return [...all.values()]
}

/** A key with so many rows that several readers share them. */
interface LargeKey {
  from: Cut
  /** The key that follows it. */
  to: Cut
  shares: number
}

function largeKeys(values: readonly SampledValue[], bytes: number, leastBytes: number): LargeKey[] {
  const shareBytes = Math.max(leastBytes, bytes / MAX_SHARES)
  const sampled = sumOf(values)
  const cuts = allCuts(values)
  return cuts.flatMap((from, i) => {
    const end = cuts[i + 1]?.before ?? sampled
    const shares = Math.floor((bytes * (end - from.before)) / sampled / shareBytes)
    if (shares < 2 || from.key.length >= MAX_KEY_BYTES) return []
    const next = new Uint8Array(from.key.length + 1)
    next.set(from.key)
    return [{ from, to: { key: next, before: end }, shares }]
  })
}

/** So that large keys have ranges of their own. */
function withEdges(bounds: Cut[], large: readonly LargeKey[]): Cut[] {
  if (large.length === 0) return bounds
  const all = [...bounds, ...large.flatMap(({ from, to }) => [from, to])].sort((a, b) => Buffer.compare(a.key, b.key))
  return all.filter(({ key }, i) => i === 0 || Buffer.compare(key, all[i - 1]!.key) !== 0)
}

function sharesOf(range: Range, large: readonly LargeKey[]): Range[] {
  const { keys, rows } = range
  const key = large.find(({ from }) => keys.from && Buffer.compare(keys.from, from.key) === 0)
  if (!key) return [range]
  const of = key.shares
  return Array.from({ length: of }, (_, index) => ({
    keys: { ...keys, share: { index, of } },
    rows: Math.round(rows / of),
  }))
}

/** A key, and how many sampled rows are before it. */
interface Cut {
  key: Uint8Array
  before: number
}

const NO_CUT: Cut = { key: new Uint8Array(), before: 0 }

/** So many keys less one, that ranges have about equally many rows; fewer keys than that repeat. */
function boundsBetween(values: readonly SampledValue[], ranges: number): Cut[] {
  const cuts = cutsOf(values)
  const total = sumOf(values)
  let next = 0
  return Array.from({ length: ranges - 1 }, (_, i) => {
    const wanted = ((i + 1) * total) / ranges
    // The nearest one: a key that many rows have is all before a bound, or all after it.
    while (next + 1 < cuts.length && cuts[next + 1]!.before - wanted <= wanted - cuts[next]!.before) next++
    return cuts[next] ?? NO_CUT
  })
}

/** Each key but the first; if there is only one key, that one. */
function cutsOf(values: readonly SampledValue[]): Cut[] {
  const cuts = allCuts(values)
  return cuts.length > 1 ? cuts.slice(1) : cuts
}

function allCuts(values: readonly SampledValue[]): Cut[] {
  const cuts: Cut[] = []
  let before = 0
  for (const { key, rows } of values.toSorted((a, b) => Buffer.compare(a.key, b.key))) {
    const last = cuts.at(-1)
    if (!last || Buffer.compare(last.key, key) !== 0) cuts.push({ key: key.slice(), before })
    before += rows
  }
  return cuts
}

function sumOf(values: readonly SampledValue[]): number {
  return values.reduce((sum, { rows }) => sum + rows, 0)
}
