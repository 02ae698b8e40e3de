/**
 * How much disk a run needs, roughly and rather too little: to refuse what cannot end well, not what might. A run that finds the disk
 * full after all stops, and goes on when there is room.
 */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { formatBytes } from '../base/units.js'
import type { InputFile } from '../io/inputs.js'
import type { Exchange, Plan, Stage } from '../plan/plan.js'
import { inputBytes } from './planner.js'

/** Bytes written for a byte that is read, where records go on whole (sort, join). */
const WHOLE = 1
/** Where a function decides what goes on, or columns are picked. */
const CHOSEN = 0.25
/** Where values of a key are combined, or lines filtered. */
const CONDENSED = 0.05
const GZIP_RATIO = 4

/** Runs, and parts beside them: runs are removed when their stage is over. Later steps of a chain are taken to read less. */
export function estimateDiskBytes(plan: Plan, files: readonly InputFile[]): number {
  const [first] = plan.stages
  const last = plan.stages.at(-1)!
  const spilled = first!.target.kind === 'exchange' ? shareOfExchange(first!, first!.target) : 0
  const written = shareOfOutput(last, spilled) / (last.target.kind === 'sink' && last.target.gzip ? GZIP_RATIO : 1)
  return Math.ceil(inputBytes(files) * (spilled + written))
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

function shareOfExchange({ sources }: Stage, { combine }: Exchange): number {
  if (combine !== null) return CONDENSED
  const isWhole = sources.every((source) => {
    const [operator] = source.operators
    return operator?.op === 'lines' || (operator?.op === 'fields' && operator.values.some(({ kind }) => kind === 'row'))
  })
  return isWhole ? WHOLE : CHOSEN
}

function shareOfOutput({ sources }: Stage, spilled: number): number {
  const [source] = sources
  if (source!.kind === 'files') return source!.operators[0]!.op === 'map' ? CHOSEN : CONDENSED
  const { op } = source!.group
  return op === 'records' || op === 'join' ? spilled : 0
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
