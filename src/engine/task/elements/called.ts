/** Calls of a user's functions: what they throw names the method, and what they return is checked. */
import { RunjobError, userError } from '../../../base/errors.js'
import { describe, ignoreRejection, isThenable } from '../../../base/schema.js'

/** A function of the user's, which gets an element and the context, or two values. */
export type Call = (a: unknown, b: unknown) => unknown

/** @param method such as `map()`, for errors */
export function called(method: string, fn: Call): Call {
  // Two parameters, not a list of them, which would be made for each call.
  return (a, b) => {
    let result: unknown
    try {
      result = fn(a, b)
    } catch (error) {
      throw userError(error, method)
    }
    if (result === undefined || (typeof result === 'object' && isThenable(result))) throw noElement(method, result)
    return result
  }
}

export function invalid(problem: string, hint?: string): RunjobError {
  return new RunjobError('COLLECTION_INVALID', { problem, hint })
}

/** @param result undefined, or a promise */
export function noElement(method: string, result: PromiseLike<unknown> | undefined): RunjobError {
  return result === undefined ? noResult(method) : promised(method, result)
}

export function noResult(method: string): RunjobError {
  return invalid(
    `${method}: the function returned undefined`,
    'Return a value: null is one that is missing. A function with braces needs `return`.',
  )
}

function promised(method: string, result: PromiseLike<unknown>): RunjobError {
  ignoreRejection(result)
  return invalid(
    `${method}: the function returned a promise`,
    'It must be synchronous. Load what it needs at the top level of the module, which may await.',
  )
}

/** @throws COLLECTION_INVALID unless it is a pair */
export function pairOf(element: unknown, method: string): readonly [unknown, unknown] {
  if (Array.isArray(element) && element.length === 2) return element as unknown as [unknown, unknown]
  throw invalid(
    `${method} needs pairs [key, value], not ${describe(element)}`,
    'Make them first: .map(word => [word, 1]) or .keyBy(order => order.city).',
  )
}
