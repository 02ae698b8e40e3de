import { RunjobError } from '../../base/errors.js'

/**
 * Refuses an expression. Who knows its text adds it.
 *
 * @param problem a clause after "price + name: "
 * @param hint what to do
 */
export function refuse(problem: string, hint?: string): never {
  throw new RunjobError('DATASET_INVALID', { problem, ...(hint === undefined ? {} : { hint }) })
}
