/**
 * How much disk a run needs, roughly, and deliberately low: to refuse what cannot end well, not what might. A run that finds the disk
 * full after all stops, and can be continued when there is room.
 */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { formatBytes } from '../base/units.js'
import type { InputFile } from '../io/input/input_file.js'
import type { ExchangeInput, Input, Operator, Plan, Stage } from '../plan/plan.js'
import { stageFilling, stagesAfter } from '../plan/stages.js'
import { inputBytes } from './partitions.js'

/** Bytes written per byte read, where records are kept whole (sort, join). */
const WHOLE = 1
/** Where a function decides what it emits, or columns are picked. */
const CHOSEN = 0.25
/** If values of a key are combined, or lines filtered. */
const CONDENSED = 0.05
const COMPRESSION_RATIO = 4

/**
 * What is on disk at the same time: what a stage reads and others will read, what it writes, and the parts of the output.
 * Runs are removed when the last stage that reads them is over.
 */
export function estimateDiskBytes(plan: Plan, files: readonly InputFile[]): number {
  const written = sharesWritten(plan)
  const heldIn = plan.stages.map((_, stage) => {
    const held = written.filter((_, i) => {
      const readers = stagesAfter(plan, i)
      return i <= stage && (readers.length === 0 || readers.at(-1)! >= stage)
    })
    return held.reduce((sum, share) => sum + share, 0)
  })
  return Math.ceil(inputBytes(files) * Math.max(...heldIn))
}

/** The output of each stage, by the same estimate. */
export function estimateStageBytes(plan: Plan, files: readonly InputFile[]): number[] {
  return sharesWritten(plan).map((share) => Math.ceil(inputBytes(files) * share))
}

/** Per byte of the input. */
function sharesWritten(plan: Plan): number[] {
  const written: number[] = []
  for (const stage of plan.stages) written.push(shareWritten(plan, stage, written))
  return written
}

/**
 * @param dir where the run writes; it need not exist
 * @param haveBytes what it has already written
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

/** @param before what each earlier stage wrote, per byte of the input */
function shareWritten(plan: Plan, { inputs, target }: Stage, before: readonly number[]): number {
  const fromFiles = shareOfFiles(inputs.filter((input) => input.kind === 'files'))
  const shares = inputs.map((input) => (input.kind === 'exchange' ? shareOfExchange(plan, input, before) : 0))
  const records = shares.reduce((sum, share) => sum + share, fromFiles)
  if (target.kind === 'sink') {
    const parts = target.compress === null ? records : records / COMPRESSION_RATIO
    // A single file is a copy of the parts.
    return target.singleFile ? 2 * parts : parts
  }
  if (target.combine === null && target.rows?.kind !== 'groups') return records
  // In the input many records share a key; for a step's output nothing is known.
  return inputs.some(({ kind }) => kind === 'files') ? CONDENSED : 0
}

/** The output of operators on files, before combining. */
function shareOfFiles(inputs: readonly Input[]): number {
  if (inputs.length === 0) return 0
  const operators = inputs.map((input) => input.operators[0]!)
  // Of rows, columns are left out, and others filtered.
  if (operators.some(({ op }) => op === 'grep' || op === 'scan')) return CONDENSED
  const isWhole = operators.every(
    (operator) =>
      operator.op === 'lines' || (operator.op === 'fields' && operator.values.some(({ kind }) => kind === 'row')),
  )
  return isWhole ? WHOLE : CHOSEN
}

/** The output of operators on an exchange: nothing, if values of a key become one. */
function shareOfExchange(plan: Plan, { exchange, operators }: ExchangeInput, before: readonly number[]): number {
  if (operators.some(({ op }) => CONDENSING.includes(op))) return 0
  const share = before[stageFilling(plan, exchange)]!
  return operators.some(({ op }) => op === 'map') ? share * CHOSEN : share
}

const CONDENSING: readonly Operator['op'][] = [
  'reduce',
  'aggregate',
  'take',
  'groups',
  'mergeJoin',
  'hashJoin',
  'filter',
  'keyFilter',
  'sideFilter',
  'limit',
]

/** null if the system does not report it. */
function freeBytesAt(dir: string): number | null {
  try {
    const { bavail, bsize, blocks } = statfsSync(dir)
    return blocks === 0 ? null : bavail * bsize
  } catch {
    const above = dirname(dir)
    return above === dir ? null : freeBytesAt(above)
  }
}
