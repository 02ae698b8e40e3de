/** A row of the benchmark: one piece of work, and its contestants. */
import { fileURLToPath } from 'node:url'
import type { Dataset } from '../data/datasets.js'
import type { Answer, AnswerReader } from '../measure/answer.js'

export interface Row {
  name: string
  title: string
  inputs: readonly Dataset[]
  /** Memory for each contestant, if not what the command line says. */
  memoryBytes?: number
  /** The others are compared with the first one. */
  contestants: readonly Contestant[]
  /** A simple computation of the answer, for small inputs. null: contestants check each other. */
  oracle: ((inputs: readonly string[]) => Answer | Promise<Answer>) | null
  targets: readonly Target[]
}

/** What a command needs; `none`: it shows the limit of the machine. */
export type Tool = 'runjob' | 'duckdb' | 'polars' | 'gnu' | 'node' | PythonEngine | 'none'

/** Engines that have a package for Python; `pypolars` is often newer than `polars`, which is the one for Node.js. */
export const PYTHON_ENGINES = ['pypolars', 'datafusion', 'chdb', 'spark'] as const
export type PythonEngine = (typeof PYTHON_ENGINES)[number]

export interface Contestant {
  /** Unique in its row. */
  name: string
  tool: Tool
  command: (trial: Trial) => string[]
  env?: (trial: Trial) => Record<string, string>
  /** null: it has no answer. */
  readAnswer: AnswerReader | null
  /** Instead of the row's. Only answers to the same inputs are compared. */
  inputs?: readonly Dataset[]
  /** What it reads instead of the inputs, but with the same values in it: its answer is compared with those of the others. */
  reads?: readonly Dataset[]
}

/** The trial that a command is made for. */
export interface Trial {
  inputs: readonly string[]
  /** Where the answer goes; does not exist yet. */
  output: string
  /** A folder for temporary files. */
  temp: string
  memoryBytes: number
  workers: number
  /** The command of runjob. */
  cli: string
}

/** A target of the project; default for `of`: the row's first contestant. */
export type Target =
  /** Median of other / of, trial by trial. */
  | { kind: 'faster'; than: string; ratio: number; of?: string }
  /** Median of of / other, trial by trial. */
  | { kind: 'atMost'; times: number; than: string; of?: string }
  | { kind: 'rate'; gbPerSecond: number; of?: string }
  | { kind: 'time'; ms: number; of?: string }
  /** Bytes a second of `of` / those of other, by their medians. */
  | { kind: 'rateOf'; than: string; ratio: number; of?: string }
  /** Temporary files, as a multiple of the input. */
  | { kind: 'temp'; times: number; of?: string }
  /** Peak memory, beyond the cap. */
  | { kind: 'memory'; extraBytes: number; of?: string }

const root = new URL('../../../', import.meta.url)
const pathOf = (path: string) => fileURLToPath(new URL(path, root))

interface RunjobOptions {
  name?: string
  /** A ready-made job, or the path of a module under bench/jobs. */
  job: string
  flags?: readonly string[]
  /** Instead of the trial's. */
  workers?: number
  inputs?: readonly Dataset[]
  readAnswer: AnswerReader
}

/** As a user would run it. */
export function runjob(options: RunjobOptions): Contestant {
  const { job, flags = [], workers, inputs, readAnswer } = options
  const module = job.endsWith('.ts') ? pathOf(`bench/jobs/${job}`) : job
  return {
    name: options.name ?? 'runjob',
    tool: 'runjob',
    command: (trial) => [
      process.execPath,
      trial.cli,
      module,
      ...trial.inputs,
      ...['--output', trial.output, '--workers', String(workers ?? trial.workers)],
      ...['--memory', String(trial.memoryBytes), '--quiet', ...flags],
    ],
    readAnswer,
    ...(inputs && { inputs }),
  }
}

interface DatasetOptions {
  /** A module under bench/jobs. */
  module: string
  /** Its parameters, and how the output is written. */
  flags: (trial: Trial) => readonly string[]
  readAnswer: AnswerReader
}

/** A data frame, as a user would run it: its parameters say what it reads. */
export function runjobDataset({ module, flags, readAnswer }: DatasetOptions): Contestant {
  return {
    name: 'runjob',
    tool: 'runjob',
    command: (trial) => [
      process.execPath,
      trial.cli,
      pathOf(`bench/jobs/${module}`),
      ...['--output', trial.output, '--workers', String(trial.workers)],
      ...['--memory', String(trial.memoryBytes), '--quiet', ...flags(trial)],
    ],
    readAnswer,
  }
}

/** One statement; `sql` writes to trial.output. */
export function duckdb(sql: (trial: Trial) => string, readAnswer: AnswerReader): Contestant {
  return {
    name: 'duckdb',
    tool: 'duckdb',
    command: (trial) => {
      const { workers: threads, memoryBytes, temp } = trial
      return [...peerScript('duckdb.js'), JSON.stringify({ threads, memoryBytes, temp, sql: [sql(trial)] })]
    },
    readAnswer,
  }
}

/** The fastest way to read lines with DuckDB's CSV reader: one column, a delimiter that does not occur, no quoting. */
export function duckdbLines(path: string): string {
  return (
    `read_csv(${quote(path)}, columns = {'line': 'VARCHAR'}, ` +
    `delim = '\\x01', quote = '', escape = '', header = false, auto_detect = false)`
  )
}

/** SQL's string literal. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A pipeline of GNU tools; `$1`, `$2`… are the inputs, `$OUT` the output, `$SORT` is sort with its options. */
export function gnu(name: string, pipeline: string, readAnswer: AnswerReader | null): Contestant {
  return {
    name,
    tool: 'gnu',
    command: ({ inputs }) => ['bash', '-c', `set -o pipefail; ${pipeline}`, 'bash', ...inputs],
    env: ({ output, temp, memoryBytes, workers }) => ({
      LC_ALL: 'C',
      OUT: output,
      SORT: `sort --parallel=${workers} -S ${Math.floor(memoryBytes / 1024)}K -T ${temp}`,
    }),
    readAnswer,
  }
}

/** The script that one would write without a library: peers/<script> inputs… output. */
export function plainNode(script: string, readAnswer: AnswerReader): Contestant {
  return {
    name: 'node',
    tool: 'node',
    command: ({ inputs, output }) => [...peerScript(script), ...inputs, output],
    readAnswer,
  }
}

export function polars(args: (trial: Trial) => string[], readAnswer: AnswerReader): Contestant {
  return {
    name: 'polars',
    tool: 'polars',
    command: (trial) => [...peerScript('polars_stats.js'), ...args(trial)],
    env: ({ workers }) => ({ POLARS_MAX_THREADS: String(workers) }),
    readAnswer,
  }
}

/**
 * One query to tables of Parquet, for each engine.
 *
 * @param tables paths by name
 */
export function pythonEngines(
  engines: readonly PythonEngine[],
  tables: (trial: Trial) => Record<string, string>,
  sql: (trial: Trial) => string,
  readAnswer: AnswerReader,
): Contestant[] {
  return engines.map((tool) => ({
    name: tool,
    tool,
    command: (trial) => {
      const { workers: threads, memoryBytes, temp, output } = trial
      const task = { threads, memoryBytes, temp, output, tables: tables(trial), sql: sql(trial) }
      return [...pythonScript(tool), JSON.stringify(task)]
    },
    readAnswer,
  }))
}

/** Command line of an engine. */
export function pythonScript(tool: PythonEngine): string[] {
  return ['python3', pathOf('bench/peers/tables.py'), tool]
}

/** Command line of a script of bench/peers. */
export function peerScript(name: string): string[] {
  return [process.execPath, pathOf(`bench/peers/${name}`)]
}
