/** The pages of `--profile`: a file each, without script, for large and small screens, light and dark. */
import { formatBytes, formatCount, formatDuration } from '../../base/units.js'
import type { StageReport, TaskProfile } from '../../engine/report.js'
import { WORK_KINDS } from '../../engine/work_times.js'
import type { PlanOutline } from '../../plan/outline.js'
import type { RunReport } from '../../run/report.js'
import { skewText } from '../summary.js'
import { escapeHtml } from './html.js'
import { misjudged, planPicture } from './plan.js'
import { STYLE } from './style.js'
import { isSlow, largestText, slowestText } from './tasks.js'
import { legend, timeline } from './timeline.js'

const HOW_TO_READ =
  'Rows come in at the top of a card and leave it at the bottom; the lines at the left lead to the stage that reads them.'

/**
 * What a run did.
 *
 * @param outline null: there was nothing to plan
 */
export function renderProfilePage(report: RunReport, outline: PlanOutline | null): string {
  const { job, stages, profile: tasks = [] } = report
  const found = findings(report, outline)
  return page(`${job}: profile`, [
    `<h1>${escapeHtml(job)}</h1>`,
    factsOf(report),
    found.length === 0
      ? ''
      : `<h2>What stands out</h2>\n<ul class="findings">${found.map((text) => `<li>${escapeHtml(text)}</li>`).join('\n')}</ul>`,
    outline === null
      ? ''
      : `<h2>Plan</h2>\n<p>${HOW_TO_READ} Rows and times are those of all tasks together.</p>\n${planPicture(outline, stages, tasks)}`,
    `<h2>Workers over time</h2>\n${legend()}\n${timeline(tasks)}`,
    tasks.length === 0 ? '' : `<h2>Time by kind of work, all workers together</h2>\n${timesTable(tasks)}`,
    tasks.length === 0 ? '' : `<h2>Records and bytes</h2>\n${recordsTable(tasks)}`,
  ])
}

/** What a run would do. */
export function renderPlanPage(outline: PlanOutline): string {
  return page(`${outline.job}: plan`, [
    `<h1>${escapeHtml(outline.job)}</h1>`,
    `<h2>Plan</h2>\n<p>${HOW_TO_READ} It did not run: numbers are estimates.</p>`,
    planPicture(outline, [], []),
  ])
}

function page(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${escapeHtml(title)}</title>
<style>
${STYLE}</style>
</head>
<body>
<main>
${parts.filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`
}

function factsOf({ elapsedMs, peakRssBytes, recordsRead, recordsWritten, output, stages, skipped }: RunReport): string {
  const spilled = stages.reduce((sum, { spillBytes }) => sum + spillBytes, 0)
  const facts = [
    ['time', formatDuration(elapsedMs)],
    ['peak memory', formatBytes(peakRssBytes)],
    ['records read', formatCount(recordsRead)],
    ['records written', formatCount(recordsWritten)],
    ['spilled', formatBytes(spilled)],
    ['output', skipped ? `${output} (nothing to do, it exists)` : output],
  ] as const
  return `<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`
}

function findings(report: RunReport, outline: PlanOutline | null): string[] {
  const { stages, skewed, notes, recordsQuarantined, profile = [] } = report
  const byStage = stages.map(({ name }) => [name, profile.filter(({ stage }) => stage === name)] as const)
  const of = (name: string, text: string | null) => (text === null ? [] : [`In stage ${name}, ${text}.`])
  return [
    ...longestStage(profile),
    ...skewed.map((key) => `Skew: ${skewText(key)}.`),
    ...byStage.flatMap(([name, tasks]) => [
      ...(isSlow(tasks) ? of(name, slowestText(tasks)) : []),
      ...of(name, largestText(tasks)),
    ]),
    ...spilled(stages),
    ...(outline === null ? [] : misjudged(outline, stages)).map((text) => `${text}.`),
    ...(recordsQuarantined > 0 ? [`Bad records: ${formatCount(recordsQuarantined)}.`] : []),
    ...notes,
  ]
}

function longestStage(tasks: readonly TaskProfile[]): string[] {
  const times = stagesOf(tasks).map(([name, own]) => ({ name, ms: sum(own, ({ elapsedMs }) => elapsedMs) }))
  if (times.length < 2) return []
  const longest = times.reduce((a, b) => (b.ms > a.ms ? b : a))
  const share = Math.round((100 * longest.ms) / sum(tasks, ({ elapsedMs }) => elapsedMs))
  return [`Stage ${longest.name} took ${share} % of the workers’ time.`]
}

function spilled(stages: readonly StageReport[]): string[] {
  const all = stages.reduce((total, { spillBytes }) => total + spillBytes, 0)
  if (all === 0) return []
  const most = stages.reduce((a, b) => (b.spillBytes > a.spillBytes ? b : a))
  return [
    `${formatBytes(all)} of sorted files were written, ${formatBytes(most.spillBytes)} of them by stage ${most.name}.`,
  ]
}

function timesTable(tasks: readonly TaskProfile[]): string {
  const kinds = WORK_KINDS.filter((kind) => tasks.some(({ times }) => times[kind] >= 0.5))
  const rows = stagesOf(tasks).map(([stage, own]) => {
    const times = kinds.map((kind) => sum(own, ({ times }) => times[kind]))
    return [stage, ...times.map((ms) => (ms < 0.5 ? '' : formatDuration(ms)))]
  })
  return table(['stage', ...kinds], rows)
}

function recordsTable(tasks: readonly TaskProfile[]): string {
  const rows = stagesOf(tasks).map(([stage, own]) => {
    const spilled = sum(own, ({ recordsSpilled }) => recordsSpilled)
    const out = sum(own, ({ recordsOut }) => recordsOut)
    return [
      stage,
      formatCount(own.length),
      formatCount(sum(own, ({ recordsIn }) => recordsIn)),
      formatCount(out),
      spilled > 0 && out > 0 ? `${((1 - spilled / out) * 100).toFixed(1)} %` : '',
      formatBytes(sum(own, ({ bytesIn }) => bytesIn)),
      formatBytes(sum(own, ({ bytesOut }) => bytesOut)),
      formatBytes(sum(own, ({ spillBytes }) => spillBytes)),
    ]
  })
  const head = ['stage', 'tasks', 'records in', 'records out', 'combined away', 'bytes in', 'bytes out', 'spilled']
  return table(head, rows)
}

function stagesOf(tasks: readonly TaskProfile[]): (readonly [string, TaskProfile[]])[] {
  const names = [...new Set(tasks.map(({ stage }) => stage))]
  return names.map((name) => [name, tasks.filter(({ stage }) => stage === name)] as const)
}

function sum(tasks: readonly TaskProfile[], of: (task: TaskProfile) => number): number {
  return tasks.reduce((total, task) => total + of(task), 0)
}

/** On small screens it scrolls by itself. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = ([first = '', ...cells]: readonly string[]) =>
    `<tr><th scope="row">${escapeHtml(first)}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  return `<div class="scroll" tabindex="0"><table>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>${rows.map(line).join('\n')}</tbody>
</table></div>`
}
