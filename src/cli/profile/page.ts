/** The pages of `--profile`: a file each, without script, for large and small screens, light and dark. */
import { formatBytes, formatCount, formatDuration } from '../../base/units.js'
import type { PlanOutline } from '../../plan/outline.js'
import type { RunReport } from '../../run/report.js'
import { findings } from './findings.js'
import { escapeHtml } from './html.js'
import { planPicture } from './plan.js'
import { STYLE } from './style.js'
import { recordsTable, timesTable } from './tables.js'
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
      : `<h2>What stands out</h2>\n<ul class="findings">${found.map((text) => `<li>${text}</li>`).join('\n')}</ul>`,
    outline === null
      ? ''
      : `<h2>Plan</h2>\n<p>${HOW_TO_READ} Rows and times are those of all tasks together.</p>\n${planPicture(outline, stages, tasks)}`,
    `<h2>Workers over time</h2>\n${legend()}\n${timeline(tasks)}`,
    tasks.length === 0 ? '' : `<h2>Time by kind of work, all workers together</h2>\n${timesTable(tasks, outline)}`,
    tasks.length === 0 ? '' : `<h2>Records and bytes</h2>\n${recordsTable(tasks, outline)}`,
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
