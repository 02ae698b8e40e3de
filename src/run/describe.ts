/** A plan in words. Apart from explain.ts, so that a process which only runs jobs does not load what draws plans. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { explainText } from '../dataset/explain.js'
import { expressionText } from '../dataset/expression/text.js'
import { estimateStageBytes } from '../engine/disk.js'
import { planPartitions } from '../engine/partitions.js'
import type { StageReport } from '../engine/report.js'
import { innermostFolders } from '../io/output/commit.js'
import { resolveOutput } from '../io/output/place.js'
import { outlineOf, type PlanOutline } from '../plan/outline.js'
import type { Plan } from '../plan/plan.js'
import { sinksOf } from '../plan/stages.js'
import { printTree } from '../plan/tree.js'
import type { Explained } from './explained.js'
import type { RunnableOptions } from './options.js'

export type Planned = Pick<RunnableOptions, 'partitions'> & Partial<Pick<RunnableOptions, 'output' | 'mode'>>

/**
 * The plan of a job or a dataset for people.
 *
 * @param planned the options of the run
 * @param runs what its stages did, if it ran; otherwise there are estimates of what they write
 */
export function describePlan(explained: Explained, planned: Planned, runs?: readonly StageReport[]): string {
  const stages = printTree(outlinePlan(explained, planned), runs)
  const { logical, first } = explained.prepared
  if (logical === null) return stages
  const section = (title: string, text: string) => `${title}\n${text.replace(/^/gm, '  ')}`
  const trees = logical.flatMap(({ output, asked, optimized }) => {
    const of = output && ` ${output}`
    return [
      section(`as asked${of && `,${of}`}`, explainText(asked)),
      section(`optimized${of && `,${of}`}`, explainText(optimized)),
    ]
  })
  const before = first.length === 0 ? [] : [section('asked before, by queries of their own', first.join('\n'))]
  return [...before, ...trees, stages].join('\n\n')
}

/** @param planned the options of the run */
export function outlinePlan({ prepared, estimates }: Explained, planned: Planned): PlanOutline {
  const { plan, files, inputs } = prepared
  const sizes = [...inputs].map(([name, own]) => {
    const bytes = own.reduce((sum, n) => sum + files[n]!.sizeBytes, 0)
    return [name, { files: own.length, bytes }] as const
  })
  const known = {
    inputs: new Map(sizes),
    partitions: planPartitions(plan, files, planned.partitions ?? null),
    bytes: estimateStageBytes(plan, files),
    folders: foldersToReplace(plan, planned),
    rows: estimates,
  }
  return outlineOf(plan, known, expressionText)
}

/** Of each output: its folders of values, if those that get rows are replaced. */
function foldersToReplace(
  plan: Plan,
  { output, mode }: Partial<Pick<RunnableOptions, 'output' | 'mode'>>,
): ReadonlyMap<string, readonly string[]> {
  if (mode !== 'overwritePartitions' || output === undefined) return new Map()
  const path = resolveOutput(output, process.cwd())
  return new Map(
    sinksOf(plan).map(({ name }) => {
      const folder = join(path, name)
      return [name, existsSync(folder) ? innermostFolders(folder) : []]
    }),
  )
}
