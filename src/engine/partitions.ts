/** The partitions of exchanges: how many, and which keys divide them. */
import type { InputFile } from '../io/input/input_file.js'
import type { Exchange, Plan } from '../plan/plan.js'
import { isRanged } from '../plan/stages.js'

/** Input bytes per partition. Fixed, because the number of parts must not depend on the machine. */
const PARTITION_BYTES = 64 * 2 ** 20
const MAX_PARTITIONS = 256
/**
 * The same of joins whose partitions have a table of one side, which is small (src/dataset/rules/choose_join.ts): so tables fit in the least
 * memory that a worker may have. Those that do not are looked up in files, which takes eight times as long.
 */
const TABLE_BYTES = 2 * 2 ** 20
const MAX_TABLES = 64
/** Text usually compresses to a quarter. */
const COMPRESSION_RATIO = 4

/** The approximate decompressed size. */
export function inputBytes(files: readonly InputFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes * (file.compression === 'none' ? 1 : COMPRESSION_RATIO), 0)
}

/** Partitions of each stage's exchange in its runs, 0 if it ends in a sink. Depends only on the size of the input. */
export function planPartitions(plan: Plan, files: InputFile[], asked: number | null): number[] {
  const bySize = Math.max(1, Math.min(MAX_PARTITIONS, Math.floor(inputBytes(files) / PARTITION_BYTES)))
  const forTables = Math.max(bySize, Math.min(MAX_TABLES, Math.floor(inputBytes(files) / TABLE_BYTES)))
  return plan.stages.map(({ target }) => {
    if (target.kind !== 'exchange') return 0
    return isRanged(target) ? 1 : (target.partitions ?? asked ?? (hasTables(target) ? forTables : bySize))
  })
}

/** Whether it is a side of a join by partition: rows that are not sorted. */
function hasTables({ rows }: Exchange): boolean {
  return rows?.kind === 'rows' && rows.by !== undefined && rows.keys.length === 0
}

/** `partitions - 1` keys that cut the sample into equal shares; fewer keys than that repeat, and leave partitions empty. */
export function rangeBounds(keys: Uint8Array[], partitions: number, descending: boolean): Uint8Array[] {
  const ordered = keys.toSorted((a, b) => Buffer.compare(a, b) * (descending ? -1 : 1))
  if (ordered.length === 0) return Array.from({ length: partitions - 1 }, () => new Uint8Array())
  return Array.from({ length: partitions - 1 }, (_, i) => ordered[Math.floor(((i + 1) * ordered.length) / partitions)]!)
}

export function needsSample(target: Exchange, partitions: number): boolean {
  return target.partitionBy === 'range' && partitions > 1
}
