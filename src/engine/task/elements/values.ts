/** The values of a group, as they come: they can be read once, and are never all in memory. */
import { RunjobError } from '../../../base/errors.js'
import { AS_ARRAY } from '../../../plan/any.js'

export class GroupValues implements Iterable<unknown> {
  /** Written as an array, and so collected as one. */
  readonly [AS_ARRAY] = true
  readonly #values: Iterable<unknown>
  #isTaken = false

  constructor(values: Iterable<unknown>) {
    this.#values = values
  }

  [Symbol.iterator](): Iterator<unknown> {
    if (this.#isTaken) throw new RunjobError('VALUES_READ_TWICE')
    this.#isTaken = true
    return this.#values[Symbol.iterator]()
  }

  toJSON(): unknown[] {
    return [...this]
  }
}

/** An element that can be kept longer than the call that it came with. Groups are in pairs, and those of a join in a pair of these. */
export function lasting(element: unknown): unknown {
  if (element instanceof GroupValues) return [...element]
  return isPair(element) && (isPassing(element[0]) || isPassing(element[1])) ? element.map(lasting) : element
}

function isPassing(part: unknown): boolean {
  return part instanceof GroupValues || (isPair(part) && (isPassing(part[0]) || isPassing(part[1])))
}

function isPair(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length === 2
}
