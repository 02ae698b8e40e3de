/** The world around the commands. */

import type { StageReport } from '../engine/report.js'
import type { AnyJob } from '../job/define.js'
import type { Column } from '../plan/type.js'
import type { Explained } from '../run/explained.js'
import type { Runnable } from '../run/load.js'
import type { RunnableOptions } from '../run/options.js'
import type { RunReport } from '../run/report.js'
import type { StartCommand } from '../state/facts.js'
import type { SignalSource } from './signals.js'
import type { DataOutput, Environment, OutputStream, Terminal } from './terminal.js'

/** Everything outside that the command line uses. */
export interface Host {
  readonly cwd: string
  readonly env: Environment
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly signals: SignalSource
  version(): string
  /** A job, or a dataset. @throws JOB_NOT_FOUND, JOB_LOAD_FAILED, JOB_INVALID, DATASET_INVALID */
  loadJob(nameOrPath: string): Promise<Runnable>
  builtinJobs(): readonly AnyJob[]
  /**
   * @param command the command line, kept with the run's state
   * @param printer takes the output instead of a folder; false: no more is wanted
   * @param onExplained called before the first task
   */
  runJob(
    job: Runnable,
    options: RunnableOptions,
    command: StartCommand,
    printer?: Printer,
    onExplained?: (explained: Explained) => void,
  ): Promise<RunReport>
  /** What is known of a run, without running it. */
  explainJob(job: Runnable, options: RunnableOptions): Promise<Explained>
  /**
   * @param planned the options of the run
   * @param runs what its stages did, if it ran
   */
  describePlan(explained: Explained, planned: RunnableOptions, runs?: readonly StageReport[]): Promise<string>
  /**
   * Evaluates the expression of `runjob query`.
   *
   * @param options also for actions in it
   * @param ofRows an option that concerns rows, without a meaning for what an action writes; null: none is given
   * @throws DATASET_INVALID; and what methods of data frames throw
   */
  evaluate(
    expression: string,
    paths: readonly string[],
    options: RunnableOptions,
    ofRows: string | null,
  ): Promise<{ dataset: Runnable; hasColumns: boolean } | { value: unknown }>
  /** Whether someone types. */
  readonly isInteractive: boolean
  /**
   * A session of `runjob shell`, to its end.
   *
   * @param options of its actions
   */
  openShell(paths: readonly string[], options: RunnableOptions): Promise<void>
  /** The schema of a file, as TypeScript. */
  schemaText(path: string): Promise<string>
  chdir(folder: string): void
}

export interface Streams {
  data: DataOutput
  terminal: Terminal
}

/** Takes the output of a run that writes nothing. */
export interface Printer {
  /** Asks for blocks of rows (RowDecoder) instead of lines. */
  onColumns?: (columns: readonly Column[]) => void
  onRecords(bytes: Uint8Array): Promise<boolean>
  end(): Promise<void>
}
