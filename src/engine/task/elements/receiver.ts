/** Who takes elements, and may keep some until more have come. */
import { RunjobError } from '../../../base/errors.js'
import type { Emit, TaskContext } from '../../../plan/functions.js'
import { lasting } from './values.js'

export type Push = (element: unknown) => void

/** Of the task that is running. */
export interface Surroundings {
  readonly emit: Emit
  readonly ctx: TaskContext
  /** Of the task, among those of its input. Which they are follows from the input alone. */
  readonly number: number
  /** Whether what was emitted is enough: a failure after it does not count. */
  readonly isEnough: () => boolean
  /** Whether a record that fails may be left out: then what it gave is undone. Otherwise its failure is that of the task. */
  readonly mayDiscard: boolean
}

export interface Receiver {
  push: Push
  /** The record that elements came of is whole: what it gave counts. */
  settle?(): void
  /** It failed. @returns whether what it gave is undone */
  discard?(): boolean
  /** There are no more records. */
  end?(): void
  /** Whether it needs no more. */
  readonly isFull?: boolean
}

/** Makes the receiver of a task. */
export type Opening = (task: Surroundings) => Receiver

/** Elements of one record that can still be undone. */
const UNDOABLE_ELEMENTS = 4096

/**
 * Elements of a record that may still fail: `--max-bad` leaves out all or nothing. What a record gives beyond some thousand elements is used
 * at once; then its failure ends the run.
 *
 * @param use what it throws is the fault of no single record
 */
export function staged({ mayDiscard }: Surroundings, use: Push, end?: () => void): Receiver {
  if (!mayDiscard) return { push: (element) => use(lasting(element)), ...(end && { end }) }
  let held: unknown[] = []
  let isPartlyUsed = false
  const useAll = (): void => {
    const elements = held
    held = []
    try {
      for (const element of elements) use(element)
    } catch (error) {
      throw ofNoRecord(error)
    }
  }
  return {
    push(element) {
      held.push(lasting(element))
      if (held.length < UNDOABLE_ELEMENTS) return
      isPartlyUsed = true
      useAll()
    },
    settle() {
      isPartlyUsed = false
      if (held.length > 0) useAll()
    },
    discard() {
      held = []
      return !isPartlyUsed
    },
    ...(end && { end }),
  }
}

/** An error that is not the fault of one record, which could be left out. */
export function ofNoRecord(error: unknown): unknown {
  return error instanceof RunjobError ? error.withParams({ noRow: true }) : error
}
