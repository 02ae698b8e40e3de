/**
 * All or nothing for one record: what a map emitted, wrote and counted before it threw is taken back, and the record goes into
 * quarantine.
 */
import { RunjobError } from '../base/errors.js'
import { fromNative } from '../kernels/index.js'
import type { Quarantine } from './bad_records.js'
import type { TaskEnvironment } from './environment.js'

/** Something that a record's map changes. */
export interface Undoable {
  beginRecord(): void
  /** Keeps what came since beginRecord(). */
  keepRecord(): void
  /** Takes it back. */
  dropRecord(): void
}

/** Runs `use`, the way of one record through a map. A bad one is noted at the place that `env.where` tells. */
export type RecordGuard = (use: () => void, excerpt: () => string) => void

/** @param target what the map emits into */
export function recordGuard(env: TaskEnvironment, quarantine: Quarantine, target: Undoable): RecordGuard {
  const all = [target, env.counters]
  return (use, excerpt) => {
    for (const part of all) part.beginRecord()
    try {
      use()
    } catch (caught) {
      const error = fromNative(caught)
      if (!(error instanceof RunjobError && error.isBadRecord)) throw caught
      for (const part of all) part.dropRecord()
      quarantine.add(error, env.where(), excerpt())
      return
    }
    for (const part of all) part.keepRecord()
  }
}
