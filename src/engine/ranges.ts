/**
 * Ranges of keys: how the readers of a sorted exchange divide it. Its runs have one partition, and each reader takes the keys of its range
 * out of all of them, so the bounds can follow from rows that are written already.
 */
import type { KeyRange } from '../kernels/kernels.js'
import type { StageResult } from './task.js'

/** Bytes of keys and rows per range. Fixed, because the number of parts must not depend on the machine. */
const RANGE_BYTES = 32 * 2 ** 20
const MAX_RANGES = 256
/** Values in a sample: kMostValues in native/record/row_sample.h. */
const MOST_VALUES = 2048

/** A range of keys, and about how many rows have them. */
export interface Range {
  keys: KeyRange
  rows: number
}

/**
 * Ranges, ascending. They depend on the rows alone: not on the tasks that wrote them.
 *
 * @param asked how many; null: by the number of bytes
 */
export function rangesOf(results: readonly StageResult[], asked: number | null): Range[] {
  const runs = results.flatMap((result) => result.runs)
  const bytes = runs.reduce((sum, run) => sum + run.partitions[0]!.bytes, 0)
  const count = asked ?? Math.max(1, Math.min(MAX_RANGES, Math.floor(bytes / RANGE_BYTES)))
  const rows = runs.reduce((sum, run) => sum + run.records, 0)
  if (count === 1) return [{ keys: {}, rows }]
  const values = united(results.flatMap(({ sample }) => (sample ? [decodeSample(sample)] : [])))
  // A key that many rows have leaves fewer ranges, unless so many parts are asked for.
  const isNeeded = (bound: Cut, i: number, bounds: Cut[]) => asked !== null || i === 0 || bound !== bounds[i - 1]
  const bounds = boundsBetween(values, count).filter(isNeeded)
  const sampled = sumOf(values)
  return Array.from({ length: bounds.length + 1 }, (_, i) => {
    const [from, to] = [bounds[i - 1], bounds[i]]
    const share = ((to?.before ?? sampled) - (from?.before ?? 0)) / sampled
    const keys = { ...(from ? { from: from.key } : {}), ...(to ? { to: to.key } : {}) }
    return { keys, rows: sampled === 0 ? 0 : Math.round(rows * share) }
  })
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
    // The nearest one: a key that many rows have is all before a bound, or all behind it.
    while (next + 1 < cuts.length && cuts[next + 1]!.before - wanted <= wanted - cuts[next]!.before) next++
    return cuts[next] ?? NO_CUT
  })
}

/** Each key but the first; if there is only one key, that one. */
function cutsOf(values: readonly SampledValue[]): Cut[] {
  const cuts: Cut[] = []
  let before = 0
  for (const { key, rows } of values.toSorted((a, b) => Buffer.compare(a.key, b.key))) {
    const last = cuts.at(-1)
    if (!last || Buffer.compare(last.key, key) !== 0) cuts.push({ key: key.slice(), before })
    before += rows
  }
  return cuts.length > 1 ? cuts.slice(1) : cuts
}

function sumOf(values: readonly SampledValue[]): number {
  return values.reduce((sum, { rows }) => sum + rows, 0)
}
