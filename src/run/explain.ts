/** The plan of a run, without running it. */
import { requireArguments } from '../base/schema.js'
import type { Job } from '../job/define.js'
import type { Plan } from '../plan/plan.js'
import { type RunOptions, readOptions } from './options.js'
import { prepare } from './prepare.js'

/** The plan that runJob would run. Reads no more than the inputs' names and header rows. */
export function explainJob<P>(job: Job<P, unknown, unknown> | string, options: RunOptions<P>): Promise<Plan>
export async function explainJob(...args: unknown[]): Promise<Plan> {
  requireArguments('explainJob', 2, args, 'OPTION_INVALID')
  return planOf(args[0], args[1])
}

/** The plan of a job or a dataset. */
export async function planOf(given: unknown, options: unknown): Promise<Plan> {
  return (await prepare(given, readOptions(options), null)).plan
}
