/** One row of the benchmark: the contestants take turns, and each answer is checked. */
import { closeSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Dataset, dataset } from '../data/datasets.js'
import { NoGenerator } from '../data/trade.js'
import type { Contestant, Row, Trial } from '../rows/row.js'
import { type Answer, type AnswerReader, difference } from './answer.js'
import { type ContestantResult, checkTargets, type RowResult, ratioSpread } from './result.js'
import { spread } from './statistics.js'
import type { ToolState } from './tools.js'
import { type Measurement, runTrial, TrialFailed } from './trial.js'

export interface RowOptions {
  /** Where the datasets are. */
  dataFolder: string
  /** The command of runjob. */
  cli: string
  /** For outputs and temporary files, on the same disk. */
  trialFolder: string
  scale: number
  runs: number
  workers: number
  memoryBytes: number
  timeoutMs: number
  tools: Record<string, ToolState>
  /** Reports progress. */
  log: (text: string) => void
  signal: AbortSignal
}

/** Above this the oracle would take long, so answers are compared with the first one. */
const ORACLE_BYTES = 64e6

interface Entry {
  contestant: Contestant
  inputs: string[]
  /** Instead of the inputs. */
  reads: string[] | null
  measurements: Measurement[]
  status: ContestantResult['status']
  reason: string | null
}

export async function runRow(row: Row, options: RowOptions): Promise<RowResult> {
  const memoryBytes = row.memoryBytes ?? options.memoryBytes
  const entries = row.contestants.map((contestant) => enter(row, contestant, options))
  const expected = new Map<string, Answer>()
  for (const { inputs, reads, status } of entries) {
    if (status === 'skipped') continue
    for (const path of reads ?? []) readThrough(path)
    if (expected.has(inputs.join())) continue
    for (const path of inputs) readThrough(path)
    if (row.oracle && sizeOf(inputs) <= ORACLE_BYTES) expected.set(inputs.join(), await row.oracle(inputs))
  }

  // A B A B: what slows the machine for a while slows them all.
  for (let run = 1; run <= options.runs; run++) {
    for (const entry of entries) {
      if (entry.reason !== null || options.signal.aborted) continue
      options.log(`${row.name}: ${entry.contestant.name}, run ${run} of ${options.runs}`)
      await runOnce(entry, expected, memoryBytes, options)
    }
  }

  const contestants = entries.map((entry) => summarise(entry, entries[0]!))
  return {
    name: row.name,
    title: row.title,
    inputBytes: entries[0]!.inputs.length === 0 ? 0 : sizeOf(entries[0]!.inputs),
    memoryBytes,
    contestants,
    targets: checkTargets(row.targets, contestants, memoryBytes),
  }
}

function enter(row: Row, contestant: Contestant, options: RowOptions): Entry {
  const tool = options.tools[contestant.tool]
  if (tool && 'missing' in tool) {
    return { contestant, inputs: [], reads: null, measurements: [], status: 'skipped', reason: tool.missing }
  }
  const path = (name: Dataset) => dataset(options.dataFolder, name, options.scale, options.log)
  try {
    const inputs = (contestant.inputs ?? row.inputs).map(path)
    const reads = contestant.reads?.map(path) ?? null
    const status = contestant.readAnswer ? 'right' : 'none'
    return { contestant, inputs, reads, measurements: [], status, reason: null }
  } catch (error) {
    if (!(error instanceof NoGenerator)) throw error
    return { contestant, inputs: [], reads: null, measurements: [], status: 'skipped', reason: error.message }
  }
}

/** One trial; its output is checked and removed. */
async function runOnce(
  entry: Entry,
  expected: Map<string, Answer>,
  memoryBytes: number,
  { cli, trialFolder, workers, timeoutMs, signal }: RowOptions,
): Promise<void> {
  const { contestant, inputs, reads } = entry
  const trial: Trial = {
    inputs: reads ?? inputs,
    output: join(trialFolder, 'answer'),
    temp: join(trialFolder, 'temp'),
    memoryBytes,
    workers,
    cli,
  }
  mkdirSync(trial.temp, { recursive: true })
  try {
    const measurement = await runTrial(contestant.command(trial), {
      env: contestant.env?.(trial) ?? {},
      // runjob keeps its runs beside the output.
      temp: [trial.temp, join(trialFolder, '.answer.runjob', 'runs'), `${trial.output}.run`],
      timeoutMs,
      signal,
    })
    entry.measurements.push(measurement)
    const wrong = contestant.readAnswer && checkAnswer(contestant.readAnswer, trial.output, inputs, expected)
    if (wrong !== null) {
      entry.status = 'wrong'
      entry.reason = wrong
    }
  } catch (error) {
    if (!(error instanceof TrialFailed)) throw error
    entry.status = 'failed'
    entry.reason = error.message
  } finally {
    rmSync(trialFolder, { recursive: true, force: true })
  }
}

/** What is wrong with the output; null if it is right. Without an oracle, others must equal the first answer to the same inputs. */
function checkAnswer(
  readAnswer: AnswerReader,
  output: string,
  inputs: readonly string[],
  expected: Map<string, Answer>,
): string | null {
  let answer: Answer
  try {
    answer = readAnswer(output)
  } catch (error) {
    return (error as Error).message
  }
  const right = expected.get(inputs.join())
  if (!right) expected.set(inputs.join(), answer)
  return right ? difference(right, answer) : null
}

function summarise({ contestant, inputs, measurements, status, reason }: Entry, first: Entry): ContestantResult {
  const seconds = measurements.map((measurement) => measurement.seconds)
  const time = seconds.length > 0 ? spread(seconds) : null
  const inputBytes = sizeOf(inputs)
  const base = first.measurements.map((measurement) => measurement.seconds)
  const peaks = measurements.map((measurement) => measurement.peakRssBytes).filter((peak) => peak !== null)
  return {
    name: contestant.name,
    tool: contestant.tool,
    inputBytes,
    status,
    reason,
    seconds,
    time,
    gbPerSecond: time && inputBytes / 1e9 / time.median,
    peakRssBytes: peaks.length > 0 ? Math.max(...peaks) : null,
    peakTempBytes: time && Math.max(...measurements.map((measurement) => measurement.peakTempBytes)),
    ratio: time && base.length > 0 ? ratioSpread(seconds, base) : null,
  }
}

function sizeOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0)
}

/** Reads a file into the page cache. */
function readThrough(path: string): void {
  const buffer = Buffer.allocUnsafe(4 << 20)
  const file = openSync(path, 'r')
  while (readSync(file, buffer) > 0);
  closeSync(file)
}
