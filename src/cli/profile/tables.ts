/** Numbers of all tasks of a stage together. */
import { formatBytes, formatCount, formatDuration } from '../../base/units.js'
import type { TaskProfile } from '../../engine/report.js'
import { WORK_KINDS } from '../../engine/work_times.js'
import type { PlanOutline } from '../../plan/outline.js'
import { linkNamed } from './plan.js'
import { sum, tasksByStage } from './tasks.js'

export function timesTable(tasks: readonly TaskProfile[], outline: PlanOutline | null): string {
  const kinds = WORK_KINDS.filter((kind) => tasks.some(({ times }) => times[kind] >= 0.5))
  const rows = tasksByStage(tasks).map(([stage, own]) => {
    const times = kinds.map((kind) => own.reduce((total, { times }) => total + times[kind], 0))
    return [linkNamed(outline, stage), ...times.map((ms) => (ms < 0.5 ? '' : formatDuration(ms)))]
  })
  return table(['stage', ...kinds], rows)
}

export function recordsTable(tasks: readonly TaskProfile[], outline: PlanOutline | null): string {
  const rows = tasksByStage(tasks).map(([stage, own]) => {
    const [written, out] = [sum(own, 'recordsSpilled'), sum(own, 'recordsOut')]
    return [
      linkNamed(outline, stage),
      formatCount(own.length),
      formatCount(sum(own, 'recordsIn')),
      formatCount(out),
      written > 0 && written < out ? `${((1 - written / out) * 100).toFixed(1)} %` : '',
      formatBytes(sum(own, 'bytesIn')),
      formatBytes(sum(own, 'bytesOut')),
      formatBytes(sum(own, 'spillBytes')),
    ]
  })
  const head = ['stage', 'tasks', 'records in', 'records out', 'combined away', 'bytes in', 'bytes out', 'spilled']
  return table(head, rows)
}

/**
 * On small screens it scrolls by itself.
 *
 * @param rows of cells, as HTML
 */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = ([first = '', ...cells]: readonly string[]) =>
    `<tr><th scope="row">${first}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  return `<div class="scroll" tabindex="0"><table>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>${rows.map(line).join('\n')}</tbody>
</table></div>`
}
