/** Names of what a state holds besides finished tasks. */

/** How the latest run was started: a RunStart. */
export const START = 'start'
/** The output is committed: no run continues this one. */
export const COMMITTED = 'committed'
/** Partitions of each stage's exchange. */
export const PARTITIONS = 'partitions'

/** The tasks of a stage that reads files. */
export function tasksFact(stage: number): string {
  return `tasks ${stage}`
}

/** The keys between the partitions of a stage's exchange. */
export function boundsFact(stage: number): string {
  return `bounds ${stage}`
}

/** The ranges in which a stage's exchange is read. */
export function rangesFact(stage: number): string {
  return `ranges ${stage}`
}

/** The results of a finished stage. */
export function stageFact(stage: number): string {
  return `stage ${stage}`
}

/** A command line, and the folder it was given in. */
export interface StartCommand {
  argv: string[]
  cwd: string
}

export interface RunStart {
  startedAt: string
  /** null: a program called runJob(). */
  command: StartCommand | null
}
