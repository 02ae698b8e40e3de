import { RunjobError } from '../base/errors.js'

/** A mistake in a collection. */
export function invalid(problem: string, hint?: string): RunjobError {
  return new RunjobError('COLLECTION_INVALID', { problem, hint })
}
