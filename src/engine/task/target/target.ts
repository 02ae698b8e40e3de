/** Where a task's records end up. */
import type { StageResult } from '../../task.js'
import type { RecordIntake, SortedIntake } from '../intake.js'

/** The output of a target. */
export type Written = Pick<StageResult, 'recordsOut' | 'recordsCombined' | 'bytesOut' | 'runs' | 'parts' | 'top'>

export interface Target extends RecordIntake, SortedIntake {
  /** All records have arrived. */
  finish(): Promise<Written>
  /** The task has failed: releases everything. */
  abort(): Promise<void>
}
