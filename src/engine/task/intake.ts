/**
 * The receivers of a task's records: each of its operators, and its target at the end. An operator passes on its results.
 *
 * Records go from one to the next in one of six forms, with an interface for each. plan/check.ts makes sure that the forms of neighbours
 * match.
 */
import type { Where } from '../../base/errors.js'
import type { InputFile } from '../../io/input/input_file.js'
import type { CollectOptions, Collector, Cursor, Pipeline } from '../../kernels/kernels.js'
import type { Emit } from '../../plan/functions.js'
import type { ExchangeInput } from '../../plan/plan.js'
import { exchangeOf } from '../../plan/stages.js'
import type { TaskEnvironment } from './environment.js'
import { largestKeyOf } from './largest_key.js'
import type { SplitReader } from './source/split_reader.js'
import type { Undoable } from './undoable.js'

export interface Intake {
  /** There are no more records: passes on the rest, and finishes the receivers after it. */
  end(): void
  /** The task has failed: frees what garbage collection does not see. */
  abort?(): void
}

/** Bytes of files, one split at a time. */
export interface ByteIntake extends Intake {
  /** @param start offset of the first chunk in the file */
  open(file: InputFile, start: number): Promise<SplitReader>
  /** Whether nothing more is wanted. Absent: never. */
  readonly done?: boolean
}

/** Records of native mappers. */
export interface BatchIntake extends Intake {
  readonly collector: Collector
  /** Call after every batch or block. */
  spillIfFull(): void
  /** Takes all records of a cursor, with other keys if asked. */
  collect(cursor: Cursor, rekey: Omit<CollectOptions, 'layout'>): void
}

/** Lines, unchanged. */
export interface LineIntake extends Intake {
  writeLines(bytes: Uint8Array, records: number): void
}

/** Records of a user's functions. */
export interface RecordIntake extends Intake {
  /** The user's `emit`, which refuses late calls. */
  readonly emit: Emit
  readonly undo: Undoable
  /** Whether nothing more is wanted, after what was emitted. Absent: never. */
  readonly done?: boolean
}

/** Records in the order of their keys. */
export interface SortedIntake extends Intake {
  /** Reads the cursor to its end, and closes it. */
  drain(cursor: Cursor): void
}

/** Rows of typed columns: what reads them adds them to a pipeline. */
export interface RowIntake extends Intake {
  readonly pipeline: Pipeline
  /**
   * Call before the rows of a file: columns may depend on its folders, and on where rows are.
   *
   * @param first gives the byte or row from which the offsets of its rows are counted
   * @param place of a bad row
   */
  begin(file: InputFile, first: () => number, place: (offset: number) => Where): void
  /** Call after every batch or block. */
  passOn(): void
}

/** A purely native operator: passes on the records of the cursor that it creates. */
export function through(next: SortedIntake, change: (cursor: Cursor) => Cursor): SortedIntake {
  return {
    drain: (cursor) => next.drain(change(cursor)),
    end: () => next.end(),
  }
}

/** The counts of a cursor on runs after it is drained. */
export function closeDrained(cursor: Cursor, env: TaskEnvironment): void {
  const { tally, task, plan } = env
  tally.recordsIn += cursor.runRecords
  if (task.kind === 'reduce' && task.watchKeys) {
    const { exchange } = plan.stages[task.stage]!.inputs[task.input] as ExchangeInput
    tally.largestKeys.push(largestKeyOf(cursor, exchangeOf(plan, exchange), env))
  }
  cursor.close()
}
