/** A run as it is shown to people: what it will do, and how many rows are expected. */
import type { StageEstimates } from '../plan/outline.js'
import { PREPARED, type RunnableOptions } from './options.js'
import { prepareOnly } from './prepare.js'
import type { Prepared } from './prepared.js'

export interface Explained {
  prepared: Prepared
  estimates: StageEstimates[]
}

/** Options of a run, or of prepareOnly(), that is to be explained, too. */
export function explaining(options: RunnableOptions, onExplained: (explained: Explained) => void): RunnableOptions {
  return {
    ...options,
    // Later, copies of standard input are gone.
    [PREPARED]: async (prepared) => onExplained({ prepared, estimates: (await prepared.estimates?.()) ?? [] }),
  }
}

/** Without running it. */
export async function explainOnly(given: unknown, options: RunnableOptions): Promise<Explained> {
  let known: Explained | undefined
  await prepareOnly(
    given,
    explaining(options, (explained) => {
      known = explained
    }),
  )
  return known!
}
