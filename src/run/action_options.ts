/** The options of actions: of those that hand over or show rows or elements, and of those that write them. */
import type { Schema } from '../base/schema.js'
import { type DatasetOptions, RUN_OPTIONS } from './options.js'
import type { RowOptions } from './rows.js'

/** Options of an action: those of a run that do not concern its output. */
export type ActionOptions = Pick<RowOptions, (typeof NAMES)[number]>

const NAMES = [
  'workers',
  'memory',
  'partitions',
  'maxBad',
  'diskCheck',
  'allFiles',
  'encoding',
  'retries',
  'taskTimeout',
  'speculate',
  'signal',
  'onProgress',
  'onNote',
] as const

export const ACTION_OPTIONS = Object.fromEntries(
  NAMES.map((name) => [name, RUN_OPTIONS[name]]),
) as unknown as Schema<ActionOptions>

/** What a writer says itself, and what only jobs have. */
type NotAsked = 'output' | 'format' | 'mode' | 'partitionBy' | 'input' | 'top'
export type WriteOptions = Omit<DatasetOptions, NotAsked | symbol>

const NOT_ASKED: readonly string[] = ['output', 'format', 'mode', 'partitionBy', 'input', 'top'] satisfies NotAsked[]
export const WRITE_OPTIONS = Object.fromEntries(
  Object.entries(RUN_OPTIONS).filter(([name]) => !NOT_ASKED.includes(name)),
) as unknown as Schema<WriteOptions>

/** Those of an action. */
export function actionOptions(options: object): ActionOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in ACTION_OPTIONS))
}
