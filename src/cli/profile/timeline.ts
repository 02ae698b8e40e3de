/** Which tasks each worker ran, and what it did in them. */
import { formatCount, formatDuration } from '../../base/units.js'
import type { TaskProfile } from '../../engine/report.js'
import { WORK_KINDS } from '../../engine/work_times.js'
import { escapeHtml, percent } from './html.js'

/** Of a worker: its name above its bar. */
const ROW = 46
const NAME = 15
const BAR_TOP = 21
const BAR = 18
const AXIS = 20

export function legend(): string {
  const keys = WORK_KINDS.map((kind) => `<li><span class="key ${kind}"></span>${kind}</li>`)
  return `<ul class="legend">${keys.join('')}</ul>`
}

/** One bar per task, with the kinds of work as shares, because a task alternates between them thousands of times. */
export function timeline(tasks: readonly TaskProfile[]): string {
  if (tasks.length === 0) return '<p>No task ran.</p>'
  const from = tasks.reduce((first, { startedAt }) => Math.min(first, startedAt), Number.POSITIVE_INFINITY)
  const to = tasks.reduce((last, task) => Math.max(last, task.startedAt + task.elapsedMs), from + 1)
  const workers = [...new Set(tasks.map((task) => task.worker))].sort((a, b) => a - b)
  const names = workers.map((worker, row) => `<text x="0" y="${row * ROW + NAME}">worker ${worker}</text>`)
  const bars = tasks.map((task) => {
    const y = workers.indexOf(task.worker) * ROW + BAR_TOP
    let at = task.startedAt - from
    const shares = WORK_KINDS.flatMap((kind) => {
      const ms = task.times[kind]
      if (ms <= 0) return []
      const x = percent(at, to - from)
      at += ms
      return `<rect class="${kind}" x="${x}" y="${y}" width="${percent(ms, to - from)}" height="${BAR}"/>`
    })
    const facts = [formatDuration(task.elapsedMs), `${formatCount(task.recordsIn)} records in`]
    const title = `${task.task} (${task.stage}): ${facts.join(', ')}`
    return `<g><title>${escapeHtml(title)}</title>${shares.join('')}</g>`
  })
  const height = workers.length * ROW + AXIS
  const axis = `<text x="0" y="${height - 4}">0</text><text x="100%" y="${height - 4}" text-anchor="end">${formatDuration(to - from)}</text>`
  const text = `${formatCount(tasks.length)} tasks of ${formatCount(workers.length)} workers in ${formatDuration(to - from)}. The tables below say the same in numbers.`
  return `<svg class="timeline" role="img" aria-labelledby="timeline-title timeline-text" width="100%" height="${height}">
<title id="timeline-title">Tasks by worker over time</title><desc id="timeline-text">${text}</desc>
${[...names, ...bars, axis].join('\n')}
</svg>`
}
