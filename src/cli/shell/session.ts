/** The session of `runjob shell`: Node's own, in which the package's names are in scope. */
import type { EventEmitter } from 'node:events'
import { type REPLServer, start } from 'node:repl'
import { inspect } from 'node:util'
import { RunjobError } from '../../base/errors.js'
import { didYouMean } from '../../base/suggest.js'
import { Expr } from '../../dataset/column.js'
import { DataFrame, Grouped, isDataFrame } from '../../dataset/frame.js'
import { setFrameRunner } from '../../dataset/runner.js'
import type { RunnableOptions } from '../../run/options.js'
import { frameOf } from '../../run/query.js'
import { renderError } from '../report_error.js'
import { createColors } from '../terminal.js'
import { completeColumns, methodsOf } from './completion.js'
import { Work } from './work.js'

export interface SessionOptions {
  /** The first is `df`. */
  paths: readonly string[]
  /** What the package exports. */
  names: Readonly<Record<string, unknown>>
  cwd: string
  /** Options of the session's actions. */
  run: RunnableOptions
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream
  useColors: boolean
  /** File that keeps what is typed for the next session; empty: none. */
  history: string
}

/** Rows that are printed of a data frame that is a cell's value. */
const SHOWN_ROWS = 20

const STOPPED = 'stopped\n'

/** Name of the promise that the session awaits. */
const AWAITED = '_awaited'

/**
 * Resolves at the end of the session, by `.exit` or Ctrl-D.
 *
 * @throws OPTION_INVALID, INPUT_NOT_FOUND for paths that cannot be read
 */
export async function openSession(options: SessionOptions): Promise<void> {
  const { paths, names, cwd, output, useColors } = options
  const inputs = paths.map((path) => frameOf(path, cwd))
  const tell = (error: unknown) => {
    output.write(failureText(error, useColors))
  }
  // Of promises that no cell awaits: they must not end the session.
  process.on('unhandledRejection', tell)
  output.write(greeting(paths))
  const repl = start({
    prompt: 'runjob> ',
    input: options.input,
    output,
    terminal: true,
    useColors,
    // In another realm, dates and errors would be no instances of our classes.
    useGlobal: true,
    ignoreUndefined: true,
    // It would evaluate what is not yet asked for.
    preview: false,
    breakEvalOnSigint: true,
  })
  Object.assign(repl.context, names, { inputs }, inputs.length > 0 ? { df: inputs[0] } : {})
  const work = new Work({ ...options.run, onNote: (note) => output.write(`${note}\n`) })
  const unfinished = evaluateCells(repl, work, tell)
  completeColumns(repl, names, unfinished)
  if (options.history !== '') {
    repl.setupHistory(options.history, (error) => {
      if (error) output.write(`what is typed is not kept: ${error.message}\n`)
    })
  }
  await new Promise<void>((resolve) => repl.once('exit', resolve))
  await work.end()
  process.off('unhandledRejection', tell)
}

function greeting([first, ...more]: readonly string[]): string {
  const inputs =
    first === undefined
      ? 'read.csv(path), read.json(path), read.parquet(path) and read.text(path) are data frames.'
      : `df is ${first}${more.length > 0 ? `; inputs are all ${more.length + 1}` : ''}.`
  return `${inputs} A data frame shows its first rows; .exit or Ctrl-D ends the session.\n`
}

/**
 * A cell whose value is a promise awaits it; one whose value is a data frame shows its first rows.
 *
 * @returns gives the lines of the cell before the one that is being typed
 */
function evaluateCells(repl: REPLServer, work: Work, tell: (error: unknown) => void): () => string {
  let unfinished = ''
  let isWaiting = false
  const usual = repl.eval
  // By the session itself, which takes no key but Ctrl-C meanwhile. What fails goes to the listener below.
  const awaited = (value: unknown) =>
    new Promise<unknown>((resolve) => {
      Object.defineProperty(repl.context, AWAITED, { value, configurable: true })
      usual.call(repl, `await ${AWAITED}\n`, repl.context, 'cell', (_error, result) => resolve(result))
    })
  const finished = async (given: unknown): Promise<unknown> => {
    const value = given instanceof Promise ? await awaited(given) : given
    return isDataFrame(value) ? awaited(value.show(SHOWN_ROWS)) : value
  }
  const evaluate: typeof usual = (code, context, file, done) => {
    // Tab asks for what stands before the point; a cell is a line.
    if (!code.endsWith('\n')) return usual.call(repl, code, context, file, done)
    // Completion has set another one.
    setFrameRunner(async () => work.runner)
    unfinished = ''
    isWaiting = true
    usual.call(repl, code, context, file, async (error, given) => {
      if (error) {
        // Recoverable. At once: the line that completes the cell may be there already.
        isWaiting = false
        unfinished = code
        return done(error, undefined)
      }
      const value = await finished(given)
      await work.unwatch()
      done(null, value)
    })
    if (isWaiting) work.watch()
  }
  Object.assign(repl, { eval: evaluate })
  // Node's session does not hand errors to the caller of eval.
  const { _domain } = repl as unknown as { _domain: EventEmitter }
  _domain.removeAllListeners('error').on('error', async (error: unknown) => {
    isWaiting = false
    await work.unwatch()
    tell(error)
    repl.clearBufferedCommand()
    repl.displayPrompt()
  })
  return () => unfinished
}

/** What the session says of a failure. */
function failureText(error: unknown, useColors: boolean): string {
  if (error instanceof RunjobError) {
    return error.code === 'INTERRUPTED' ? STOPPED : renderError(error, createColors(useColors))
  }
  if (!(error instanceof Error)) return `thrown: ${inspect(error)}\n`
  if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return STOPPED
  const [, name] = /\.(\w+) is not a function$/.exec(error.message) ?? []
  const near = name && didYouMean(name, [DataFrame, Grouped, Expr].flatMap(methodsOf))
  // Frames of Node's session say nothing.
  const text = inspect(error).replace(/\n +at (?!.*file:|\/).*/g, '')
  return `${text}\n${near ? `  hint: Did you mean ${near}()?\n` : ''}`
}
