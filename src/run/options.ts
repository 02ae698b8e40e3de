/** The options of a run as the caller gives them, and the settings they mean. */
import { RunjobError, userError } from '../base/errors.js'
import { availableCores, availableMemoryBytes, DEFAULT_MEMORY_SHARE } from '../base/limits.js'
import {
  type Check,
  check,
  checkedOptions,
  isEither,
  isFlag,
  isFunction,
  isListOf,
  isNumber,
  isOneOf,
  isPlainObject,
  isText,
  isWhole,
  type Schema,
} from '../base/schema.js'
import { parseDuration, parseMemory } from '../base/units.js'
import { type BadLimit, parseBadLimit } from '../engine/bad_records.js'
import type { Tuning } from '../engine/budget.js'
import type { Progress, ResumedStage } from '../engine/report.js'
import { isEncoding } from '../io/input/text_form.js'
import { requireCompressor } from '../io/output/compress.js'
import { OUTPUT_MODES, type OutputMode, resolveOutput } from '../io/output/place.js'
import { FORMAT_NAMES, type FormatName, type OutputChoice } from '../job/output.js'
import type { ParamValue, ParquetCodec } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import type { StartCommand } from '../state/facts.js'
import { type StateFolder, stateFolderOf } from '../state/folder.js'
import type { Prepared } from './prepared.js'

/** Where a job reads: a file, folder or glob, `-` for standard input; several; or by name for a job with several inputs. */
export type InputPaths = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>

/** The command line that started the run. */
export const COMMAND: unique symbol = Symbol.for('runjob.command')

/**
 * Takes the output's bytes, in order, once the run has succeeded; nothing is written elsewhere. Resolves to false to get no more.
 */
export const RECORDS: unique symbol = Symbol.for('runjob.records')

/** The columns of a data frame's rows, whose blocks RECORDS then takes in pieces (RowDecoder). */
export const COLUMNS: unique symbol = Symbol.for('runjob.columns')

/** Called with what is known of the run before its first task. */
export const PREPARED: unique symbol = Symbol.for('runjob.prepared')

export const TUNING: unique symbol = Symbol.for('runjob.tuning')

export interface RunOptions<P = Record<string, ParamValue | undefined>> {
  input: InputPaths
  /** The folder to create; with `singleFile` the file. */
  output: string
  /** One file instead of a folder of parts: all of them in order, with one header row. */
  singleFile?: boolean
  /**
   * Compress the output, whatever the job says; `zstd` needs Node.js 22.15, or the package zstd-napi. The pages of Parquet are compressed with
   * snappy by default.
   */
  compress?: ParquetCodec
  /** Format of the output, whatever the job says. If the job's own format is of that kind, its options stay. */
  format?: FormatName
  /**
   * Rows of a dataset go into folders by the values of these columns, `year=2024/month=1`, from the outer to the inner; files have the others.
   */
  partitionBy?: readonly string[]
  /** Of these columns: an empty text is null, as it is when it is read back. By default such a row ends the run. */
  emptyAsNull?: boolean
  /** Values of the job's parameters. */
  params?: P
  /** Worker threads. Default: one per core. */
  workers?: number
  /** Cap on the memory that all workers use together: bytes, or text such as '512MB'. By default 60 % of the machine's. */
  memory?: number | string
  /** Number of partitions, unless the job fixes it; by default one per 64 MiB of input. */
  partitions?: number
  /**
   * Bad records to skip: a number, or a share such as '0.5%' of the records that a step's map gets. They are listed in the output's
   * `_quarantine.jsonl`, or beside an output that is one file. Default: the first one ends the run.
   */
  maxBad?: number | string
  /** What to do if the output exists; `error` by default. `overwritePartitions` replaces just the folders that the new rows have. */
  mode?: OutputMode
  /** Keep the state folder, with its runs, after success. */
  keepState?: boolean
  /** Check, before the run begins, that the disk has about as much room as it will need; true by default. */
  diskCheck?: boolean
  /** Also read names that start with `_` or `.`, and outputs of earlier runs in folders. */
  allFiles?: boolean
  /**
   * Encoding of text that is not UTF-8 and has no byte-order mark: a label of TextDecoder, such as 'latin1' or 'utf-16le'. Overrides the
   * job's format.
   */
  encoding?: string
  /** Discard the state of an earlier, unfinished run. */
  fresh?: boolean
  /** Further attempts of a failed task, where they may help; 2 by default, so 3 in all. */
  retries?: number
  /**
   * Longest time that one attempt of a task may take: milliseconds, or text such as '10min'. A worker that takes longer is stopped, and the
   * attempt fails. No limit by default.
   */
  taskTimeout?: number | string
  /** Once a worker is idle, start a second attempt of a task that takes much longer for its size than the others; the first to finish counts. */
  speculate?: boolean
  /** Find the N records with the largest numbers, for the result's `top`. */
  top?: number
  /** Report for every task where its time went. */
  profile?: boolean
  signal?: AbortSignal
  /** Called about ten times a second. What it throws ends the run with USER_ERROR. */
  onProgress?: (progress: Progress) => void
  /** Called with a sentence about each problem that was solved: an unusable state, damaged runs. */
  onNote?: (note: string) => void
  /** Called before a stage that an earlier run has begun continues. */
  onResume?: (done: ResumedStage) => void
  /** For the command line. */
  [COMMAND]?: StartCommand
  /** For the command line: standard output. */
  [RECORDS]?: (bytes: Uint8Array) => Promise<boolean>
  /** For actions on data frames: called before the run. */
  [COLUMNS]?: (columns: readonly Column[]) => void
  /** For plans that are explained: called before the first task. */
  [PREPARED]?: (prepared: Prepared) => void | Promise<void>
  /** For runjob's own tests. */
  [TUNING]?: Tuning
}

/** Options of a dataset's run: it names the files that it reads itself, and has no records with keys. */
export type DatasetOptions<P = Record<string, ParamValue | undefined>> = Omit<RunOptions<P>, 'input' | 'top'>

/** Options of either. */
export type RunnableOptions = DatasetOptions & Partial<Pick<RunOptions, 'input' | 'top'>>

/** Options checked and parsed, with every default filled in. */
export interface Settings {
  /** Relative paths start here. */
  cwd: string
  /** null: none was given. */
  input: InputPaths | null
  /** Absolute: from resolveOutput. */
  output: string
  folder: StateFolder
  choice: OutputChoice
  partitionBy: readonly string[]
  emptyAsNull: boolean
  mode: OutputMode
  params: Record<string, ParamValue | undefined>
  allFiles: boolean
  encoding: string | null
  workers: number
  memoryBytes: number
  partitions: number | null
  /** null: the first bad record ends the run. */
  badLimit: BadLimit | null
  retries: number
  taskTimeoutMs: number | null
  speculate: boolean
  top: number
  fresh: boolean
  keepState: boolean
  diskCheck: boolean
  profile: boolean
  tuning: Tuning
  /** null: a program called runJob(). */
  command: StartCommand | null
  /** Takes the output in place of a folder or a file. */
  onRecords: ((bytes: Uint8Array) => Promise<boolean>) | null
  /** Takes the columns of rows, which `onRecords` gets as bytes. */
  onColumns: ((columns: readonly Column[]) => void) | null
  onPrepared: ((prepared: Prepared) => void | Promise<void>) | null
  onNote: (note: string) => void
  onProgress: ((progress: Progress) => void) | undefined
  onResume: ((done: ResumedStage) => void) | undefined
  signal: AbortSignal | undefined
  /** What a query is asked with that must be answered before this run can be planned. */
  before: Pick<RunOptions, (typeof BEFORE)[number]>
}

const BEFORE = [
  ...(['workers', 'memory', 'maxBad', 'diskCheck', 'allFiles', 'encoding'] as const),
  ...(['retries', 'taskTimeout', 'speculate', 'signal'] as const),
]

const DEFAULT_RETRIES = 2

/** @throws OPTION_INVALID; OUTPUT_UNWRITABLE, CODEC_MISSING */
export function readOptions(given: unknown): Settings {
  const options = checkedOptions(RUN_OPTIONS, given as RunOptions)
  const { input = null, output, singleFile = false, compress, format, memory, taskTimeout, maxBad } = options
  if (output === undefined) throw missing('output')
  const onRecords = options[RECORDS] ?? null
  if (output === '-' && !onRecords) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'output',
      value: '-',
      problem: 'only the command can write to standard output',
      help: 'Read the records with read() of the result; a folder of that name is ./-.',
    })
  }
  const memoryBytes = memory === undefined ? availableMemoryBytes() * DEFAULT_MEMORY_SHARE : parseMemory(memory)
  const taskTimeoutMs = taskTimeout === undefined ? null : parseDuration(taskTimeout)
  const badLimit = parseBadLimit(maxBad ?? 0)
  const cwd = process.cwd()
  const path = resolveOutput(output, cwd)
  if (singleFile && !onRecords) requireEnding(output, compress)
  requireCompressor(compress === 'zstd' ? compress : null)
  return {
    cwd,
    input,
    output: path,
    folder: stateFolderOf(path),
    choice: { format, compress, singleFile: singleFile || onRecords !== null },
    partitionBy: options.partitionBy ?? [],
    emptyAsNull: options.emptyAsNull ?? false,
    mode: options.mode ?? 'error',
    params: options.params ?? {},
    allFiles: options.allFiles ?? false,
    encoding: options.encoding ?? null,
    workers: options.workers ?? availableCores(),
    memoryBytes,
    partitions: options.partitions ?? null,
    badLimit,
    retries: options.retries ?? DEFAULT_RETRIES,
    taskTimeoutMs,
    speculate: options.speculate ?? false,
    top: options.top ?? 0,
    fresh: options.fresh ?? false,
    keepState: options.keepState ?? false,
    diskCheck: options.diskCheck ?? true,
    profile: options.profile ?? false,
    tuning: options[TUNING] ?? {},
    command: options[COMMAND] ?? null,
    onRecords,
    onColumns: options[COLUMNS] ?? null,
    onPrepared: options[PREPARED] ?? null,
    onNote: options.onNote ? listener('onNote', options.onNote) : () => {},
    onProgress: options.onProgress,
    onResume: options.onResume && listener('onResume', options.onResume),
    signal: options.signal,
    before: Object.fromEntries(BEFORE.filter((name) => name in options).map((name) => [name, options[name]])),
  }
}

export function missing(name: 'output' | 'input'): RunjobError {
  return new RunjobError('OPTION_INVALID', { name, problem: `${RUN_OPTIONS[name].expected} is expected` })
}

/** Errors of a listener are the user's. */
function listener<A>(name: string, listen: (told: A) => void): (told: A) => void {
  return (told) => {
    try {
      listen(told)
    } catch (error) {
      throw userError(error, name)
    }
  }
}

/** Readers trust a file's ending. */
function requireEnding(output: string, compress: ParquetCodec | undefined): void {
  const [, ending] = /\.(gz|zst)$/i.exec(output) ?? []
  const wanted = ending && (ending.toLowerCase() === 'gz' ? 'gzip' : 'zstd')
  if (wanted === undefined || wanted === compress) return
  throw new RunjobError('OPTION_INVALID', {
    name: 'output',
    value: output,
    problem: `a file with that name must be compressed with ${wanted}`,
    help: `Add --${wanted}, or choose another name.`,
  })
}

const isPath = check<string>(
  'a path that is not empty',
  (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
)
const isPaths = isEither(isPath, isListOf('paths', isPath))
/** Parsed later, with errors of their own. */
const isAmount = isEither(isNumber, isText)
const isListener: Check<never> = isFunction

type Hidden = typeof COMMAND | typeof RECORDS | typeof COLUMNS | typeof PREPARED | typeof TUNING

export const RUN_OPTIONS: Schema<Omit<RunOptions, Hidden>> = {
  input: check<InputPaths>(
    'a path that is not empty, a list of such paths, or an object of these by input name,',
    (value) => isPaths.accepts(value) || (isPlainObject(value) && Object.values(value).every(isPaths.accepts)),
  ),
  output: check('the path of a folder', isPath.accepts),
  singleFile: isFlag,
  compress: isOneOf('gzip', 'zstd', 'snappy', 'none'),
  format: isOneOf(...FORMAT_NAMES),
  partitionBy: isListOf('names of columns', isText),
  emptyAsNull: isFlag,
  params: check('a plain object of values by name', isPlainObject),
  workers: isWhole(1, 1024),
  memory: isAmount,
  partitions: isWhole(1, 65_536),
  maxBad: isAmount,
  mode: isOneOf(...OUTPUT_MODES),
  keepState: isFlag,
  diskCheck: isFlag,
  allFiles: isFlag,
  encoding: check('a label of TextDecoder', isEncoding),
  fresh: isFlag,
  retries: isWhole(0, 1000),
  taskTimeout: isAmount,
  speculate: isFlag,
  top: isWhole(1, 1_000_000),
  profile: isFlag,
  signal: check('an AbortSignal', (value) => typeof (value as AbortSignal | null)?.addEventListener === 'function'),
  onProgress: isListener,
  onNote: isListener,
  onResume: isListener,
}
