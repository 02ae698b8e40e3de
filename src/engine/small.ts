/**
 * Small runs: all that they do takes milliseconds, so the main thread does it, and no worker has to start (pool.ts). While it does, it hears
 * no signal and has no time for anything else: what a task does between two looks at the clock must be little, whatever the data.
 */

import type { InputFile } from '../io/input/input_file.js'
import type { Expression } from '../plan/expression.js'
import type { Format, Input, Operator, Plan, Stage } from '../plan/plan.js'
import type { BadRecordsInit } from './bad_records.js'
import type { Tuning } from './budget.js'

/** Long enough for a machine that is busy with other things. */
const QUICK_MS = 200
/** Of all files, each as often as it is read. */
export const MAX_SMALL_BYTES = 2 ** 20
const MAX_FILES = 16
const MAX_PARTITIONS = 16
/** Objects and values of a plan. */
const MAX_PLAN_PARTS = 10_000
/** All texts of a plan that concat() joins: a text that is joined with itself, again and again, has twice the length each time. */
const MAX_JOINED = 8

/** What is compressed may hold any number of rows. */
const FORMATS: ReadonlySet<Format['kind']> = new Set<Format['kind']>(['text', 'csv', 'jsonl'])

/** They give no more rows than they take. */
const OPERATORS: ReadonlySet<Operator['op']> = new Set<Operator['op']>([
  ...(['words', 'lines', 'fields', 'aggregate', 'take', 'byNumber', 'dropNumber'] as const),
  ...(['scan', 'rows', 'groups', 'filter', 'project', 'limit'] as const),
])

/** Functions of expressions whose results are no longer than their arguments, and take no longer than to read these. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'eqNullSafe', 'in', 'and', 'or', 'not'],
  ...['isNull', 'isNotNull', 'isNaN', 'case', 'coalesce', 'greatest', 'least', 'hash', 'cast', 'tryCast'],
  ...['add', 'subtract', 'multiply', 'divide', 'div', 'mod', 'pmod', 'negate', 'abs', 'round', 'floor', 'ceil', 'sqrt'],
  ...['length', 'upper', 'lower', 'trim', 'ltrim', 'rtrim', 'startsWith', 'endsWith', 'substring', 'concat'],
  ...['year', 'quarter', 'month', 'dayOfMonth', 'dayOfYear', 'dayOfWeek', 'weekOfYear', 'hour', 'minute', 'second'],
])

interface Run {
  plan: Plan
  files: readonly InputFile[]
  /** Input name -> indexes into `files`. */
  inputs: ReadonlyMap<string, readonly number[]>
  /** Of each stage. */
  partitions: readonly number[]
  badRecords: BadRecordsInit | null
  taskTimeoutMs: number | null
  tuning: Tuning
}

/** How long the main thread may do a task of this run; null: it leaves all to workers. */
export function quickMs(run: Run): number | null {
  return isSmall(run) ? (run.tuning.hereMs ?? QUICK_MS) : null
}

function isSmall({ plan, files, inputs, partitions, badRecords, taskTimeoutMs, tuning }: Run): boolean {
  if (plan.module !== null || badRecords !== null || taskTimeoutMs !== null) return false
  const numbers = plan.stages.flatMap((stage) => stage.inputs.flatMap((input) => numbersOf(input, inputs)))
  const read = numbers.map((number) => files[number]!)
  const bytes = read.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (bytes > Math.min(MAX_SMALL_BYTES, tuning.splitBytes ?? MAX_SMALL_BYTES)) return false
  if (read.length > MAX_FILES || partitions.some((count) => count > MAX_PARTITIONS)) return false
  if (read.some(({ compression }) => compression !== 'none')) return false
  return plan.stages.every(isQuick) && callsOnlyQuick(plan.stages)
}

function numbersOf(input: Input, inputs: Run['inputs']): readonly number[] {
  return input.kind === 'files' ? (inputs.get(input.files) ?? []) : []
}

function isQuick({ inputs, target }: Stage): boolean {
  if (target.kind === 'sink' && target.partitionBy) return false
  return inputs.every((input) => {
    if (input.kind === 'files' && !FORMATS.has(input.format.kind)) return false
    return input.operators.every(({ op }) => OPERATORS.has(op))
  })
}

/** Whether all expressions in a part of a plan, which is plain data, call only quick functions. */
function callsOnlyQuick(part: unknown): boolean {
  // No recursion, because expressions may be deep.
  const parts = [part]
  let joined = 0
  for (const one of parts) {
    if (typeof one !== 'object' || one === null) continue
    const { op, fn, args } = one as { op?: unknown; fn?: string; args?: readonly Expression[] }
    if (op === 'call' && !FUNCTIONS.has(fn!)) return false
    if (op === 'call' && fn === 'concat') joined += args!.filter((arg) => arg.op !== 'literal').length
    for (const inner of Object.values(one)) parts.push(inner)
    if (parts.length > MAX_PLAN_PARTS || joined > MAX_JOINED) return false
  }
  return true
}
