/** The plan of a run, without running it. */
import { requireArguments } from '../base/schema.js'
import type { Job } from '../job/define.js'
import type { Plan } from '../plan/plan.js'
import type { RunOptions } from './options.js'
import { prepareOnly } from './prepare.js'

/** The plan that runJob would run. Reads no more than the inputs' names and header rows, but of standard input and pipes all. */
export function explainJob<P>(job: Job<P, unknown, unknown> | string, options: RunOptions<P>): Promise<Plan>
export async function explainJob(...args: unknown[]): Promise<Plan> {
  requireArguments('explainJob', 2, args, 'OPTION_INVALID')
  return (await prepareOnly(args[0], args[1])).plan
}
