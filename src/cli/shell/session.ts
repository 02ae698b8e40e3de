/** The session of `runjob shell`: Node's own, in which the package's names are in scope. */
import type { EventEmitter } from 'node:events'
import { type REPLServer, start } from 'node:repl'
import { inspect } from 'node:util'
import { RunjobError } from '../../base/errors.js'
import { didYouMean } from '../../base/suggest.js'
import { Collection, isCollection } from '../../collection/collection.js'
import { Expr } from '../../dataset/column.js'
import { DataFrame, Grouped, isDataFrame } from '../../dataset/frame.js'
import { setCounting } from '../../plan/made.js'
import { setRunner } from '../../plan/runner.js'
import { setEvaluated } from '../../run/evaluated.js'
import type { RunnableOptions } from '../../run/options.js'
import { frameOf, methodsOf } from '../../run/query.js'
import { renderError } from '../report_error.js'
import { createColors } from '../terminal.js'
import { evaluatingAgain } from './again.js'
import { completeColumns } from './completion.js'
import { sessionConsole } from './console.js'
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
  /** A terminal. */
  output: NodeJS.WritableStream & { fd: number }
  useColors: boolean
  /** File that keeps what is typed for the next session; empty: none. */
  history: string
}

/** Rows that are printed of a data frame that is a cell's value. */
const SHOWN_ROWS = 20

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
  const onRejection = (error: unknown) => {
    if (!isInterruption(error)) tell(error)
  }
  process.on('unhandledRejection', onRejection)
  output.write(greeting(paths))
  let cells: Cells | null = null
  const onError = (error: unknown) => {
    void cells?.fail(error)
    return 'ignore'
  }
  const repl = start({
    // Of Node 25 and later. Before, errors are events.
    ...{ handleError: onError },
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
  const { console: usual } = globalThis
  const own = sessionConsole(output.fd, useColors)
  Object.assign(repl.context, names, { inputs, console: own }, inputs.length > 0 ? { df: inputs[0] } : {})
  const work = new Work({ ...options.run, onNote: (note) => output.write(`${note}\n`) })
  const evaluated: string[] = []
  setEvaluated(() => evaluatingAgain({ cells: evaluated, paths, cwd }))
  cells = evaluateCells(repl, work, evaluated, tell)
  completeColumns(repl, names, cells.unfinished)
  const { _domain } = repl as unknown as { _domain?: EventEmitter }
  _domain?.removeAllListeners('error').on('error', onError)
  if (options.history !== '') {
    repl.setupHistory(options.history, (error) => {
      if (error) output.write(`what is typed is not kept: ${error.message}\n`)
    })
  }
  await new Promise<void>((resolve) => repl.once('exit', resolve))
  await work.stop()
  process.off('unhandledRejection', onRejection)
  globalThis.console = usual
}

function greeting([first, ...more]: readonly string[]): string {
  const inputs =
    first === undefined
      ? 'read.csv(path), read.json(path), read.parquet(path) and read.text(path) are data frames.'
      : `df is ${first}${more.length > 0 ? `; inputs are all ${more.length + 1}` : ''}.`
  return `${inputs} A data frame shows its first rows; .exit or Ctrl-D ends the session.\n`
}

interface Cells {
  /** The lines of the cell before the one that is being typed. */
  unfinished(): string
  /** Node's session does not hand errors to the caller of eval. */
  fail(error: unknown): Promise<void>
}

/**
 * A cell whose value is a promise awaits it; one whose value is a data frame or a collection shows its beginning.
 *
 * @param evaluated gets the cells
 */
function evaluateCells(repl: REPLServer, work: Work, evaluated: string[], tell: (error: unknown) => void): Cells {
  let unfinished = ''
  const usual = repl.eval
  // By the session itself, which takes no key but Ctrl-C meanwhile. What fails goes to fail().
  const awaited = (value: unknown) =>
    new Promise<unknown>((resolve) => {
      Object.defineProperty(repl.context, AWAITED, { value, configurable: true })
      usual.call(repl, `await ${AWAITED}\n`, repl.context, 'cell', (_error, result) => resolve(result))
    })
  const finished = async (given: unknown): Promise<unknown> => {
    const value = given instanceof Promise ? await awaited(given) : given
    if (isCollection(value)) return awaited(value.take(SHOWN_ROWS))
    return isDataFrame(value) ? awaited(value.show(SHOWN_ROWS)) : value
  }
  const evaluate: typeof usual = (code, context, file, done) => {
    // Tab asks for what stands before the point; a cell is a line.
    if (!code.endsWith('\n')) return usual.call(repl, code, context, file, done)
    // Completion has set another one.
    setRunner(async () => work.runner)
    unfinished = ''
    evaluated.push(code)
    // Workers do not come past the first await of a cell.
    setCounting(true)
    usual.call(repl, code, context, file, async (error, given) => {
      if (error) {
        // Recoverable. At once: the line that completes the cell may be there already.
        unfinished = code
        evaluated.pop()
        return done(error, undefined)
      }
      done(null, await finished(given))
    })
    setCounting(false)
  }
  Object.assign(repl, { eval: evaluate })
  return {
    unfinished: () => unfinished,
    async fail(error) {
      // Ctrl-C ends the waiting for a promise, not what makes it.
      if (isInterruption(error)) await work.stop()
      tell(error)
      repl.clearBufferedCommand()
      repl.displayPrompt()
    },
  }
}

/** What the session says of a failure. */
function failureText(error: unknown, useColors: boolean): string {
  if (isInterruption(error)) return 'stopped\n'
  if (error instanceof RunjobError) return renderError(error, createColors(useColors))
  if (!(error instanceof Error)) return `thrown: ${inspect(error)}\n`
  const [, name] = /\.(\w+) is not a function$/.exec(error.message) ?? []
  const near = name && didYouMean(name, [DataFrame, Collection, Grouped, Expr].flatMap(methodsOf))
  // Frames of Node's session say nothing.
  const text = inspect(error).replace(/\n +at (?!.*file:|\/).*/g, '')
  return `${text}\n${near ? `  hint: Did you mean ${near}()?\n` : ''}`
}

/** Whether Ctrl-C was it: of a loop or a promise, or of an action. */
function isInterruption(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  return code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' || code === 'INTERRUPTED'
}
