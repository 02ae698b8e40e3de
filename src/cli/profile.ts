/** `--profile`: where a job's time and bytes went, as JSON and as a page with a timeline. */
import { join } from 'node:path'
import { makeFolder, writeFileAtomic } from '../base/files.js'
import { formatBytes, formatCount, formatDuration } from '../base/units.js'
import type { StageReport, TaskProfile } from '../engine/report.js'
import type { RunReport } from '../run/report.js'

const WIDTH = 1160
const LEFT = 80
const ROW = 30
const COLORS: Record<string, string> = {
  read: '#8ecae6',
  map: '#219ebc',
  collect: '#577590',
  spill: '#f4a261',
  merge: '#90be6d',
  reduce: '#43aa8b',
  write: '#e76f51',
  other: '#cccccc',
}

/** Writes `profile.json` and `profile.html` into a folder, which is created. */
export function writeProfile(folder: string, report: RunReport): void {
  makeFolder(folder)
  const tasks = report.profile ?? []
  const { job, output, elapsedMs, peakRssBytes, stages } = report
  const document = { job, output, elapsedMs, peakRssBytes, stages, tasks }
  writeFileAtomic(join(folder, 'profile.json'), `${JSON.stringify(document, null, 2)}\n`)
  writeFileAtomic(join(folder, 'profile.html'), renderProfilePage(report, tasks))
}

export function renderProfilePage(report: RunReport, tasks: TaskProfile[]): string {
  const stages = [...new Set(tasks.map((task) => task.stage))]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeHtml(report.job)}: profile</title>
<style>
  body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: ${WIDTH + 40}px; color: #222 }
  table { border-collapse: collapse; margin: 1rem 0 }
  th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums }
  th:first-child, td:first-child { text-align: left }
  .key { display: inline-block; width: 0.9em; height: 0.9em; margin: 0 0.3em 0 1em; vertical-align: -0.1em }
</style>
<h1>${escapeHtml(report.job)}</h1>
<p>${formatDuration(report.elapsedMs)}, peak memory ${formatBytes(report.peakRssBytes)}, output ${escapeHtml(report.output)}</p>
<h2>Workers over time</h2>
<p>${Object.entries(COLORS)
    .map(([kind, color]) => `<span class="key" style="background:${color}"></span>${kind}`)
    .join('')}</p>
${timeline(tasks)}
<h2>Time by kind of work, all workers together</h2>
<table>
<tr><th>stage</th>${Object.keys(COLORS)
    .map((kind) => `<th>${kind}</th>`)
    .join('')}<th>records in</th><th>records out</th><th>combined away</th><th>bytes in</th><th>spilled</th></tr>
${stages.map((stage) => stageRow(stage, tasks)).join('\n')}
</table>
${operatorTable(report.stages)}</html>
`
}

// One bar per task, with the kinds of work as shares, because a task alternates between them thousands of times.
function timeline(tasks: TaskProfile[]): string {
  if (tasks.length === 0) return '<p>No task ran.</p>'
  const from = Math.min(...tasks.map((task) => task.startedAt))
  const to = Math.max(...tasks.map((task) => task.startedAt + task.elapsedMs), from + 1)
  const x = (time: number) => LEFT + ((time - from) / (to - from)) * (WIDTH - LEFT)
  const workers = [...new Set(tasks.map((task) => task.worker))].sort((a, b) => a - b)
  const bars = tasks.flatMap((task) => {
    const y = workers.indexOf(task.worker) * ROW + 4
    const title = `<title>${escapeHtml(`${task.task} (${task.stage}), ${formatDuration(task.elapsedMs)}, ${formatCount(task.recordsIn)} records`)}</title>`
    let at = task.startedAt
    return Object.entries(task.times).map(([kind, ms]) => {
      const start = x(at)
      at += ms
      return `<rect x="${start.toFixed(1)}" y="${y}" width="${Math.max(0, x(at) - start).toFixed(1)}" height="${ROW - 8}" fill="${COLORS[kind]}">${title}</rect>`
    })
  })
  const labels = workers.map((worker, row) => `<text x="0" y="${row * ROW + 19}">worker ${worker}</text>`)
  const height = workers.length * ROW + 24
  const axis = `<text x="${LEFT}" y="${height - 4}">0</text><text x="${WIDTH}" y="${height - 4}" text-anchor="end">${formatDuration(to - from)}</text>`
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" font-size="13">\n${[...labels, ...bars, axis].join('\n')}\n</svg>`
}

function stageRow(stage: string, tasks: TaskProfile[]): string {
  const own = tasks.filter((task) => task.stage === stage)
  const sum = (of: (task: TaskProfile) => number) => own.reduce((total, task) => total + of(task), 0)
  const times = Object.keys(COLORS).map((kind) => sum((task) => task.times[kind as keyof TaskProfile['times']]))
  const spilled = sum((task) => task.recordsSpilled)
  const out = sum((task) => task.recordsOut)
  const combined = spilled > 0 && out > 0 ? `${((1 - spilled / out) * 100).toFixed(1)} %` : ''
  const cells = [
    ...times.map((ms) => (ms < 0.5 ? '' : formatDuration(ms))),
    formatCount(sum((task) => task.recordsIn)),
    formatCount(out),
    combined,
    formatBytes(sum((task) => task.bytesIn)),
    formatBytes(sum((task) => task.spillBytes)),
  ]
  return `<tr><td>${escapeHtml(stage)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

/** What the operators of rows did; empty without any. */
function operatorTable(stages: readonly StageReport[]): string {
  const rows = stages.flatMap(({ name, inputs = [] }) =>
    inputs.flatMap(({ operators }) =>
      operators.map(({ op, rowsIn, rowsOut, ms }) => {
        const cells = [formatCount(rowsIn), formatCount(rowsOut), formatDuration(ms)]
        return `<tr><td>${escapeHtml(name)}: ${op}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>\n`
      }),
    ),
  )
  if (rows.length === 0) return ''
  return `<h2>Operators of rows, all workers together</h2>
<table>
<tr><th>operator</th><th>rows in</th><th>rows out</th><th>time</th></tr>
${rows.join('')}</table>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
