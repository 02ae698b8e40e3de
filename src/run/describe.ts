/** A plan in words. Apart from explain.ts, so that a process which only runs jobs does not load what draws plans. */
import { explainText } from '../dataset/explain.js'
import { expressionText } from '../dataset/expression/text.js'
import { estimateStageBytes } from '../engine/disk.js'
import { planPartitions } from '../engine/partitions.js'
import type { StageReport } from '../engine/report.js'
import { printPlan } from '../plan/print.js'
import type { Runnable } from './load.js'
import { type RunnableOptions, readOptions } from './options.js'
import { prepare } from './prepare.js'

/**
 * The plan of a job or a dataset for people.
 *
 * @param runs what its stages did, if it ran; otherwise there are estimates of what they write
 */
export async function describeJob(
  job: Runnable,
  options: RunnableOptions,
  runs?: readonly StageReport[],
): Promise<string> {
  const settings = readOptions(options)
  const { plan, logical, files, inputs } = await prepare(job, settings, null)
  const sizes = [...inputs].map(([name, own]) => {
    const bytes = own.reduce((sum, n) => sum + files[n]!.sizeBytes, 0)
    return [name, { files: own.length, bytes }] as const
  })
  const known = {
    inputs: new Map(sizes),
    partitions: planPartitions(plan, files, settings.partitions),
    bytes: estimateStageBytes(plan, files),
  }
  const stages = printPlan(plan, known, expressionText, runs)
  if (logical === null) return stages
  const section = (title: string, text: string) => `${title}\n${text.replace(/^/gm, '  ')}`
  const trees = logical.flatMap(({ output, asked, optimized }) => {
    const of = output && ` ${output}`
    return [
      section(`as asked${of && `,${of}`}`, explainText(asked)),
      section(`optimized${of && `,${of}`}`, explainText(optimized)),
    ]
  })
  return [...trees, stages].join('\n\n')
}
