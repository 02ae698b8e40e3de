/** Input files -> the byte ranges that tasks read. */
import type { Format } from '../../plan/plan.js'
import { type InputFile, isWhole } from './input_file.js'

/** A byte range of an input file: the records that start inside it. */
export interface Split {
  /** Index into the files. */
  file: number
  /** Inclusive. */
  start: number
  /** Exclusive. */
  end: number
}

export interface SplitGroup {
  splits: Split[]
  /** Bytes on disk, of all splits. */
  bytes: number
}

/** The cost of opening a file, as bytes that could be read instead: a task must not get thousands of tiny files. */
const OPEN_COST_BYTES = 16 * 1024

/**
 * Cuts files into groups of splits of about `targetBytes` each, in the order of the files.
 *
 * A larger file becomes splits of nearly equal size, a group each; smaller files that follow one another share a group. A file that can
 * only be read as a whole is one split, whatever its size. Empty files have none.
 */
export function planSplits(files: readonly InputFile[], targetBytes: number): SplitGroup[] {
  const groups: SplitGroup[] = []
  let group: SplitGroup = { splits: [], bytes: 0 }
  const endGroup = () => {
    if (group.splits.length > 0) groups.push(group)
    group = { splits: [], bytes: 0 }
  }
  for (const [file, input] of files.entries()) {
    const { sizeBytes } = input
    if (sizeBytes === 0) continue
    if (sizeBytes > targetBytes) {
      endGroup()
      const ranges = isWhole(input) ? 1 : Math.max(1, Math.round(sizeBytes / targetBytes))
      for (let range = 0; range < ranges; range++) {
        const start = Math.floor((sizeBytes / ranges) * range)
        const end = range === ranges - 1 ? sizeBytes : Math.floor((sizeBytes / ranges) * (range + 1))
        groups.push({ splits: [{ file, start, end }], bytes: end - start })
      }
      continue
    }
    const cost = group.bytes + (group.splits.length + 1) * OPEN_COST_BYTES + sizeBytes
    if (group.splits.length > 0 && cost > targetBytes) endGroup()
    group.splits.push({ file, start: 0, end: sizeBytes })
    group.bytes += sizeBytes
  }
  endGroup()
  return groups
}

/** Whether a record may contain a line end, or what ends a block: then the start of a range's first record is a guess. */
export function hasGuessedStarts(format: Format): boolean {
  if (format.kind === 'avro') return true
  return format.kind === 'csv' && (format.quote !== null || format.escape !== null)
}
