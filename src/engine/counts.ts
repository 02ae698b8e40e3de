/** Counts that must agree, and counters that add up. */
import { RunjobError } from '../base/errors.js'
import { typeName } from '../plan/codec.js'

/** @throws ACCOUNTING_MISMATCH */
export function expectCount(what: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new RunjobError('ACCOUNTING_MISMATCH', { detail: `${what}: ${actual} records, not ${expected}` })
  }
}

/**
 * @returns the counter's new value
 * @throws COUNTER_INVALID: a sum of anything but whole numbers would depend on the order of tasks
 */
export function addCount(name: string, to: number, by: number): number {
  if (Number.isSafeInteger(by) && Number.isSafeInteger(to + by)) return to + by
  throw new RunjobError('COUNTER_INVALID', {
    name: String(name),
    by: typeof by === 'number' ? String(by) : typeName(by),
  })
}
