/** The options that every job has, and the parser of these and the job's own. */
import { Command, CommanderError, Option } from 'commander'
import { RunjobError } from '../base/errors.js'
import { DEFAULT_MEMORY_SHARE } from '../base/limits.js'
import { parseDuration, parseMemory } from '../base/units.js'
import { parseBadLimit } from '../engine/bad_records.js'
import { checkEncoding } from '../io/input/text_form.js'
import { OUTPUT_MODES, type OutputMode } from '../io/output/place.js'
import { FORMAT_NAMES, type FormatName } from '../job/output.js'
import type { Runnable } from '../run/load.js'
import { flagName, paramOptions } from './flags.js'

export interface SharedOptions {
  /** `-`: standard output. */
  output?: string
  singleFile?: boolean
  gzip?: boolean
  zstd?: boolean
  format?: FormatName
  partitionBy?: string[]
  emptyAsNull?: boolean
  workers?: number
  memory?: number
  partitions?: number
  mode?: OutputMode
  retries?: number
  taskTimeout?: number
  speculate?: boolean
  top?: number
  explain?: boolean
  analyze?: boolean
  json?: boolean
  quiet?: boolean
  /** False after `--no-progress`. */
  progress: boolean
  keepState?: boolean
  allFiles?: boolean
  encoding?: string
  fresh?: boolean
  /** False after `--no-disk-check`. */
  diskCheck: boolean
  maxBad?: string
  profile?: string
  help?: boolean
  version?: boolean
}

/** What the command line says about one job, without defaults. */
export interface ParsedOptions {
  shared: SharedOptions
  /** By parameter: text of values, true or false of switches. */
  params: Record<string, string | boolean>
  /** By input: paths given by flags. */
  inputs: Record<string, string[]>
  /** Arguments that are not options, in order. */
  operands: string[]
}

/** The part of a job that determines its command line. */
export type JobFlags = Pick<Runnable, 'name' | 'params' | 'inputNames'>

/** Knows only the shared options: enough to find the job's name, and to show the general help. */
export function createSharedCommand(): Command {
  return createCommand(sharedOptions())
}

/**
 * Knows the job's own options as well.
 *
 * @throws JOB_INVALID if the job has a parameter or an input whose flag is taken
 */
export function createJobCommand(job: JobFlags): Command {
  const shared = sharedOptions()
  const own: Option[] = []
  const add = (owner: string, options: Option[]) => {
    const taken = options.find((option) => [...shared, ...own].some((other) => collide(option, other)))
    if (taken) {
      throw new RunjobError('JOB_INVALID', {
        name: job.name,
        problem: `${owner} cannot be the flag ${taken.flags}: runjob or the job already has one like it`,
        help: 'Give it another name.',
      })
    }
    own.push(...options)
  }
  for (const [name, spec] of Object.entries(job.params)) add(`parameter "${name}"`, paramOptions(name, spec))
  for (const name of job.inputNames) {
    // With one input, paths are simply the arguments.
    add(`input "${name}"`, [inputOption(name).hideHelp(job.inputNames.length === 1)])
  }
  for (const option of own) option.helpGroup(`Options of ${job.name}:`)
  return createCommand([...own, ...shared])
}

/**
 * Finds the job's name: the first argument that is neither an option nor the value of a shared option. A job's own
 * options come after its name.
 */
export function splitCommandName(argv: readonly string[]): { name: string | null; rest: string[] } {
  const known = createSharedCommand().options
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    const isOption = word.startsWith('-') && word.length > 1
    if (!isOption) return { name: word, rest: argv.toSpliced(i, 1) }
    if (word === '--') {
      const name = argv[i + 1]
      return name === undefined ? { name: null, rest: [...argv] } : { name, rest: argv.toSpliced(i + 1, 1) }
    }
    if (known.some((option) => option.required && hasFlag(option, word))) i++
  }
  return { name: null, rest: [...argv] }
}

/**
 * Parses what follows the job's name.
 *
 * @throws PARAM_UNKNOWN, OPTION_INVALID
 */
export function parseOptions(command: Command, job: JobFlags | null, argv: readonly string[]): ParsedOptions {
  refuseFlagsAsValues(command, argv)
  let words: { operands: string[]; unknown: string[] }
  try {
    words = command.parseOptions([...argv])
  } catch (error) {
    throw error instanceof CommanderError ? missingValueOf(error) : error
  }
  const values = command.opts<SharedOptions & Record<string, unknown>>()
  const unknown = words.unknown[0]
  if (unknown !== undefined && !values.help) throw unknownOption(command, unknown)

  const params: Record<string, string | boolean> = {}
  const inputs: Record<string, string[]> = {}
  for (const name of Object.keys(job?.params ?? {})) {
    const value = values[attributeName(name)]
    if (value !== undefined) params[name] = value as string | boolean
  }
  for (const name of job?.inputNames ?? []) {
    const value = values[attributeName(name)]
    if (value !== undefined) inputs[name] = value as string[]
  }
  return { shared: values, params, inputs, operands: words.operands }
}

/**
 * The command line that continues a run: without `--fresh`, and with new values for shared options in place of the old ones.
 *
 * @param more only options, with their values, which parseOptions() has accepted
 */
export function toResume(argv: readonly string[], more: readonly string[]): string[] {
  const [job = '', ...words] = argv
  const given = createSharedCommand()
  given.parseOptions([...more])
  const replaced = given.options.filter(
    (option) => option.long === '--fresh' || given.getOptionValueSource(option.attributeName()) === 'cli',
  )
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const kept: string[] = []
  for (let i = 0; i < end; i++) {
    const word = words[i]!
    const option = replaced.find((o) => hasFlag(o, word) || (o.required && word.startsWith(`${o.long}=`)))
    if (option === undefined) kept.push(word)
    else if (option.required && hasFlag(option, word)) i++
  }
  // Nothing after "--" is an option.
  return [job, ...kept, ...more, ...words.slice(end)]
}

function createCommand(options: readonly Option[]): Command {
  const command = new Command('runjob')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const option of options) command.addOption(option)
  refuseRepeats(command)
  return command
}

/** Two values for one option, or `--x` and `--no-x`: the last would win, and the first would be lost silently. */
function refuseRepeats(command: Command): void {
  const words = new Map<string, string>()
  for (const option of command.options) {
    if (option.parseArg === collectPaths) continue
    command.on(`option:${option.name()}`, (value: string | undefined) => {
      const earlier = words.get(option.attributeName())
      const word = option.required ? `${option.long} ${value}` : option.long!
      words.set(option.attributeName(), word)
      // The same value twice is fine.
      if (earlier === undefined || earlier === word) return
      throw invalid(option.long!, value ?? '', `it is given twice, as ${earlier} and as ${word}`)
    })
  }
}

function sharedOptions(): Option[] {
  return [
    new Option(
      '-o, --output <folder>',
      'folder to create, or - for standard output (default: <job>-output in the current folder)',
    ).argParser((text: string) => {
      if (text === '') throw invalid('--output', text, 'the name of a folder is expected')
      // `-o=counts`: that form works only for --output.
      if (text.startsWith('='))
        throw invalid('-o', text, `say -o ${text.slice(1)}, or ./${text} if the name begins with "="`)
      return text
    }),
    new Option('--single-file', 'write one file instead of a folder of parts'),
    new Option('--gzip', 'compress the output with gzip'),
    new Option('--zstd', 'compress the output with zstd (needs Node.js 22.15, or zstd-napi)'),
    new Option('--format <format>', `output format, whatever the job says: ${FORMAT_NAMES.join(', ')}`).argParser(
      (text: string) => {
        const format = FORMAT_NAMES.find((known) => known === text)
        if (!format) throw invalid('--format', text, `expected one of ${FORMAT_NAMES.join(', ')}`)
        return format
      },
    ),
    new Option(
      '--partition-by <columns>',
      'of datasets: folders by the values of these columns, such as year,month',
    ).argParser((text: string) => {
      const names = text.split(',').map((name) => name.trim())
      if (names.includes(''))
        throw invalid('--partition-by', text, 'names of columns, with commas between, are expected')
      return names
    }),
    new Option('--empty-as-null', 'with --partition-by: an empty text is null, as it is when it is read back'),
    new Option('--mode <mode>', `if the output exists: ${OUTPUT_MODES.join(', ')} (default: error)`).argParser(
      (text: string) => {
        const mode = OUTPUT_MODES.find((known) => known === text)
        if (!mode) throw invalid('--mode', text, `expected one of ${OUTPUT_MODES.join(', ')}`)
        return mode
      },
    ),
    new Option('--workers <n>', 'worker threads (default: the number of cores)').argParser(count('--workers')),
    new Option(
      '--memory <size>',
      `memory limit, such as 512MB (default: ${DEFAULT_MEMORY_SHARE * 100} % of the machine's memory)`,
    ).argParser((text: string) => parseMemory(text, '--memory')),
    new Option('--partitions <n>', 'partitions, and so output parts (default: by the size of the input)').argParser(
      count('--partitions'),
    ),
    new Option(
      '--retries <n>',
      'retries of a failed task, if a retry may help (default: 2, so 3 attempts in all)',
    ).argParser(count('--retries', 0)),
    new Option('--task-timeout <time>', 'end an attempt that takes longer, such as 10min (default: none)').argParser(
      (text: string) => parseDuration(text, '--task-timeout'),
    ),
    new Option('--speculate', 'start a second attempt of a task that takes much longer for its size than the others'),
    new Option(
      '--max-bad <n>',
      'bad records to skip and list: a number, or a share such as 0.5% (default: 0)',
    ).argParser((text: string) => {
      parseBadLimit(text, '--max-bad')
      return text
    }),
    new Option('--top <n>', 'print the n records with the largest numbers on standard output').argParser(
      count('--top'),
    ),
    new Option('--explain', 'print the plan and do not run it (with --json as JSON)'),
    new Option('--analyze', 'with --explain: run it without an output, and print what each operator did'),
    new Option('--json', 'print one JSON document with the outcome on standard output'),
    new Option('-q, --quiet', 'print only errors and what was asked for'),
    new Option('--no-progress', 'show no progress'),
    new Option(
      '--all-files',
      'also read hidden names ("_" or "." first) in folders and globs, and outputs of earlier runs in folders',
    ),
    new Option(
      '--encoding <label>',
      'encoding of the input, such as latin1 or utf-16le (default: by byte-order mark, else utf-8)',
    ).argParser((text: string) => {
      checkEncoding(text, '--encoding')
      return text
    }),
    new Option('--keep-state', 'keep intermediate files after success'),
    new Option('--profile <folder>', 'write where the time went: profile.json and profile.html').argParser(
      (text: string) => {
        if (text === '') throw invalid('--profile', text, 'the name of a folder is expected')
        return text
      },
    ),
    new Option('--no-disk-check', 'start even if the disk seems too small'),
    new Option('--fresh', 'start over instead of resuming an unfinished run'),
    new Option('-h, --help', 'show help'),
    new Option('-V, --version', 'show the version'),
  ].map((option) => option.helpGroup('Options of every job:'))
}

function inputOption(name: string): Option {
  return new Option(`--${flagName(name)} <path>`, `input "${name}"; may be repeated`).argParser(collectPaths)
}

function collectPaths(path: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), path]
}

/** Parser of a count: 1, 2, 3... */
function count(flag: string, least = 1): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value) || value < least)
      throw invalid(flag, text, `a whole number of at least ${least} is expected`)
    return value
  }
}

function invalid(option: string, value: string, problem: string): RunjobError {
  return new RunjobError('OPTION_INVALID', { name: option, value, problem })
}

function hasFlag(option: Option, flag: string): boolean {
  return option.long === flag || option.short === flag
}

/** Options collide by flag, by letter, or by `--no-x` next to an `--x` that is not its counterpart. */
function collide(a: Option, b: Option): boolean {
  return a.attributeName() === b.attributeName() || (a.short !== undefined && a.short === b.short)
}

/** Where commander keeps the value of a parameter or input. */
function attributeName(name: string): string {
  return new Option(`--${flagName(name)} <value>`).attributeName()
}

/** `-o --json` is a forgotten folder, not a folder named `--json`; that one is `--output=--json`. */
function refuseFlagsAsValues(command: Command, argv: readonly string[]): void {
  for (let i = 0; i + 1 < argv.length && argv[i] !== '--'; i++) {
    const option = command.options.find((o) => o.required && hasFlag(o, argv[i]!))
    if (!option) continue
    const value = argv[i + 1]!
    if (value === '--' || command.options.some((o) => hasFlag(o, value))) throw missingValue(option.flags)
    i++
  }
}

function missingValue(flags: string): RunjobError {
  return new RunjobError('OPTION_INVALID', { name: flags, value: '', problem: 'a value is missing' })
}

/** The only error that commander's `parseOptions` reports itself. */
function missingValueOf(error: CommanderError): RunjobError {
  return missingValue(/'(.+)'/.exec(error.message)?.[1] ?? error.message)
}

function unknownOption(command: Command, word: string): RunjobError {
  const flag = word.split('=', 1)[0]!
  if (command.options.some((option) => hasFlag(option, flag))) {
    return invalid(flag, word.slice(flag.length + 1), 'this option takes no value')
  }
  const known = command.options.flatMap((option) => option.long ?? [])
  return new RunjobError('PARAM_UNKNOWN', { name: flag, known })
}

export function usageError(name: string, value: string, problem: string): RunjobError {
  return new RunjobError('OPTION_INVALID', { name, value, problem, help: 'See runjob --help and runjob list.' })
}
