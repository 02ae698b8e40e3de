/** Runs jobs as a user would, with sizes small enough that little data sees many splits, spills and merges. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Job, type RunjobError, type RunOptions, type RunResult, runJob } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder } from './folder.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))
const TUNED_MAIN = fileURLToPath(new URL('../soak/tuned_runjob.mjs', import.meta.url))

export type Tuning = NonNullable<RunOptions[typeof TUNING]>

export interface Config
  extends Pick<
    RunOptions,
    'workers' | 'memory' | 'partitions' | 'mode' | 'keepState' | 'taskTimeout' | 'maxBad' | 'diskCheck'
  > {
  tuning?: Tuning
}

/** Ways to run the same job that must not change its answer. */
export const CONFIGS: Record<string, Config> = {
  'one worker, one split': { workers: 1 },
  'three workers, small splits, merges of four, some runs in memory': {
    workers: 3,
    tuning: { splitBytes: 3331, mergeRuns: 4, heldBytes: 10_000 },
  },
  'little memory, a spill for every batch, merges of two': {
    workers: 3,
    memory: '64MB',
    tuning: { splitBytes: 5000, collectorBytes: 1, mergeRuns: 2, heldBytes: 0 },
  },
}

export type Outcome = RunResult & { output: string }

/** Runs a job into a new folder. */
export async function run<P>(
  job: Job<P> | string,
  input: RunOptions['input'],
  config: Config & { params?: Record<string, string | number | boolean>; output?: string } = {},
): Promise<Outcome> {
  const { tuning, output = join(temporaryFolder(), 'out'), ...options } = config
  const all = { input, output, ...options, ...(tuning ? { [TUNING]: tuning } : {}) }
  return (await runJob(job as Job, all as unknown as RunOptions)) as Outcome
}

/** The error that a run fails with. */
export async function failure(run: Promise<unknown>): Promise<RunjobError> {
  try {
    await run
  } catch (error) {
    if ((error as { name?: string }).name === 'RunjobError') return error as RunjobError
    throw error
  }
  throw new Error('the run did not fail')
}

export interface Exit {
  /** null: killed */
  code: number | null
  stdout: string
  stderr: string
}

export interface NodeOptions {
  cwd?: string
  stdin?: string | Uint8Array
  env?: Record<string, string>
  /** Kills the process at this time, as by `kill -9`, if it still runs. */
  killAfterMs?: number
}

/** Runs node with these arguments in a separate process. */
export async function node(args: readonly string[], options: NodeOptions = {}): Promise<Exit> {
  const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env
  const child = spawn(process.execPath, args, { cwd: options.cwd, env: { ...env, ...options.env } })
  const { killAfterMs } = options
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  clearTimeout(timer)
  return { code, stdout, stderr }
}

export function runjob(args: readonly string[], options: NodeOptions = {}): Promise<Exit> {
  return node([MAIN, ...args], options)
}

/** The command with smaller sizes, so that little data has many splits, spills and merges. */
export function tunedRunjob(args: readonly string[], tuning: Tuning, options: NodeOptions = {}): Promise<Exit> {
  return node([TUNED_MAIN, ...args], { ...options, env: { ...options.env, RUNJOB_TUNING: JSON.stringify(tuning) } })
}
