/**
 * How much disk a run needs, roughly and rather too little: to refuse what cannot end well, not what might. A run that finds the disk
 * full after all stops, and goes on when there is room.
 */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { formatBytes } from '../base/units.js'
import type { InputFile } from '../io/inputs.js'
import type { Plan, Stage } from '../plan/plan.js'
import { inputBytes } from './planner.js'

/** Bytes written for a byte that is read, where records go on whole (sort, join). */
const WHOLE = 1
/** Where a function decides what goes on, or columns are picked. */
const CHOSEN = 0.25
/** Where values of a key are combined, or lines filtered. */
const CONDENSED = 0.05
const GZIP_RATIO = 4

/**
 * What is on the disk at the same time: what a stage reads, and what it writes beside that. Runs are removed when the stage that read
 * them is over.
 */
export function estimateDiskBytes(plan: Plan, files: readonly InputFile[]): number {
  let before = 0
  let most = 0
  for (const stage of plan.stages) {
    const written = shareWritten(stage, before)
    most = Math.max(most, before + written)
    before = written
  }
  return Math.ceil(inputBytes(files) * most)
}

/**
 * @param dir where the run writes; it need not exist
 * @param haveBytes what it has written before
 * @throws DISK_TOO_SMALL
 */
export function checkDisk(dir: string, needBytes: number, haveBytes: number): void {
  const freeBytes = freeBytesAt(dir)
  if (freeBytes === null || needBytes - haveBytes <= freeBytes) return
  throw new RunjobError('DISK_TOO_SMALL', {
    path: dir,
    need: formatBytes(needBytes - haveBytes),
    free: formatBytes(freeBytes),
    needBytes: needBytes - haveBytes,
    freeBytes,
  })
}

/** @param before what the stage before wrote, for a byte of the input */
function shareWritten({ sources, target }: Stage, before: number): number {
  const records = shareOfRecords(sources, before)
  if (target.kind === 'sink') return target.gzip ? records / GZIP_RATIO : records
  if (target.combine === null) return records
  // Of the input many records share a key; of what a step gives there is nothing to go by.
  return sources[0]!.kind === 'files' ? CONDENSED : 0
}

/** What a stage's operators give on, before it is combined. */
function shareOfRecords(sources: Stage['sources'], before: number): number {
  const [source] = sources
  if (source!.kind === 'exchange') {
    const { group, operators } = source!
    const given = group.op === 'records' || group.op === 'join' ? before : 0
    return operators[0]?.op === 'map' ? given * CHOSEN : given
  }
  const operatorsOf = sources.map(({ operators }) => operators[0]!)
  if (operatorsOf.some(({ op }) => op === 'grep')) return CONDENSED
  const isWhole = operatorsOf.every(
    (operator) =>
      operator.op === 'lines' || (operator.op === 'fields' && operator.values.some(({ kind }) => kind === 'row')),
  )
  return isWhole ? WHOLE : CHOSEN
}

/** null where the system does not tell. */
function freeBytesAt(dir: string): number | null {
  try {
    const { bavail, bsize, blocks } = statfsSync(dir)
    return blocks === 0 ? null : bavail * bsize
  } catch {
    const above = dirname(dir)
    return above === dir ? null : freeBytesAt(above)
  }
}
