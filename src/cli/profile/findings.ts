/** What stands out in a run: where the time went, and what may be why. */
import { formatBytes, formatCount } from '../../base/units.js'
import type { TaskProfile } from '../../engine/report.js'
import type { PlanOutline } from '../../plan/outline.js'
import type { RunReport } from '../../run/report.js'
import { skewText } from '../summary.js'
import { escapeHtml } from './html.js'
import { linkNamed, misjudged } from './plan.js'
import { isSlow, largestText, slowestText, sum, tasksByStage } from './tasks.js'

/** @returns sentences, as HTML */
export function findings(report: RunReport, outline: PlanOutline | null): string[] {
  const { stages, skewed, notes, recordsQuarantined, profile = [] } = report
  const link = (name: string) => linkNamed(outline, name)
  const inStage = (name: string, text: string) => `In stage ${link(name)}, ${escapeHtml(text)}.`
  const uneven = tasksByStage(profile).flatMap(([name, tasks]) =>
    [...(isSlow(tasks) ? [slowestText(tasks)] : []), largestText(tasks)].flatMap((text) =>
      text === null ? [] : [inStage(name, text)],
    ),
  )
  const longest = longestStage(profile)
  const spilled = stages.reduce((total, { spillBytes }) => total + spillBytes, 0)
  const most = stages.toSorted((a, b) => b.spillBytes - a.spillBytes)[0]
  return [
    ...(longest === null ? [] : [`Stage ${link(longest.name)} took ${longest.percent} % of the workers’ time.`]),
    ...skewed.map((key) => escapeHtml(`Skew: ${skewText(key)}.`)),
    ...uneven,
    ...(spilled === 0
      ? []
      : [
          `${formatBytes(spilled)} of sorted files were written, ${formatBytes(most!.spillBytes)} of them by stage ${link(most!.name)}.`,
        ]),
    ...(outline === null ? [] : misjudged(outline, stages)).map(([name, text]) => inStage(name, text)),
    ...(recordsQuarantined > 0 ? [`Bad records: ${formatCount(recordsQuarantined)}.`] : []),
    ...notes.map(escapeHtml),
  ]
}

/** null: there is none to compare it with. */
function longestStage(tasks: readonly TaskProfile[]): { name: string; percent: number } | null {
  const times = tasksByStage(tasks).map(([name, own]) => ({ name, ms: sum(own, 'elapsedMs') }))
  const all = sum(tasks, 'elapsedMs')
  if (times.length < 2 || all === 0) return null
  const { name, ms } = times.reduce((a, b) => (b.ms > a.ms ? b : a))
  return { name, percent: Math.round((100 * ms) / all) }
}
