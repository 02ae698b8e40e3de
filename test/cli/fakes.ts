/** Jobs and a world for the command line, without an engine. */
import { EventEmitter } from 'node:events'
import { RunjobError } from '../../dist/src/base/errors.js'
import type { Host } from '../../dist/src/cli/host.js'
import { createColors, type OutputStream, type Terminal } from '../../dist/src/cli/terminal.js'
import type { Progress, StageReport } from '../../dist/src/engine/report.js'
import type { AnyJob } from '../../dist/src/job/define.js'
import type { RunOptions } from '../../dist/src/run/options.js'
import type { RunReport } from '../../dist/src/run/report.js'

export const plain = createColors(false)

export function fakeJob(parts: Partial<AnyJob> & { name: string }): AnyJob {
  return {
    description: '',
    examples: [],
    summary: null,
    inputNames: ['input'],
    params: {},
    definedIn: null,
    body: () => {
      throw new Error('the command line never looks into a job')
    },
    functions: () => {
      throw new Error('the command line never runs functions')
    },
    shape: () => ({}),
    ...parts,
  }
}

export const wordcount = fakeJob({
  name: 'wordcount',
  description: 'Count words.',
  examples: ['runjob wordcount books/ -o counts'],
  summary: 'top',
  params: {
    lowercase: { type: 'boolean', default: true, describe: 'count words in lower case' },
    topWords: { type: 'integer', default: 5, describe: 'words to show', short: 'w' },
    minShare: { type: 'number', describe: 'smallest share of a word' },
    order: { type: 'string', choices: ['key', 'count'], default: 'key', describe: 'order of the output' },
    reverse: { type: 'boolean', default: false, describe: 'largest first' },
  },
})

export const grep = fakeJob({
  name: 'grep',
  description: 'Lines that match a pattern.',
  params: { pattern: { type: 'string', required: true, positional: true, describe: 'regular expression' } },
})

export const top = fakeJob({
  name: 'top',
  description: 'The largest records.',
  params: { n: { type: 'integer', default: 10, positional: true, describe: 'how many' } },
})

export const join = fakeJob({ name: 'join', description: 'Join two tables.', inputNames: ['left', 'right'] })

export const stageReport: StageReport = {
  name: 'map',
  tasks: 8,
  recordsIn: 25_100_000,
  recordsOut: 318_000,
  recordsFiltered: 0,
  recordsDropped: 0,
  recordsLeftOut: 0,
  recordsQuarantined: 0,
  recordsCombined: 0,
  bytesIn: 1_200_000_000,
  bytesOut: 5_100_000,
  spills: 0,
  spillBytes: 0,
  elapsedMs: 1500,
}

export function fakeReport(parts: Partial<RunReport> = {}): RunReport {
  return {
    job: 'wordcount',
    output: '/data/counts',
    elapsedMs: 1634,
    peakRssBytes: 512_000_000,
    counters: {},
    stages: [stageReport],
    inputFiles: 1,
    passedOver: { hidden: 0, special: 0, links: 0, outputs: 0 },
    resumedTasks: 0,
    redoneTasks: 0,
    recordsRead: 25_100_000,
    recordsWritten: 318_000,
    notes: [],
    recordsQuarantined: 0,
    quarantine: null,
    skewed: [],
    skipped: false,
    top: [],
    ...parts,
  }
}

export function fakeProgress(parts: Partial<Progress> = {}): Progress {
  return {
    stage: 'map',
    does: 'map',
    stageIndex: 0,
    stageCount: 2,
    tasksDone: 0,
    tasks: 8,
    bytesDone: 0,
    bytes: 1_000_000_000,
    records: 0,
    spillBytes: 0,
    elapsedMs: 0,
    ...parts,
  }
}

/** A stream that keeps what is written to it. */
export class FakeStream implements OutputStream {
  text = ''
  failure: NodeJS.ErrnoException | null = null
  readonly isTTY: boolean
  readonly columns = 80
  readonly #events = new EventEmitter()

  constructor(isTTY = false) {
    this.isTTY = isTTY
  }

  write(text: string, done?: (error?: Error | null) => void): boolean {
    if (this.failure) this.#events.emit('error', this.failure)
    else this.text += text
    done?.(this.failure)
    return true
  }

  on(event: 'error', listener: (error: Error) => void): this {
    this.#events.on(event, listener)
    return this
  }
}

export class FakeTerminal implements Terminal {
  readonly canRedraw: boolean
  readonly colors = plain
  text = ''

  constructor(canRedraw: boolean) {
    this.canRedraw = canRedraw
  }

  width(): number {
    return 80
  }

  write(text: string): void {
    this.text += text
  }
}

/** Signals that a test sends, and the exits they cause. */
export class FakeSignals extends EventEmitter {
  readonly exits: number[] = []

  exit(code: number): void {
    this.exits.push(code)
  }
}

export interface FakeHost extends Host {
  readonly stdout: FakeStream
  readonly stderr: FakeStream
  readonly signals: FakeSignals
  /** What each run was asked for. */
  readonly runs: RunOptions[]
}

/** `run` stands in for the engine. */
export function fakeHost(run: (options: RunOptions) => Promise<RunReport> = async () => fakeReport()): FakeHost {
  const jobs = [grep, join, top, wordcount]
  const runs: RunOptions[] = []
  return {
    cwd: '/nowhere',
    env: {},
    stdout: new FakeStream(),
    stderr: new FakeStream(),
    signals: new FakeSignals(),
    runs,
    version: () => '1.2.3',
    loadJob: async (name) => {
      const job = jobs.find((job) => job.name === name)
      if (!job) throw new RunjobError('JOB_NOT_FOUND', { name, known: jobs.map((job) => job.name) })
      return job
    },
    builtinJobs: () => jobs,
    runJob: async (_job, options) => {
      runs.push(options as RunOptions)
      return run(options as RunOptions)
    },
    isInteractive: true,
    openShell: async () => {
      throw new Error('no test of the command line opens a session')
    },
    evaluate: async () => {
      throw new Error('no test of the command line evaluates a query')
    },
    schemaText: async (path) => `csv({ schema: {} }) of ${path}\n`,
    chdir: () => {},
    explainJob: async ({ name }) => ({
      estimates: [],
      prepared: {
        plan: { version: 2, job: name, module: null, params: {}, sideFiles: {}, stages: [] },
        logical: null,
        first: [],
        estimates: null,
        code: null,
        identity: null,
        inPlace: null,
        files: [],
        inputs: new Map(),
        passedOver: { hidden: 0, special: 0, links: 0, outputs: 0 },
        folders: null,
      },
    }),
    describePlan: async ({ prepared: { plan } }) => `${plan.job}\n└─ output`,
  }
}
