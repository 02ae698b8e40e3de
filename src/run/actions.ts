/** What the actions of data frames do: run the frame in a temporary folder, and hand over or print its rows. */
import { join } from 'node:path'
import { checkedOptions, isFlag, isOneOf, type Schema } from '../base/schema.js'
import type { AnyFrame } from '../dataset/frame.js'
import type { FrameRunner } from '../dataset/runner.js'
import type { FrameWriter } from '../dataset/writer.js'
import type { Row } from '../kernels/rows.js'
import type { FrameSchema, RowForms } from '../plan/typed.js'
import { describePlan } from './describe.js'
import { type DatasetOptions, PREPARED, RUN_OPTIONS, type RunnableOptions } from './options.js'
import { prepareOnly } from './prepare.js'
import type { Prepared } from './prepared.js'
import { datasetOf, type RowOptions, runForRows } from './rows.js'
import { isInWorker, runAny } from './run.js'
import { renderTable } from './table.js'
import { inTemporaryFolder } from './temporary.js'

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

const OPTIONS = Object.fromEntries(NAMES.map((name) => [name, RUN_OPTIONS[name]])) as unknown as Schema<ActionOptions>

const ROW_OPTIONS: Schema<ActionOptions & RowForms> = {
  ...OPTIONS,
  longs: isOneOf('bigint'),
  timestamps: isOneOf('micros'),
}

interface ExplainOptions extends ActionOptions {
  /** Run the frame, and say what each operator did; the rows are thrown away. */
  analyze?: boolean
}

const EXPLAIN_OPTIONS: Schema<ExplainOptions> = { ...OPTIONS, analyze: isFlag }

async function collectRows(frame: AnyFrame, given: unknown): Promise<Row[]> {
  if (isInWorker()) return new Promise(() => {})
  const { longs, timestamps, ...options } = checkedOptions(ROW_OPTIONS, (given ?? {}) as ActionOptions & RowForms)
  return (await runForRows(datasetOf(frame), options, { longs, timestamps })).rows
}

async function peek(frame: AnyFrame, given: unknown): Promise<Row | null> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(OPTIONS, (given ?? {}) as ActionOptions)
  return (await runForRows(datasetOf(frame), options, 'shown')).rows[0] ?? null
}

/** Of a terminal that does not say. */
const DEFAULT_WIDTH = 80

async function show(frame: AnyFrame, count: number, given: unknown): Promise<void> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(OPTIONS, (given ?? {}) as ActionOptions)
  // One more shows that there are more.
  const { columns, rows } = await runForRows(datasetOf(frame.limit(count + 1)), options, 'shown')
  const total = rows.length > count ? null : rows.length
  const width = process.stdout.isTTY ? process.stdout.columns || DEFAULT_WIDTH : Number.POSITIVE_INFINITY
  process.stdout.write(renderTable(columns, rows.slice(0, count), { width, total }))
}

/** What a writer says itself, and what only jobs have. */
type NotAsked = 'output' | 'format' | 'mode' | 'partitionBy' | 'input' | 'top'
type WriteOptions = Omit<DatasetOptions, NotAsked | symbol>

const NOT_ASKED: readonly string[] = ['output', 'format', 'mode', 'partitionBy', 'input', 'top'] satisfies NotAsked[]
const WRITE_OPTIONS = Object.fromEntries(
  Object.entries(RUN_OPTIONS).filter(([name]) => !NOT_ASKED.includes(name)),
) as unknown as Schema<WriteOptions>

async function writeRows(
  { frame, choice }: FrameWriter<FrameSchema>,
  { path, format }: { path: string; format: string },
  given: unknown,
): Promise<void> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(WRITE_OPTIONS, (given ?? {}) as WriteOptions)
  await runAny(datasetOf(frame as AnyFrame), {
    ...options,
    output: path,
    format,
    partitionBy: choice.partitionBy,
    ...(choice.mode === null ? {} : { mode: choice.mode }),
  })
}

/**
 * Actions with other options unless they are called with these.
 *
 * @param given of a run; those that concern its output have no meaning
 */
export function actionsWith(given: RunnableOptions): FrameRunner {
  const known: readonly string[] = NAMES
  const defaults = Object.fromEntries(Object.entries(given).filter(([name]) => known.includes(name)))
  const all = (options: unknown) => ({ ...defaults, ...(options as ActionOptions | undefined) })
  return {
    collect: (frame, options) => actions.collect(frame, all(options)),
    peek: (frame, options) => actions.peek(frame, all(options)),
    show: (frame, rows, options) => actions.show(frame, rows, all(options)),
    write: (writer, to, options) => actions.write(writer, to, all(options)),
    explain: (frame, options) => actions.explain(frame, all(options)),
  }
}

export const actions: FrameRunner = {
  collect: collectRows,
  peek,
  show,
  write: writeRows,
  explain: async (frame, options) => {
    if (isInWorker()) return new Promise(() => {})
    const { analyze = false, ...given } = checkedOptions(EXPLAIN_OPTIONS, (options ?? {}) as ExplainOptions)
    const dataset = datasetOf(frame)
    if (!analyze) return describePlan(await prepareOnly(dataset, { ...given, output: 'output' }), given)
    let prepared: Prepared | undefined
    const { stages } = await inTemporaryFolder((folder) =>
      runAny(dataset, {
        ...given,
        output: join(folder, 'output'),
        profile: true,
        [PREPARED]: (known: Prepared) => {
          prepared = known
        },
      }),
    )
    return describePlan(prepared!, given, stages)
  },
}
