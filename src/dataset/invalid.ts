/** What is wrong with a dataset, as an error. */
import { RunjobError } from '../base/errors.js'

export function invalid(problem: string, hint = 'Correct it where the data frame is made.'): RunjobError {
  return new RunjobError('DATASET_INVALID', { problem, hint })
}
