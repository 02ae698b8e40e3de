/** How the memory cap is divided: workers, and what each of them may use. */
import type { WorkerBudget } from './task.js'

const MIB = 2 ** 20

/** The smallest useful memory of a worker. */
const MIN_WORKER_BYTES = 48 * MIB
/** Read and write buffers, LMDB's dirty pages, merge blocks. */
const BUFFER_BYTES = 12 * MIB
/** Enough heap for a worker that runs no user functions. */
export const NATIVE_HEAP_BYTES = 32 * MIB

/** The first touch of memory costs time, so a collector that combines nothing takes no more than this... */
const MIN_ENOUGH_BYTES = 128 * MIB
/** ...or this share of the input, because a merge of many more runs costs time, too. */
const ENOUGH_SHARES = 16

/** Of what a worker has beyond the smallest share, taken from its collector: for runs in memory. */
const HELD_SHARE = 1 / 8

/** A worker that has more to read takes longer than runs may be in memory: to save them in the end would be a detour. */
const MAX_HELD_INPUT_BYTES = 1024 * MIB

/** Of the files of a partition. Fixed, because files must not depend on the machine. */
const FILE_BYTES = 128 * MIB

/** Of ranges. Fixed, because the number of parts must not depend on the machine. */
const RANGE_BYTES = 32 * MIB

/** Runs that one merge opens at a time, however small they are. */
const MAX_MERGE_RUNS = 256

/** Smaller sizes than above, so that tests have many splits, spills and merges with little data. */
export interface Tuning {
  splitBytes?: number
  collectorBytes?: number
  mergeRuns?: number
  /** Parquet scans read all columns of all rows, whatever filters follow. */
  readAll?: boolean
  /** Of files of partitions. */
  fileBytes?: number
  /** Of ranges of sorted rows. */
  rangeBytes?: number
  /** Runs that may be in memory; 0: all are files. */
  heldBytes?: number
  /** For how long they may be. */
  holdMs?: number
  /** How long a task of a small run may take in the main thread. */
  hereMs?: number
  /** How data frames are joined, where the type of the join allows it. */
  joins?: 'broadcast' | 'hash' | 'merge'
  /** How many rows of one side of a join may filter the other one. */
  sideRows?: number
}

/** How much one merge may open. */
export interface MergeLimits {
  runs: number
  /** Memory for their blocks. */
  bytes: number
}

export interface Budget {
  workers: number
  worker: WorkerBudget
  merge: MergeLimits
  /** For runs in memory, of all workers together. */
  heldBytes: number
  /** Keys and rows of a range of a sorted exchange. */
  rangeBytes: number
}

/** Divides the memory limit once. If it is too small for all workers, fewer start. */
export function planBudget(
  memoryBytes: number,
  workers: number,
  hasUserFunctions: boolean,
  inputBytes: number,
  tuning: Tuning,
): Budget {
  const count = Math.max(1, Math.min(workers, Math.floor(memoryBytes / MIN_WORKER_BYTES)))
  const perWorker = Math.max(MIN_WORKER_BYTES, Math.floor(memoryBytes / count))
  const heapBytes = hasUserFunctions ? Math.max(NATIVE_HEAP_BYTES, Math.floor(perWorker * 0.4)) : NATIVE_HEAP_BYTES
  const mayHold = tuning.heldBytes !== 0 && inputBytes <= count * MAX_HELD_INPUT_BYTES
  const heldBytes = mayHold ? Math.floor((perWorker - MIN_WORKER_BYTES) * HELD_SHARE) : 0
  const native = Math.max(4 * MIB, perWorker - (hasUserFunctions ? heapBytes : 0) - BUFFER_BYTES)
  // The collector may exceed its budget by one block of input before it is checked.
  const collectorBytes = tuning.collectorBytes ?? Math.floor(native * 0.75) - heldBytes
  return {
    workers: count,
    worker: {
      heapBytes,
      collectorBytes,
      enoughBytes: Math.min(collectorBytes, Math.max(MIN_ENOUGH_BYTES, Math.ceil(inputBytes / ENOUGH_SHARES))),
      joinGroupBytes: Math.floor(native / 2),
      maxRecordBytes: Math.floor(native / 3),
      fileBytes: tuning.fileBytes ?? FILE_BYTES,
      readAll: tuning.readAll ?? false,
    },
    // The rest, because a reduce may read runs and collect for the next exchange at the same time.
    merge: { runs: tuning.mergeRuns ?? MAX_MERGE_RUNS, bytes: Math.floor(native / 4) },
    heldBytes: tuning.heldBytes ?? heldBytes * count,
    rangeBytes: tuning.rangeBytes ?? RANGE_BYTES,
  }
}
