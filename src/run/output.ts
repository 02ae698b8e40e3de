/** The output of a run: checked before it, put in place after it. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { concatFiles, makeFolder } from '../base/files.js'
import { checkSignal } from '../base/signal.js'
import type { PlanResult } from '../engine/run_plan.js'
import { writtenHeader } from '../io/format/avro/written.js'
import { type ChangedFolders, checkOutput, commitOutput } from '../io/output/commit.js'
import { compressed } from '../io/output/compress.js'
import { formOf, requireColumnsOfParts } from '../io/output/form.js'
import { headerBytes } from '../io/output/formatter.js'
import { partsAmong, QUARANTINE } from '../io/output/names.js'
import { checkFile, commitFile, forEachBlock, type JoinedBytes } from '../io/output/single_file.js'
import { fileColumns, isBinary } from '../plan/columns.js'
import type { Plan, Sink } from '../plan/plan.js'
import { mainSinkOf, sinksOf } from '../plan/stages.js'
import type { Column } from '../plan/type.js'
import type { StateFolder } from '../state/folder.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'

/** Bad records to show where there is no place for a list. */
const BAD_RECORDS_TOLD = 10

/** Checks, before any work, that the output of a plan may be written. */
export async function checkSink(
  { plan, files, logical }: Prepared,
  { output, mode, badLimit }: Settings,
): Promise<'run' | 'skip'> {
  // Data frames may read what they replace.
  const inputs = logical === null ? files.map((file) => file.path) : []
  const { format, compress, record, singleFile } = mainSinkOf(plan)
  if (singleFile) {
    const form = formOf(format, compress, record, columnsOfFiles(mainSinkOf(plan)))
    return checkFile(output, mode, inputs, { form, mayHaveBad: badLimit !== null })
  }
  const forms = sinksOf(plan).flatMap((sink) => [
    [sink.name, formOf(sink.format, sink.compress, sink.record, columnsOfFiles(sink), sink.partitionBy)] as const,
    ...Object.entries(sink.named).map(([name, named]) => {
      return [join(sink.name, name), formOf(named.format, named.compress, named.record)] as const
    }),
  ])
  const todo = checkOutput(output, mode, inputs, Object.fromEntries(forms))
  if (mode === 'append' || mode === 'overwritePartitions')
    for (const [name, form] of forms) await requireColumnsOfParts(join(output, name), form)
  return todo
}

/** Of rows of data frames, and of records with a schema. */
function columnsOfFiles(sink: Sink): Column[] | undefined {
  return isBinary(sink.format) && sink.format.columns ? sink.format.columns : fileColumns(sink)
}

/**
 * @param run from nameOfRun
 * @returns which folders changed, if only some were replaced
 */
export async function putInPlace(
  { plan }: Prepared,
  settings: Settings,
  result: PlanResult,
  run: string,
): Promise<ChangedFolders | null> {
  const sink = mainSinkOf(plan)
  keepOnly(result, settings.folder)
  if (settings.onRecords) await handOver(sink, result, settings)
  else if (sink.singleFile) await commitAsFile(sink, result, settings, run)
  else return commitAsFolder(plan, result, settings, run)
  return null
}

/** Removes part files of attempts that do not count. */
function keepOnly({ parts }: PlanResult, folder: StateFolder): void {
  const wanted = new Set(parts.map((part) => part.name))
  for (const entry of readdirSync(folder.parts, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !wanted.has(relative(folder.parts, path))) rmSync(path)
  }
}

function commitAsFolder(
  plan: Plan,
  result: PlanResult,
  { output, folder, mode }: Settings,
  run: string,
): ChangedFolders | null {
  // A named output that got no task has a folder, too.
  for (const { name } of sinksOf(plan)) makeFolder(join(folder.parts, name))
  const lists = quarantinePaths(result, folder)
  if (lists.length > 0) concatFiles(join(folder.parts, QUARANTINE), lists)
  return commitOutput(folder.parts, output, mode, run)
}

async function commitAsFile(
  sink: Sink,
  result: PlanResult,
  { output, folder, mode, signal }: Settings,
  run: string,
): Promise<void> {
  const joined = {
    ...joinedBytes(sink, result, folder),
    quarantine: quarantinePaths(result, folder),
    form: formOf(sink.format, sink.compress, sink.record, columnsOfFiles(sink)),
  }
  await commitFile(joined, output, mode, run, () => checkSignal(signal))
}

/** @param lists files that list them */
export function tellBadRecords(lists: readonly string[], onNote: (note: string) => void): void {
  const lines = lists.flatMap((path) => readFileSync(path, 'utf8').trimEnd().split('\n'))
  for (const line of lines.slice(0, BAD_RECORDS_TOLD)) onNote(`bad record: ${line}`)
  if (lines.length > BAD_RECORDS_TOLD) {
    onNote(`and ${lines.length - BAD_RECORDS_TOLD} more bad records: the full list needs a folder or a file as output`)
  }
}

/** Hands the output to the caller instead of writing it. */
async function handOver(
  sink: Sink,
  result: PlanResult,
  { folder, onRecords, onNote, signal }: Settings,
): Promise<void> {
  tellBadRecords(quarantinePaths(result, folder), onNote)
  await forEachBlock(joinedBytes(sink, result, folder), () => checkSignal(signal), onRecords!)
}

function joinedBytes(sink: Sink, result: PlanResult, folder: StateFolder): JoinedBytes {
  const { format, compress } = sink
  const isText = compress === null && format.kind !== 'rows' && format.kind !== 'values'
  return {
    parts: partPaths(result, folder),
    header: headerOf(sink),
    content: isBinary(format) ? format.kind : isText ? 'text' : 'bytes',
  }
}

function headerOf(sink: Sink): Uint8Array {
  const { format, compress } = sink
  if (format.kind === 'avro') return writtenHeader(columnsOfFiles(sink)!, format.codec)
  const header = headerBytes(format)
  return header.length === 0 ? header : compressed(header, compress)
}

/** Of the output's own parts: those of named outputs are in folders. */
function partPaths({ parts }: PlanResult, folder: StateFolder): string[] {
  return partsAmong(parts.map(({ name }) => name)).map((name) => join(folder.parts, name))
}

function quarantinePaths({ quarantine }: PlanResult, folder: StateFolder): string[] {
  return quarantine.map((name) => join(folder.quarantine, name))
}
