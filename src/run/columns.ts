/** The columns of a data frame, without running it. */
import type { AnyFrame } from '../dataset/frame.js'
import type { Column } from '../plan/type.js'
import { prepareDataset } from './dataset.js'
import { readOptions } from './options.js'
import { datasetOf } from './rows.js'

/**
 * In their order. Reads headers and footers.
 *
 * @throws what a run throws before its first task
 */
export async function columnsOf(frame: AnyFrame): Promise<readonly Column[]> {
  const { logical } = await prepareDataset(datasetOf(frame), readOptions({ output: 'output' }), null)
  return logical![0]!.asked.columns
}
