/** What the actions of collections do: run the collection in a temporary folder, and hand over its elements; or write them. */
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { checkedOptions, isThenable } from '../base/schema.js'
import type { Ending, Query } from '../collection/query.js'
import type { AnyDataset } from '../dataset/dataset.js'
import { ValuesDecoder } from '../io/output/values.js'
import type { ElementsRun } from '../plan/runner.js'
import {
  ACTION_OPTIONS,
  type ActionOptions,
  actionOptions,
  WRITE_OPTIONS,
  type WriteOptions,
} from './action_options.js'
import { readsOutput, withKept } from './kept_rows.js'
import { RECORDS } from './options.js'
import { datasetOfOutputs } from './rows.js'
import { isInWorker, runAny } from './run.js'
import { inTemporaryFolder } from './temporary.js'

export async function runElements(
  collection: ElementsRun,
  use: (element: unknown) => unknown,
  given: unknown,
): Promise<void> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(ACTION_OPTIONS, (given ?? {}) as ActionOptions)
  return inTemporaryFolder(async (folder) => {
    const decoder = new ValuesDecoder()
    let used = 0
    const { recordsWritten } = await withKept(collection.query as Query, options, (query) =>
      runAny(datasetOf(query, collection), {
        ...options,
        output: join(folder, 'output'),
        [RECORDS]: async (bytes: Uint8Array) => {
          for (const element of decoder.push(bytes)) {
            const result = use(element)
            // Only if it must be: a turn of the event loop for each element would take longer than all else.
            if (isThenable(result)) await result
            used++
          }
          return true
        },
      }),
    )
    if (used !== recordsWritten) {
      throw new RunjobError('INTERNAL', { detail: `${recordsWritten} values were written, but ${used} read` })
    }
  })
}

export async function writeElements(
  collection: ElementsRun,
  { path, mode }: { path: string; mode: string | null },
  given: unknown,
): Promise<void> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(WRITE_OPTIONS, (given ?? {}) as WriteOptions)
  const asked = collection.query as Query
  const write = async (query: Query) => {
    await runAny(datasetOf(query, collection), { ...options, output: path, ...(mode === null ? {} : { mode }) })
  }
  const ofAction = actionOptions(options)
  await (readsOutput(asked, path, ofAction) ? write(asked) : withKept(asked, ofAction, write))
}

function datasetOf(query: Query, { ending }: ElementsRun): AnyDataset {
  return datasetOfOutputs({ collection: query, ending: ending as Ending }, 'collection')
}
