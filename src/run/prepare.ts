/** Turns what is to run, and settings, into the plan and everything else known before the first task. */
import { isDataset } from '../dataset/dataset.js'
import { requireJob } from '../job/define.js'
import { prepareJob } from './job.js'
import { loadRunnable } from './load.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'
import type { Copies } from './stdin.js'

/**
 * @param given a job, a dataset, or the name or path of one
 * @param copies null: nothing will run
 */
export async function prepare(given: unknown, settings: Settings, copies: Copies | null): Promise<Prepared> {
  const found = typeof given === 'string' ? await loadRunnable(given, settings.cwd) : given
  // Loaded only for datasets: jobs start without their code.
  if (isDataset(found)) return (await import('./dataset.js')).prepareDataset(found, settings, copies)
  requireJob(found)
  return prepareJob(found, settings, copies)
}
