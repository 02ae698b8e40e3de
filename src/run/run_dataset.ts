/** Runs datasets from code. */
import { RunjobError } from '../base/errors.js'
import { describe, requireArguments } from '../base/schema.js'
import { type Dataset, isDataset } from '../dataset/dataset.js'
import { setRunner } from '../plan/runner.js'
import type { DatasetOptions } from './options.js'
import type { RunReport } from './report.js'
import { isInWorker, runAny } from './run.js'

// Whoever has this package has data frames that run.
setRunner(async () => (await import('./actions.js')).actions)

/**
 * Runs a dataset to its end: on return its rows are in the output, whole. Running twice gives the same bytes.
 *
 * @param dataset from defineDataset, or the path of its module
 * @throws RunjobError with a permanent `code`, `hint` and `where`; INTERRUPTED after `signal`, with the state kept
 *
 * @example
 * const sales = defineDataset({ name: 'sales', build: ({ read }) => read.text('books/').filter(c => c.value.contains('the')) })
 * const { recordsWritten } = await runDataset(sales, { output: 'lines-with-the' })
 */
export function runDataset<P>(dataset: Dataset<P> | string, options: DatasetOptions<P>): Promise<RunReport>
export async function runDataset(...args: unknown[]): Promise<RunReport> {
  if (isInWorker()) return new Promise(() => {})
  requireArguments('runDataset', 2, args, 'OPTION_INVALID')
  const [dataset, options] = args
  if (typeof dataset !== 'string' && !isDataset(dataset)) {
    throw new RunjobError('DATASET_INVALID', {
      problem: `runDataset() takes a dataset, or the path of its module, not ${describe(dataset)}`,
      hint: 'A dataset is what defineDataset() returns; a data frame by itself has actions, such as collect().',
    })
  }
  // The records of a job could be read back by it.
  const { read, ...report } = await runAny(dataset, options)
  return report
}
