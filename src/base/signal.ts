/** Stopping a run. */
import { RunjobError } from './errors.js'

/** @throws INTERRUPTED if the signal has been given */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RunjobError('INTERRUPTED')
}
