/** The columns of a data frame, without running it. */
import type { AnyFrame } from '../dataset/frame.js'
import type { Column } from '../plan/type.js'
import { prepareOnly } from './prepare.js'
import { datasetOf } from './rows.js'

/**
 * In their order. Reads headers and footers; of standard input and pipes all.
 *
 * @throws what a run throws before its first task
 */
export async function columnsOf(frame: AnyFrame): Promise<readonly Column[]> {
  const { logical } = await prepareOnly(datasetOf(frame), { output: 'output' })
  return logical![0]!.asked.columns
}
