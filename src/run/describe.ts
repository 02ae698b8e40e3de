/** A plan in words. Apart from explain.ts, so that a process which only runs jobs does not load what draws plans. */
import { explainText } from '../dataset/explain.js'
import { expressionText } from '../dataset/expression/text.js'
import { estimateStageBytes } from '../engine/disk.js'
import { planPartitions } from '../engine/partitions.js'
import type { StageReport } from '../engine/report.js'
import { printPlan } from '../plan/print.js'
import type { Prepared } from './prepared.js'

/**
 * The plan of a job or a dataset for people.
 *
 * @param partitions asked for; null: as the engine chooses
 * @param runs what its stages did, if it ran; otherwise there are estimates of what they write
 */
export function describePlan(
  { plan, logical, files, inputs }: Prepared,
  partitions: number | null,
  runs?: readonly StageReport[],
): string {
  const sizes = [...inputs].map(([name, own]) => {
    const bytes = own.reduce((sum, n) => sum + files[n]!.sizeBytes, 0)
    return [name, { files: own.length, bytes }] as const
  })
  const known = {
    inputs: new Map(sizes),
    partitions: planPartitions(plan, files, partitions),
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
