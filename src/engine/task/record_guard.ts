/**
 * All or nothing for one record: what a map emitted, wrote and counted before it threw is undone, and the record goes into
 * quarantine.
 */
import { RunjobError } from '../../base/errors.js'
import { fromNative } from '../../kernels/addon.js'
import type { TaskEnvironment } from './environment.js'
import type { Quarantine } from './quarantine.js'
import type { Undoable } from './undoable.js'

/** Runs `use`, which takes one record through a map. A bad record is noted with the place from `env.where`. */
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
