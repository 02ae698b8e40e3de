/**
 * Runs that read what they replace. Their output is complete before it takes the place of the old one, so all that they need is to know,
 * after a crash, whether it has: the same command would otherwise read what it wrote, and compute from that once more. What is in the
 * output now says nothing about it. So such a run is named after what it was asked for, and after its other inputs.
 */
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { removeTree } from '../base/files.js'
import { framesIn } from '../collection/query.js'
import type { AnyDataset } from '../dataset/dataset.js'
import { type CollectionOutput, type DatasetOutput, isCollectionOutput } from '../dataset/outputs.js'
import type { Query } from '../dataset/query.js'
import { type Source, sourcesOf } from '../dataset/sources.js'
import { isPiped } from '../io/input/inputs.js'
import { withinOutput } from '../io/output/place.js'
import { resolveParams } from '../plan/params.js'
import { recovered } from '../state/recover.js'
import { SourceFiles } from './inputs.js'
import type { Settings } from './options.js'
import { encodedRules } from './source_reader.js'
import { Copies } from './stdin.js'

export interface Request {
  dataset: string
  params: Readonly<Record<string, unknown>>
  outputs: readonly DatasetOutput[] | CollectionOutput
  /** What its sources found. */
  files: readonly SourceFiles[]
}

/** Names a run that reads what it replaces; null: it does not. */
export function nameInPlace(request: Request, settings: Settings): string | null {
  const { output, mode, onRecords } = settings
  // What does not exist holds no input; the real paths of many files take a while.
  if (onRecords !== null || mode === 'error' || mode === 'ignore' || !existsSync(output)) return null
  const isReplaced = withinOutput(output)
  const found = request.files.flatMap((files) => files.found)
  return found.some((file) => !isPiped(file) && isReplaced(file.path)) ? nameOf(request, settings) : null
}

/**
 * Finishes or undoes a commit that was cut off, before anything is read: what it moves may be what is read.
 *
 * @returns whether it was that of this run, which reads what it replaces, and there is nothing left to do
 * @throws OUTPUT_BUSY, STATE_CORRUPT; what resolveParams throws
 */
export function wasDoneInPlace(dataset: AnyDataset, settings: Settings): boolean {
  const isDone = recovered(settings.output, (committed) => {
    if (committed === null || settings.fresh) return false
    const params = resolveParams(dataset.params, settings.params)
    const outputs = dataset.outputs(params)
    const files = sourcesOf(queriesOf(outputs)).flatMap((source) => filesOf(source, settings))
    if (committed !== nameOf({ dataset: dataset.name, params, outputs, files }, settings)) return false
    removeTree(settings.folder.path)
    return true
  })
  return isDone ?? false
}

/** Of the data frames that are read. */
function queriesOf(outputs: Request['outputs']): Query[] {
  if (!isCollectionOutput(outputs)) return outputs.map(({ frame }) => frame.query)
  return framesIn(outputs.collection) as Query[]
}

/** None if nothing is found: an output without rows may be in place of all files. */
function filesOf({ paths, format }: Source, settings: Settings): SourceFiles[] {
  try {
    return [new SourceFiles({ paths, rules: encodedRules(format, settings) }, settings, new Copies(settings))]
  } catch {
    return []
  }
}

function nameOf({ dataset, params, outputs, files }: Request, settings: Settings): string {
  const { output, folder, mode, choice, partitionBy, emptyAsNull, encoding, allFiles, badLimit } = settings
  const isReplaced = withinOutput(output)
  const others = files.flatMap(({ found }) => found).filter((file) => isPiped(file) || !isReplaced(file.path))
  const inputs = others.map((file) => {
    // What is read only once is another input each time.
    if (isPiped(file)) return [file.pipe, folder.copies]
    const { size, mtimeMs } = statSync(file.path)
    return [file.path, size, mtimeMs]
  })
  const queries = isCollectionOutput(outputs)
    ? outputs
    : outputs.map(({ name, frame, partitionBy: by }) => [name, frame.query, by])
  const asked = { dataset, params, queries, mode, choice, partitionBy, emptyAsNull, encoding, allFiles, badLimit }
  return createHash('sha256')
    .update(textOf([asked, inputs]))
    .digest('hex')
}

/** Of plain data, as JSON would write it, but that each part of a query is there once, and that all values of literals are told apart. */
function textOf(value: unknown): string {
  const seen = new Map<object, number>()
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'object' && part !== null) {
      const known = seen.get(part)
      if (known !== undefined) return `#${known}`
      seen.set(part, seen.size)
      return part
    }
    if (typeof part === 'number') return Object.is(part, -0) ? '-0' : Number.isFinite(part) ? part : String(part)
    return typeof part === 'bigint' || typeof part === 'function' ? String(part) : part
  })
}
