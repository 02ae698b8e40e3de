/** Calls of a user's functions: handles what they throw and return, and refuses calls after they have returned. */
import { RunjobError, userError, type Where } from '../../base/errors.js'
import { describe, ignoreRejection, isPart, isThenable } from '../../base/schema.js'
import type { Emit, TaskContext } from '../../plan/functions.js'

/** Open while a user's function runs: only then may it call `emit` and `ctx`. */
export interface Gate {
  isOpen: boolean
  /** Called for a call that came too late: its caller may catch the error. */
  onLate(error: RunjobError): void
}

/** For records that do not come from a user's function. */
export const ALWAYS_OPEN: Gate = { isOpen: true, onLate() {} }

/** @throws EMIT_LATE */
export function refuseLate(gate: Gate, what: string): never {
  const { stack } = new Error(`${what} was called too late`)
  const error = new RunjobError('EMIT_LATE', { what }, { userStack: stack })
  gate.onLate(error)
  throw error
}

/** @throws JOB_INVALID: further arguments would be lost, and `list.forEach(emit)` passes an index */
export function refuseMore(): never {
  throw new RunjobError('JOB_INVALID', {
    problem: 'emit() got more than a key and a value',
    help: 'Put several values into one, such as an array. list.forEach(emit) also passes an index; use list.forEach((item) => emit(item, 1)).',
  })
}

/** `emit` as a user's function gets it. */
export function checkedEmit(gate: Gate, emit: Emit): Emit {
  return (key: unknown, value: unknown, more?: unknown) => {
    if (!gate.isOpen) refuseLate(gate, 'emit()')
    if (more !== undefined) refuseMore()
    emit(key, value)
  }
}

type ContextCalls = Pick<TaskContext, 'count' | 'write'>

/**
 * The calls of `ctx`, with their arguments checked. Types alone would let through a NaN, or a third part that is never written.
 *
 * @throws TypeError, for the function's own stack
 */
export function checkedCalls(
  gate: Gate,
  { count, write }: { count(name: string, by: number): void; write: TaskContext['write'] },
): ContextCalls {
  const wrong = (call: string, given: unknown[], takes: string) => {
    const shown = given.map((value) => (value === undefined ? 'undefined' : describe(value))).join(', ')
    return new TypeError(`ctx.${call}(${shown}): it takes ${takes}`)
  }
  return {
    count(name: unknown, by: unknown = 1, ...more: unknown[]) {
      if (!gate.isOpen) refuseLate(gate, 'ctx.count()')
      if (typeof name !== 'string' || more.length > 0) {
        throw wrong('count', [name, by, ...more], 'a name and a number')
      }
      count(name, by as number)
    },
    write(output: unknown, key: unknown, value?: unknown, ...more: unknown[]) {
      if (!gate.isOpen) refuseLate(gate, 'ctx.write()')
      if (typeof output !== 'string' || key === undefined || more.length > 0) {
        throw wrong('write', [output, key, value, ...more], 'the name of an output, a key and a value')
      }
      write(output, key, value)
    },
  }
}

/** Number of parameters of a function that takes `emit`. */
const EMIT_AT: Readonly<Record<string, number>> = { map: 2, combine: 3, reduce: 3 }

/**
 * Wraps a call of a user's function: whatever it throws, or returns unexpectedly, becomes an error that says so. Created once and called
 * for every record, so that a record costs no closure.
 *
 * @param fn the function that `use` calls
 */
export function guarded<A extends unknown[]>(
  role: string,
  fn: { readonly length: number },
  gate: Gate,
  where: () => Where,
  use: (...args: A) => unknown,
): (...args: A) => void {
  const takesEmit = fn.length >= EMIT_AT[role]!
  return (...args) => {
    // A reduce that emitted to this map may be running.
    const { isOpen } = gate
    gate.isOpen = true
    try {
      const result = use(...args)
      if (result !== undefined) refuseResult(result, role, takesEmit)
    } catch (error) {
      throw userError(error, role, where())
    } finally {
      gate.isOpen = isOpen
    }
  }
}

/**
 * What a function returns is lost, so it may only return the rest of a failed condition (`found && emit(found, 1)`), and only if it takes
 * `emit`.
 */
function refuseResult(result: unknown, role: string, takesEmit: boolean): void {
  if (!result && takesEmit) return
  const help = 'What a function of a job returns is lost: pass on records with emit(key, value).'
  throw new RunjobError('JOB_INVALID', { problem: resultProblem(result, role), help })
}

function resultProblem(result: unknown, role: string): string {
  if (isThenable(result)) {
    ignoreRejection(result)
    return `${role}() returned a promise; it must be synchronous. Load what it needs in setup(), which may be asynchronous`
  }
  const returned = `${role}() returned ${describe(result)}`
  if (isPart(result)) return `${returned}: give ${describe(result)} itself as ${role}`
  const { next } = result as { next?: unknown }
  const help = 'call emit(key, value) for each record'
  return typeof next === 'function'
    ? `${returned}, which is never read: ${help} instead`
    : `${returned}, which is not used: ${help}`
}
