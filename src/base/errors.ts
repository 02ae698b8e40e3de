/**
 * Every failure that a user may see: one class, one catalogue, permanent codes.
 *
 * The kind says who acts: `user` (the command, the job or its functions), `data` (the input's content), `resource` (memory,
 * disk, a worker; a retry may help), `bug` (runjob itself), `interrupted` (somebody asked to stop). Errors cross threads as
 * JSON, because a structured clone drops the code, the hint and the class.
 */
import { homedir } from 'node:os'
import { didYouMean } from './suggest.js'

export type ErrorKind = 'user' | 'data' | 'resource' | 'bug' | 'interrupted'

/** What an error's texts are made of. Plain JSON values. */
export type ErrorParams = Record<string, unknown>

/** Where it happened, as far as known. `offset` counts bytes and `line` lines of the decompressed file, from 0 and 1. */
export interface Where {
  job?: string
  stage?: string
  task?: string
  file?: string
  offset?: number
  line?: number
  /** Of what an earlier step wrote. */
  partition?: number
  /** Of the record that a later step was given, or of the group that was being reduced, cut to a readable length. */
  key?: string
}

interface CatalogueEntry {
  kind: ErrorKind
  /** A usage error exits 2, an interruption 130, any other failure 1. */
  usage?: true
  /** Whether another attempt of the task may succeed. Default: for `resource` only. */
  retry?: boolean
  /** One record is at fault, so that --max-bad may pass over it when it happens in a map. */
  badRecord?: true
  message: (p: ErrorParams) => string
  hint?: (p: ErrorParams) => string
}

const CATALOGUE = {
  // Inputs.
  INPUT_NOT_FOUND: {
    kind: 'user',
    message: (p) => `Input ${p.path} does not exist.`,
    hint: (p) => `Relative paths start at ${tilde(p.cwd)}. Quote globs so the shell leaves them alone.`,
  },
  INPUT_EMPTY: {
    kind: 'user',
    message: (p) => `Input ${p.path} ${p.glob ? 'matches no file' : 'is a folder without input files'}.`,
    hint: () => 'Names that start with "_" or "." are skipped. Name a file itself to read it all the same.',
  },
  INPUT_UNREADABLE: {
    kind: 'user',
    message: (p) => `Input ${p.path} cannot be read${because(p)}.`,
    hint: (p) =>
      p.errno === undefined
        ? 'Put that right, or name the other inputs, one by one or as a glob.'
        : 'Check the permissions of the file and of the folders above it.',
  },
  INPUT_CHANGED: {
    kind: 'user',
    message: (p) => `Input ${p.path} changed while the job ran${because(p)}.`,
    hint: () => 'Run again once nothing writes to it, with --fresh to start over.',
  },

  // Outputs.
  OUTPUT_EXISTS: {
    kind: 'user',
    message: (p) => `Output ${p.path} already exists.`,
    hint: () => 'Choose another folder, or a mode: --mode overwrite, append or ignore.',
  },
  OUTPUT_NOT_A_FOLDER: {
    kind: 'user',
    message: (p) => `Output ${p.path} is not a folder.`,
    hint: () => 'The output is a folder of part files. Choose a path that is free or a folder.',
  },
  OUTPUT_UNSAFE: {
    kind: 'user',
    message: (p) => `Output ${p.path} is refused: ${p.reason}.`,
    hint: () => 'Give the output a folder of its own, outside the input.',
  },
  OUTPUT_UNWRITABLE: {
    kind: 'user',
    message: (p) => `${p.path} cannot be written${because(p)}.`,
    hint: () => 'Check the permissions of the folder that holds it.',
  },
  OUTPUT_UNREADABLE: {
    kind: 'user',
    message: (p) => `Output ${p.path} cannot be read back${because(p)}.`,
    hint: () => 'A finished output holds a file _SUCCESS. Run the job again to get one.',
  },
  OUTPUT_BUSY: {
    kind: 'user',
    message: (p) => `Another run is writing ${p.path}: process ${p.pid}${p.started ? `, started ${p.started}` : ''}.`,
    hint: () => 'Wait for it or stop it. One run at a time may write to an output.',
  },

  // State of an unfinished run.
  STATE_MISMATCH: {
    kind: 'user',
    message: (p) =>
      `An unfinished run of ${p.path} cannot be continued: ${list(p.changes, '; ') || 'the job changed'}.`,
    hint: () => 'Undo the change to continue, or start over with --fresh.',
  },
  STATE_NOT_FOUND: {
    kind: 'user',
    message: (p) => `There is no unfinished run of ${p.path}${p.output ? ', and no output' : ''}.`,
    hint: () => 'Name the output as the command did, from the same folder. A run that succeeds removes its state.',
  },
  STATE_NOT_RESUMABLE: {
    kind: 'user',
    message: (p) => `The unfinished run of ${p.path} cannot be resumed from its state alone: ${p.reason}.`,
    hint: (p) => text(p.help, 'Start it as it was started before, or remove its state with runjob clean.'),
  },
  STATE_CORRUPT: {
    kind: 'resource',
    retry: false,
    message: (p) => `The state of an earlier run in ${p.path} cannot be read${because(p)}.`,
    hint: () => 'Start over with --fresh. Finished outputs are not affected.',
  },

  // The job and its parameters.
  JOB_NOT_FOUND: {
    kind: 'user',
    usage: true,
    message: (p) => `No job ${quote(p.name)}.${p.path ? ` ${p.path} does not exist.` : ''}${known('Jobs', p.known)}`,
    hint: (p) => suggest(p, p.name) ?? 'A job is a name from the list or a path to a .ts, .js or .mjs module.',
  },
  JOB_INVALID: {
    kind: 'user',
    message: (p) => `The job${p.job ? ` ${quote(p.job)}` : ''} is not valid: ${p.problem}.`,
    hint: (p) => text(p.help, 'A job module exports defineJob({ … }) as its default.'),
  },
  JOB_LOAD_FAILED: {
    kind: 'user',
    message: (p) => `The job module ${p.path} cannot be loaded${because(p)}.`,
    hint: () => 'The message is the one that importing the module gives.',
  },
  PARAM_UNKNOWN: {
    kind: 'user',
    usage: true,
    message: (p) => `No parameter ${quote(p.name)}.${known('Parameters', p.known) || ' The job has none.'}`,
    hint: (p) => suggest(p, p.name) ?? 'The help of the job lists its parameters.',
  },
  PARAM_INVALID: {
    kind: 'user',
    usage: true,
    message: (p) => `Parameter ${quote(p.name)} cannot be ${quote(p.value)}: ${p.problem}.`,
    hint: () => 'The help of the job says what its parameters take.',
  },
  PARAM_MISSING: {
    kind: 'user',
    usage: true,
    message: (p) => `Parameter ${quote(p.name)} is missing${p.describe ? `: ${p.describe}` : ''}.`,
    hint: (p) => `Add --${p.name}.`,
  },
  OPTION_INVALID: {
    kind: 'user',
    usage: true,
    message: (p) =>
      p.value === '' || p.value === undefined
        ? `Option ${quote(p.name)}: ${p.problem}.`
        : `Option ${quote(p.name)} cannot be ${quote(p.value)}: ${p.problem}.`,
    hint: (p) => text(p.help, 'See runjob --help.'),
  },

  // Content of the inputs.
  COLUMN_UNKNOWN: {
    kind: 'user',
    message: (p) => `No column ${quote(p.name)}.${known('Columns', p.columns) || ' There are no columns.'}`,
    hint: (p) => suggest(p, p.name) ?? 'Names are compared letter by letter, upper and lower case too.',
  },
  HEADER_MISSING: {
    kind: 'data',
    message: (p) => `${p.path} has no header row${because(p)}.`,
    hint: () => "Files without one need their columns' names: csv({ columns: [ … ] }).",
  },
  CSV_BAD_QUOTE: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A quote stands where CSV allows none${because(p)}.`,
    hint: () => 'Quotes enclose a whole field and are doubled inside. For data without quoting use quote: null.',
  },
  CSV_UNCLOSED_QUOTE: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A quoted field does not end${because(p)}.`,
    hint: () => 'A quote that opens a field needs another at its end. For data without quoting use quote: null.',
  },
  CSV_SHORT_ROW: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A row has too few fields${because(p)}.`,
    hint: () => 'Check the delimiter, and the row itself.',
  },
  CSV_BAD_NUMBER: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A field is not a number${because(p)}.`,
    hint: () => 'Numbers look like -12.5 or 3e8; an empty field counts as missing.',
  },
  JSONL_BAD_RECORD: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A line is not JSON${because(p)}.`,
    hint: () => 'JSON lines hold one whole JSON value a line.',
  },
  GZIP_CORRUPT: {
    kind: 'data',
    message: (p) => `${p.path} cannot be decompressed${because(p)}.`,
    hint: () => 'Test it with gzip -t; it may have been cut off while it was copied.',
  },
  ZSTD_CORRUPT: {
    kind: 'data',
    message: (p) => `${p.path} cannot be decompressed${because(p)}.`,
    hint: () => 'Test it with zstd -t; it may have been cut off while it was copied.',
  },
  ZSTD_UNSUPPORTED: {
    kind: 'user',
    message: (p) => `${p.path} is compressed with zstd, which this version of Node (${process.version}) cannot read.`,
    hint: () => 'Use Node 22.15 or newer, or decompress the file first.',
  },
  RECORD_TOO_LARGE: {
    kind: 'data',
    badRecord: true,
    message: (p) =>
      `A record${p.bytes ? ` of ${p.bytes} bytes` : ''} is too large${p.limit ? `: the limit is ${p.limit} bytes` : because(p)}.`,
    hint: () => 'A record must fit in memory. Check that the format, delimiter and line ends are the right ones.',
  },

  TOO_MANY_BAD_RECORDS: {
    kind: 'data',
    message: (p) =>
      `There are ${p.bad} bad records${p.records ? ` of ${p.records}` : ' so far'}, and --max-bad ${p.limit} allows no more.`,
    hint: (p) => `They are listed in ${p.path}. Mend them, or allow more: the same command goes on from there.`,
  },

  // User functions.
  USER_ERROR: {
    kind: 'user',
    retry: true,
    badRecord: true,
    message: (p) =>
      `${p.function === 'onProgress' ? 'The onProgress function' : p.function ? `The job's ${p.function} function` : 'A function of the job'} failed: ${p.message}`,
    hint: (p) =>
      p.function === 'onProgress'
        ? 'It runs between tasks and must not throw. Once it is fixed, the same call continues where it stopped.'
        : 'Nothing was written. Fix the function, then run again with --fresh.',
  },
  EMIT_TYPE: {
    kind: 'user',
    badRecord: true,
    message: (p) =>
      `${p.what ? `The emitted ${p.what}` : 'An emitted key or value'} is ${p.type}, but its codec is ${p.codec}.`,
    hint: (p) =>
      p.codec === 'order'
        ? `An order function returns ${p.want}.`
        : "Emit what the codec takes, or set the job's key and value codecs to what its functions emit: json() takes most.",
  },
  VALUES_READ_TWICE: {
    kind: 'user',
    message: () => 'A reduce function went through its values a second time.',
    hint: () => 'Values stream by once and are not kept. Compute all answers in one loop, or collect what is small.',
  },
  OUTPUT_UNKNOWN: {
    kind: 'user',
    message: (p) => `No output ${quote(p.name)}.${known('Named outputs', p.known) || ' The job has no named outputs.'}`,
    hint: (p) => suggest(p, p.name) ?? 'The job lists its named outputs under `outputs`.',
  },
  JOIN_GROUP_TOO_LARGE: {
    kind: 'data',
    message: (p) => `The right rows of one key outgrow the memory set aside for a join${because(p)}.`,
    hint: () => 'Give more --memory, put the input with fewer rows a key on the right, or drop that key.',
  },

  // Workers and the machine.
  WORKER_DIED: {
    kind: 'resource',
    message: (p) =>
      `A worker died${typeof p.exitCode === 'number' ? ` with exit code ${p.exitCode}` : ''}${because(p)}.`,
    hint: () => 'The task is tried again. If it keeps happening, the cause is in the code that the job loads.',
  },
  TASK_TIMEOUT: {
    kind: 'resource',
    message: (p) =>
      p.function === 'teardown'
        ? `The job's teardown function ran for more than ${p.limit}.`
        : `A task ran for more than ${p.limit ?? 'its time limit'}${p.function ? `; it was in the job's ${p.function} function, or had just left it` : ''}.`,
    hint: () => 'Look for an endless loop in the functions of the job, or raise --task-timeout.',
  },
  OUT_OF_MEMORY: {
    kind: 'resource',
    message: (p) => `Memory ran out${because(p)}.`,
    hint: () => 'Give more --memory or use fewer --workers. The functions of a job must not collect records.',
  },
  DISK_FULL: {
    kind: 'resource',
    retry: false,
    message: (p) => `No space left on the disk${p.path ? ` for ${p.path}` : ''}${because(p)}.`,
    hint: () => 'Free some space, then run the same command: it continues where it stopped.',
  },
  DISK_TOO_SMALL: {
    kind: 'resource',
    retry: false,
    message: (p) => `The run needs about ${p.need} of disk for ${p.path}, and ${p.free} are free.`,
    hint: () =>
      'Free some space or put the output on a larger disk. --no-disk-check tries it all the same: where the disk is full, the run stops and can be continued.',
  },
  FILE_IO: {
    kind: 'resource',
    message: (p) => `${p.path ?? 'A file'} cannot be used${because(p)}.`,
    hint: () => 'The reason is the one that the operating system gave.',
  },
  RUN_MISSING: {
    kind: 'resource',
    message: (p) => `A run file is missing${p.path ? `: ${p.path}` : ''}${because(p)}.`,
    hint: damageHint,
  },
  RUN_CORRUPT: {
    kind: 'resource',
    message: (p) => `A run file is damaged${p.path ? `: ${p.path}` : ''}${because(p)}.`,
    hint: damageHint,
  },
  RUN_VERSION: {
    kind: 'user',
    message: (p) => `A run file is of another version of runjob${p.path ? `: ${p.path}` : ''}${because(p)}.`,
    hint: damageHint,
  },
  RUN_IO: {
    kind: 'resource',
    message: (p) => `A run file cannot be used${p.path ? `: ${p.path}` : ''}${because(p)}.`,
    hint: () => 'Check the disk that holds the output.',
  },
  INTERRUPTED: {
    kind: 'interrupted',
    message: () => 'The run was interrupted.',
    hint: () => 'The same command continues where it stopped.',
  },

  // Runjob itself.
  BATCH_TOO_SMALL: {
    kind: 'bug',
    message: (p) =>
      `A record (key ${p.keyBytes} bytes, value ${p.valueBytes} bytes) does not fit the batch it is read into.`,
    hint: reportHint,
  },
  BAD_ARGUMENT: {
    kind: 'bug',
    message: (p) => `A kernel was called with a wrong argument${because(p)}.`,
    hint: reportHint,
  },
  ADDON_MISSING: {
    kind: 'resource',
    retry: false,
    message: (p) => `The native part of runjob cannot be loaded${because(p)}.`,
    hint: () =>
      'Install runjob on this machine with the Node version that runs it. Compiling needs Python 3, make and a C++20 compiler.',
  },
  ACCOUNTING_MISMATCH: {
    kind: 'bug',
    message: (p) => `Records were lost or invented${because(p)}. The output was not committed.`,
    hint: reportHint,
  },
  INTERNAL: {
    kind: 'bug',
    message: (p) => `Unexpected error${because(p)}.`,
    hint: reportHint,
  },
} satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof CATALOGUE

const catalogue: Readonly<Record<ErrorCode, CatalogueEntry>> = CATALOGUE

export const ERROR_CODES: readonly ErrorCode[] = Object.keys(CATALOGUE) as ErrorCode[]

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(CATALOGUE, code)
}

/** A RunjobError as plain JSON. */
export interface ErrorJson {
  code: ErrorCode
  params: ErrorParams
  where: Where
  stack?: string
  userStack?: string
  cause?: { name: string; message: string; stack?: string }
}

/**
 * @example
 * throw new RunjobError('INPUT_NOT_FOUND', { path: 'logs/may', cwd: process.cwd() })
 */
export class RunjobError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly params: ErrorParams
  /** What to do about it. */
  readonly hint: string
  where: Where
  /** For USER_ERROR: the stack of what the user's function threw. */
  readonly userStack: string | undefined

  constructor(
    code: ErrorCode,
    params: ErrorParams = {},
    options: { cause?: unknown; where?: Where; userStack?: string | undefined } = {},
  ) {
    const entry = catalogue[code]
    super(entry.message(params), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RunjobError'
    this.code = code
    this.kind = entry.kind
    this.params = params
    this.hint = entry.hint?.(params) ?? ''
    this.where = options.where ?? {}
    this.userStack = options.userStack
  }

  /** Whether another attempt of the same task may succeed. */
  get retryable(): boolean {
    return catalogue[this.code].retry ?? this.kind === 'resource'
  }

  /** Whether one record is at fault, and others may be fine. */
  get isBadRecord(): boolean {
    return catalogue[this.code].badRecord ?? false
  }

  /** Adds what is not known yet: whoever is closest to the failure knows best. */
  withWhere(where: Where): this {
    this.where = { ...where, ...this.where }
    return this
  }

  toJSON(): ErrorJson {
    const json: ErrorJson = { code: this.code, params: plain(this.params) as ErrorParams, where: this.where }
    if (this.stack !== undefined) json.stack = this.stack
    if (this.userStack !== undefined) json.userStack = this.userStack
    if (this.cause !== undefined) json.cause = describeCause(this.cause)
    return json
  }

  static fromJSON(json: ErrorJson): RunjobError {
    let cause: Error | undefined
    if (json.cause) {
      cause = new Error(json.cause.message)
      cause.name = json.cause.name
      cause.stack = json.cause.stack ?? `${json.cause.name}: ${json.cause.message}`
    }
    const error = new RunjobError(json.code, json.params, { cause, where: json.where, userStack: json.userStack })
    if (json.stack !== undefined) error.stack = json.stack
    return error
  }
}

/**
 * Any thrown value as a RunjobError. What is not one already becomes INTERNAL, with the original as its cause: wrap the
 * errors of user functions with userError() and those of files with fileError() before they get here.
 */
export function toRunjobError(error: unknown): RunjobError {
  if (error instanceof RunjobError) return error
  return new RunjobError('INTERNAL', { detail: messageOf(error) }, { cause: error })
}

/** Wraps what a user's function threw. A RunjobError passes: the function called into runjob, which had the better words. */
export function userError(error: unknown, functionName: string, where: Where = {}): RunjobError {
  if (error instanceof RunjobError) return error.withWhere(where)
  const userStack = error instanceof Error ? error.stack : undefined
  return new RunjobError(
    'USER_ERROR',
    { function: functionName, message: messageOf(error) },
    { cause: error, where, userStack },
  )
}

/** 2 for a mistake in the command itself, 130 for an interruption, 1 for everything else. */
export function exitCodeFor(error: unknown): number {
  if (!(error instanceof RunjobError)) return 1
  if (error.kind === 'interrupted') return 130
  return catalogue[error.code].usage ? 2 : 1
}

function describeCause(cause: unknown): { name: string; message: string; stack?: string } {
  const name = cause instanceof Error ? cause.name : 'Error'
  const stack = cause instanceof Error ? cause.stack : undefined
  return { name, message: messageOf(cause), ...(stack === undefined ? {} : { stack }) }
}

// A user may throw anything, an object whose toString() throws included.
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message || error.name}` : String(error)
  } catch {
    return 'a value without a message'
  }
}

// JSON knows neither bigints nor cycles, and an error must cross the thread whatever its parameters are.
function plain(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part)))
  } catch {
    return {}
  }
}

// ": reason" out of `detail` (the native code's words), `reason` or `problem`. A closing full stop is left to the message.
function because(p: ErrorParams): string {
  const reason = p.detail ?? p.reason ?? p.problem
  return reason === undefined || reason === null || reason === '' ? '' : `: ${String(reason).replace(/\.$/, '')}`
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value)
}

const LISTED_NAMES = 40

function list(names: unknown, separator: string): string {
  if (!Array.isArray(names)) return ''
  const rest = names.length - LISTED_NAMES
  return names.slice(0, LISTED_NAMES).join(separator) + (rest > 0 ? `${separator}and ${rest} more` : '')
}

function known(what: string, names: unknown): string {
  const all = list(names, ', ')
  return all && ` ${what}: ${all}.`
}

function suggest(p: ErrorParams, name: unknown): string | undefined {
  const names = p.known ?? p.columns
  const given = typeof p.suggestion === 'string' ? p.suggestion : undefined
  const suggestion = given ?? (Array.isArray(names) ? didYouMean(String(name), names) : undefined)
  return suggestion === undefined ? undefined : `Did you mean "${suggestion}"?`
}

function tilde(path: unknown): string {
  const home = homedir()
  const whole = String(path ?? '.')
  if (whole === home) return '~'
  return home.length > 1 && whole.startsWith(`${home}/`) ? `~${whole.slice(home.length)}` : whole
}

function damageHint(p: ErrorParams): string {
  if (typeof p.redos !== 'number')
    return 'The task that wrote it is run again by itself. If that does not help, check the disk.'
  return `The task that wrote it was run again ${p.redos} times, and each time the file was damaged or gone. Check the disk that holds the output, and that nothing else writes there.`
}

function reportHint(): string {
  return 'This is a mistake in runjob. Please report it with the command and this message.'
}
