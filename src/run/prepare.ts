/** Turns what is to run, and settings, into the plan and everything else known before the first task. */
import { join } from 'node:path'
import { isDataset } from '../dataset/dataset.js'
import { requireJob } from '../job/define.js'
import { stateFolderOf } from '../state/folder.js'
import { prepareFramed } from './framed.js'
import { prepareJob } from './job.js'
import { loadRunnable, type Runnable } from './load.js'
import { readOptions, type Settings } from './options.js'
import type { Prepared } from './prepared.js'
import { Copies } from './stdin.js'
import { inTemporaryFolder } from './temporary.js'

/**
 * @param given a job, a dataset, or the name or path of one
 * @throws what loadRunnable throws; JOB_INVALID
 */
export async function runnableOf(given: unknown, { cwd }: Settings): Promise<Runnable> {
  const found = typeof given === 'string' ? await loadRunnable(given, cwd) : given
  if (!isDataset(found)) requireJob(found)
  return found as Runnable
}

export async function prepare(found: Runnable, settings: Settings, copies: Copies): Promise<Prepared> {
  // Loaded only for datasets: jobs start without their code.
  if (isDataset(found)) return (await import('./dataset.js')).prepareDataset(found, settings, copies)
  return (await prepareFramed(found, settings, copies)) ?? prepareJob(found, settings, copies)
}

/** Of what will not run, but be explained. What can be read only once is copied all the same: its columns may be in the plan. */
export function prepareOnly(given: unknown, options: unknown): Promise<Prepared> {
  const settings = readOptions(options)
  return inTemporaryFolder(async (folder) => {
    const output = join(folder, 'output')
    const copies = new Copies({ ...settings, output, folder: stateFolderOf(output) })
    const prepared = await prepare(await runnableOf(given, settings), settings, copies)
    await settings.onPrepared?.(prepared)
    return prepared
  })
}
