/** The tasks of a stage, compared with each other. */
import { formatCount, formatDuration } from '../../base/units.js'
import type { TaskProfile } from '../../engine/report.js'

/** The others wait for a task that takes so many times as long as most... */
const SLOW = 2
/** ...unless it is over at once. */
const LEAST_MS = 100
/** A task has too many records if it has so many times as many as the others on average... */
const LARGE = 2
/** ...unless all have few. */
const LEAST_RECORDS = 1000

/** The one that took longest: `task s1-r00003 took 4.2 s, 3.1 times as long as the median`; null: there is nothing to compare. */
export function slowestText(tasks: readonly TaskProfile[]): string | null {
  const slowest = longest(tasks)
  if (slowest === null) return null
  const times = slowest.elapsedMs / Math.max(1, medianMs(tasks))
  const ratio = times >= 1.05 ? `, ${times.toFixed(1)} times as long as the median` : ''
  return `task ${slowest.task} took ${formatDuration(slowest.elapsedMs)}${ratio}`
}

export function isSlow(tasks: readonly TaskProfile[]): boolean {
  const slowest = longest(tasks)
  return slowest !== null && slowest.elapsedMs >= LEAST_MS && slowest.elapsedMs >= SLOW * medianMs(tasks)
}

/** A partition, or a part of the files, with far more records than the others; null: there is none. */
export function largestText(tasks: readonly TaskProfile[]): string | null {
  if (tasks.length < 2) return null
  const largest = tasks.reduce((a, b) => (b.recordsIn > a.recordsIn ? b : a))
  const all = sum(tasks, 'recordsIn')
  const others = (all - largest.recordsIn) / (tasks.length - 1)
  if (largest.recordsIn < LEAST_RECORDS || largest.recordsIn < LARGE * others) return null
  return `task ${largest.task} read ${formatCount(largest.recordsIn)} of ${formatCount(all)} records`
}

/** In the order of the stages. */
export function tasksByStage(tasks: readonly TaskProfile[]): [stage: string, own: TaskProfile[]][] {
  const stages = new Map<string, TaskProfile[]>()
  for (const task of tasks) {
    const own = stages.get(task.stage)
    if (own) own.push(task)
    else stages.set(task.stage, [task])
  }
  return [...stages]
}

export function sum(
  tasks: readonly TaskProfile[],
  of: 'elapsedMs' | 'recordsIn' | 'recordsOut' | 'recordsSpilled' | 'bytesIn' | 'bytesOut' | 'spillBytes',
): number {
  return tasks.reduce((total, task) => total + task[of], 0)
}

function longest(tasks: readonly TaskProfile[]): TaskProfile | null {
  return tasks.length < 2 ? null : tasks.reduce((a, b) => (b.elapsedMs > a.elapsedMs ? b : a))
}

function medianMs(tasks: readonly TaskProfile[]): number {
  const sorted = tasks.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]!
}
