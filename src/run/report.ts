/** The report of a run. */

import { join } from 'node:path'
import { now } from '../base/now.js'
import type { AnyDataset } from '../dataset/dataset.js'
import type { StageReport, TaskProfile } from '../engine/report.js'
import type { PlanResult } from '../engine/run_plan.js'
import type { SkewedKey } from '../engine/skew.js'
import { NOTHING_PASSED_OVER, type PassedOver } from '../io/input/inputs.js'
import type { ChangedFolders } from '../io/output/commit.js'
import { QUARANTINE, quarantinePathOf } from '../io/output/names.js'
import { sinksOf } from '../plan/stages.js'
import type { Settings } from './options.js'
import type { FolderCount, Prepared } from './prepared.js'

export interface RunReport {
  job: string
  /** Absolute path of the output, a folder or a file. */
  output: string
  /** Of a dataset with named outputs: the folder of each, and what it holds. */
  outputs?: Record<string, { output: string; recordsWritten: number }>
  elapsedMs: number
  /** Of the whole process. */
  peakRssBytes: number
  inputFiles: number
  /** What was found in folders and globs, but not read. */
  passedOver: PassedOver
  /** Of folders such as `year=2024`, whose names hold columns: how many were read, and how many there are. */
  folders?: FolderCount
  /** With `overwritePartitions`: the folders of values that were replaced, and those that are new, by path in the output, sorted. */
  replacedFolders?: string[]
  addedFolders?: string[]
  counters: Record<string, number>
  stages: StageReport[]
  /** Tasks that an earlier run had finished. */
  resumedTasks: number
  /** Tasks that ran again because the runs they wrote were damaged or gone. */
  redoneTasks: number
  /** Records read from files, and written to the output. `stages` says what happened in between: filtered, dropped, quarantined, combined. */
  recordsRead: number
  recordsWritten: number
  /** Sentences: where records went if some were read and none written, or an input gave none; which file is not UTF-8. */
  notes: string[]
  /** Skipped bad records, and the file that lists them. */
  recordsQuarantined: number
  quarantine: string | null
  /** Keys that most records of a large partition have, so that one task had more to do than the others. */
  skewed: SkewedKey[]
  /** Nothing ran: the output existed and mode is `ignore`, or this run had committed it before it was cut off. */
  skipped: boolean
  top: { key: string; number: number }[]
  /** Where each task's time went. Only with `profile`. */
  profile?: TaskProfile[]
}

export interface RunResult<K = unknown, V = unknown> extends RunReport {
  /** The output's records, part by part. */
  read(): AsyncIterableIterator<[key: K, value: V]>
}

/** What a run did, and which folders of its output it changed, if it replaced only some. */
export interface CommittedResult extends PlanResult {
  changed: ChangedFolders | null
}

/** What of a run is reported, whether or not it had something to do. */
type Reported = Pick<Prepared, 'files' | 'passedOver' | 'folders'> & {
  job: string
  /** Names of its outputs; empty: the output itself. */
  outputs: readonly string[]
}

export function reportOf(prepared: Prepared, settings: Settings, startedMs: number, result: CommittedResult | null) {
  const outputs = sinksOf(prepared.plan).map(({ name }) => name)
  return report({ ...prepared, job: prepared.plan.job, outputs }, settings, startedMs, result)
}

/** Of a run of a dataset that was done before it began. */
export function reportOfDone({ name, outputs }: AnyDataset, settings: Settings, startedMs: number): RunReport {
  const made = outputs(settings.params)
  const names = 'collection' in made ? [''] : made.map((output) => output.name)
  const known = { job: name, outputs: names, files: [], passedOver: NOTHING_PASSED_OVER, folders: null }
  return report(known, settings, startedMs, null)
}

/** @param result null: nothing was run */
function report(
  { job, outputs, files, passedOver, folders }: Reported,
  { output, onRecords, profile, choice }: Settings,
  startedMs: number,
  result: CommittedResult | null,
): RunReport {
  const stages = result?.stages ?? []
  const flow = result?.flow ?? { read: 0, written: 0, notes: [] }
  const hasList = result !== null && result.quarantine.length > 0 && onRecords === null
  const list = choice.singleFile ? quarantinePathOf(output) : join(output, QUARANTINE)
  const outputOf = (name: string) => {
    const parts = result?.parts.filter((part) => part.name.startsWith(`${name}/`)) ?? []
    const recordsWritten = parts.reduce((sum, part) => sum + part.records, 0)
    return [name, { output: join(output, name), recordsWritten }] as const
  }
  return {
    job,
    output: onRecords ? '-' : output,
    ...(outputs.every((name) => name === '') ? {} : { outputs: Object.fromEntries(outputs.map(outputOf)) }),
    elapsedMs: now() - startedMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    inputFiles: new Set(files.map(({ path }) => path)).size,
    passedOver,
    ...(folders ? { folders } : {}),
    ...(result?.changed ? { replacedFolders: result.changed.replaced, addedFolders: result.changed.added } : {}),
    counters: { ...result?.counters },
    stages,
    resumedTasks: result?.resumedTasks ?? 0,
    redoneTasks: result?.redoneTasks ?? 0,
    recordsRead: flow.read,
    recordsWritten: flow.written,
    notes: flow.notes,
    recordsQuarantined: stages.reduce((sum, stage) => sum + stage.recordsQuarantined, 0),
    quarantine: hasList ? list : null,
    skewed: result?.skewed ?? [],
    skipped: result === null,
    top: result?.top ?? [],
    ...(profile && result ? { profile: result.tasks } : {}),
  }
}
