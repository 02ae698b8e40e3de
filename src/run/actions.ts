/** What the actions of data frames do: run the frame in a temporary folder, and hand over or print its rows. */
import { join } from 'node:path'
import { checkedOptions, isFlag, isOneOf, type Schema } from '../base/schema.js'
import type { AnyFrame } from '../dataset/frame.js'
import type { FrameWriter } from '../dataset/writer.js'
import type { Row } from '../kernels/rows.js'
import type { Runner } from '../plan/runner.js'
import type { FrameSchema, RowForms } from '../plan/typed.js'
import {
  ACTION_OPTIONS,
  type ActionOptions,
  actionOptions,
  WRITE_OPTIONS,
  type WriteOptions,
} from './action_options.js'
import { describePlan } from './describe.js'
import { runElements, writeElements } from './elements.js'
import { type Explained, explaining, explainOnly } from './explained.js'
import { readsOutput, withKeptRows, withRowsSoFar } from './kept_rows.js'
import type { RunnableOptions } from './options.js'
import { datasetOf, runForRows } from './rows.js'
import { isInWorker, runAny } from './run.js'
import { renderTable } from './table.js'
import { inTemporaryFolder } from './temporary.js'

const ROW_OPTIONS: Schema<ActionOptions & RowForms> = {
  ...ACTION_OPTIONS,
  longs: isOneOf('bigint'),
  timestamps: isOneOf('micros'),
}

interface ExplainOptions extends ActionOptions {
  /** Run the frame, and say what each operator did; the rows are thrown away. */
  analyze?: boolean
}

const EXPLAIN_OPTIONS: Schema<ExplainOptions> = { ...ACTION_OPTIONS, analyze: isFlag }

async function collectRows(frame: AnyFrame, given: unknown): Promise<Row[]> {
  if (isInWorker()) return new Promise(() => {})
  const { longs, timestamps, ...options } = checkedOptions(ROW_OPTIONS, (given ?? {}) as ActionOptions & RowForms)
  const form = { longs, timestamps }
  return withKeptRows(frame, options, async (known) => (await runForRows(datasetOf(known), options, form)).rows)
}

async function peek(frame: AnyFrame, given: unknown): Promise<Row | null> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(ACTION_OPTIONS, (given ?? {}) as ActionOptions)
  const { rows } = await withKeptRows(frame, options, (known) => runForRows(datasetOf(known), options, 'shown'))
  return rows[0] ?? null
}

/** Of a terminal that does not say. */
const DEFAULT_WIDTH = 80

async function show(frame: AnyFrame, count: number, given: unknown): Promise<void> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(ACTION_OPTIONS, (given ?? {}) as ActionOptions)
  // One more shows that there are more.
  const { columns, rows } = await withKeptRows(frame, options, (known) =>
    runForRows(datasetOf(known.limit(count + 1)), options, 'shown'),
  )
  const total = rows.length > count ? null : rows.length
  const width = process.stdout.isTTY ? process.stdout.columns || DEFAULT_WIDTH : Number.POSITIVE_INFINITY
  process.stdout.write(renderTable(columns, rows.slice(0, count), { width, total }))
}

async function writeRows(
  { frame, choice }: FrameWriter<FrameSchema>,
  { path, format }: { path: string; format: string },
  given: unknown,
): Promise<void> {
  if (isInWorker()) return new Promise(() => {})
  const options = checkedOptions(WRITE_OPTIONS, (given ?? {}) as WriteOptions)
  const written = {
    ...options,
    output: path,
    format,
    partitionBy: choice.partitionBy,
    ...(choice.mode === null ? {} : { mode: choice.mode }),
  }
  const write = async (known: AnyFrame) => {
    await runAny(datasetOf(known), written)
  }
  const own = frame as AnyFrame
  const ofAction = actionOptions(options)
  await (readsOutput(own.query, path, ofAction) ? write(own) : withKeptRows(own, ofAction, write))
}

/**
 * Actions with other options unless they are called with these.
 *
 * @param given of a run; those that concern its output have no meaning
 */
export function actionsWith(given: RunnableOptions): Runner {
  const defaults = actionOptions(given)
  const all = (options: unknown) => ({ ...defaults, ...(options as ActionOptions | undefined) })
  return {
    collect: (frame, options) => actions.collect(frame, all(options)),
    peek: (frame, options) => actions.peek(frame, all(options)),
    show: (frame, rows, options) => actions.show(frame, rows, all(options)),
    write: (writer, to, options) => actions.write(writer, to, all(options)),
    explain: (frame, options) => actions.explain(frame, all(options)),
    runElements: (collection, use, options) => actions.runElements(collection, use, all(options)),
    writeElements: (collection, to, options) => actions.writeElements(collection, to, all(options)),
  }
}

export const actions: Runner = {
  collect: collectRows,
  peek,
  show,
  write: writeRows,
  runElements,
  writeElements,
  explain: async (frame, options) => {
    if (isInWorker()) return new Promise(() => {})
    const { analyze = false, ...given } = checkedOptions(EXPLAIN_OPTIONS, (options ?? {}) as ExplainOptions)
    return analyze ? withKeptRows(frame, given, (known) => analyzed(known, given)) : explained(frame, given)
  },
}

async function explained(frame: AnyFrame, options: ActionOptions): Promise<string> {
  return withRowsSoFar(frame, options, async (known, missing) => {
    const plan = describePlan(await explainOnly(datasetOf(known), { ...options, output: 'output' }), options)
    if (missing === 0) return plan
    const what = missing === 1 ? 'one cached frame' : `${missing} cached frames`
    return `rows of ${what} are kept by the first action; until then it is\n\n${plan}`
  })
}

/** Runs it, and throws its rows away. */
async function analyzed(frame: AnyFrame, options: ActionOptions): Promise<string> {
  let explained: Explained | undefined
  const { stages } = await inTemporaryFolder((folder) =>
    runAny(
      datasetOf(frame),
      explaining({ ...options, output: join(folder, 'output'), profile: true }, (known) => {
        explained = known
      }),
    ),
  )
  return describePlan(explained!, options, stages)
}
