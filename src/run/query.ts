/** One-line queries: an expression over the package's names and data frames of files. */
import { messageOf, RunjobError } from '../base/errors.js'
import { asyncFunction, require } from '../base/packages.js'
import { describe, isPart, isPlainObject } from '../base/schema.js'
import { didYouMean } from '../base/suggest.js'
import { isCollection } from '../collection/collection.js'
import { Expr } from '../dataset/column.js'
import type { AnyDataset } from '../dataset/dataset.js'
import { type AnyFrame, DataFrame, Grouped, isDataFrame } from '../dataset/frame.js'
import { refuseOperators } from '../dataset/operators.js'
import { isCollectionOutput, outputsOf } from '../dataset/outputs.js'
import { read } from '../dataset/read.js'
import { isFrameWriter } from '../dataset/writer.js'
import { type FoundFile, findInputs, type Piped } from '../io/input/inputs.js'
import { outputsIn } from '../io/output/earlier.js'
import { avro, csv, jsonl, parquet } from '../job/formats.js'
import { setRunner } from '../plan/runner.js'
import { recoverMissing } from '../state/recover.js'
import { setEvaluated } from './evaluated.js'
import { HeldActions } from './held_actions.js'
import { type InputKind, kindOfFiles, kindOfName } from './kind.js'
import type { RunnableOptions } from './options.js'
import { datasetOfOutputs } from './rows.js'

/**
 * The value of an expression in TypeScript; a data frame as a dataset. Its names are those of the package, `df` for the first input as a data frame, and `inputs` for
 * all of them.
 *
 * @param names what the package exports
 * @param options of the run: those of its actions, too
 * @param ofRows an option that has no meaning for what actions write; null: none is given
 * @throws OPTION_INVALID for an input that it does not read; DATASET_INVALID if it cannot be parsed, or throws; and what methods of data frames throw
 */
export async function evaluateQuery(
  expression: string,
  paths: readonly string[],
  names: Readonly<Record<string, unknown>>,
  cwd: string,
  options: RunnableOptions,
  ofRows: string | null = null,
): Promise<{ dataset: AnyDataset; hasColumns: boolean } | { value: unknown }> {
  requireUse(expression, paths)
  refuseOperators(`() => (${expression}\n)`, 'the query')
  const inputs = paths.map((path) => frameOf(path, cwd))
  const scope = { ...names, ...(inputs.length > 0 ? { df: inputs[0] } : {}), inputs }
  const actions = new HeldActions(options, ofRows)
  setRunner(() => actions.runner())
  setEvaluated(() => evaluatingAgain(expression, paths, cwd))
  const evaluate = compile(expression, Object.keys(scope))
  let value: unknown
  let isAwaited = /\bawait\b/.test(expression)
  try {
    const evaluation = evaluate(...Object.values(scope))
    await actions.settle(evaluation)
    const [given] = await evaluation
    isAwaited ||= isPromise(given)
    if (isPromise(given)) await actions.settle(given)
    value = await given
  } catch (error) {
    if (error instanceof RunjobError) throw ofQuery(error)
    const problem = messageOf(error)
    const hint = hintFor(problem)
    throw new RunjobError('DATASET_INVALID', { problem: `the query fails: ${problem}`, hint }, { cause: error })
  }
  if (actions.end()) {
    throw new RunjobError('DATASET_INVALID', {
      problem: 'the query begins an action, but does not wait for its end',
      hint: 'Await it: await df.count(), or await Promise.all([…]) for several.',
    })
  }
  // What show() gives once it is done; otherwise a property that is misspelt.
  if (value === undefined && !isAwaited) {
    throw new RunjobError('DATASET_INVALID', { problem: 'the query gives undefined', hint: methodsHint(expression) })
  }
  if (isOfRows(value) || isCollection(value) || (isPlainObject(value) && Object.values(value).some(isOfRows))) {
    const outputs = outputsOf(value, 'the query must give', (problem) => {
      throw new RunjobError('DATASET_INVALID', { problem, hint: 'Several data frames are { daily: df…, total: df… }.' })
    })
    return { dataset: datasetOfOutputs(outputs, 'query'), hasColumns: !isCollectionOutput(outputs) }
  }
  if (isShown(value)) return { value }
  throw new RunjobError('DATASET_INVALID', {
    problem: `the query gives ${describe(value)}, not a data frame`,
    hint: hintOf(value),
  })
}

/** A module that evaluates the query again. */
function evaluatingAgain(...query: [expression: string, paths: readonly string[], cwd: string]): string {
  const urlOf = (name: string) => JSON.stringify(new URL(`../${name}.js`, import.meta.url).href)
  const [expression, paths, cwd] = query.map((part) => JSON.stringify(part))
  return [
    `import * as names from ${urlOf('index')}`,
    `import { evaluateQuery } from ${urlOf('run/query')}`,
    `await evaluateQuery(${expression}, ${paths}, names, ${cwd}, {})`,
    '',
  ].join('\n')
}

/** @throws OPTION_INVALID for files that the expression does not read: their rows would be missing in silence */
function requireUse(expression: string, paths: readonly string[]): void {
  const names = (word: string) => new RegExp(`\\b${word}\\b`).test(expression)
  const read = names('inputs') ? paths.length : names('df') ? 1 : 0
  if (read >= paths.length) return
  throw new RunjobError('OPTION_INVALID', {
    name: '<input>',
    value: paths[read],
    problem: `the query does not read it: it names ${read === 0 ? 'neither df nor inputs' : 'only df, the first one'}`,
    help: 'For one data frame of many files, quote a pattern: "logs/*.csv". Otherwise use each: df.union(inputs[1]).',
  })
}

/** There is no job: functions that jobs and data frames share know only jobs. */
function ofQuery(error: RunjobError): RunjobError {
  if (error.code !== 'JOB_INVALID') return error
  const { problem, help: hint = 'Correct it in the expression.' } = error.params
  return new RunjobError('DATASET_INVALID', { problem, hint }, { cause: error })
}

/** A data frame, or how one is written. */
function isOfRows(value: unknown): boolean {
  return isDataFrame(value) || isFrameWriter(value)
}

/** Whether a value that is no data frame can be printed: what actions return, and numbers, texts and lists. */
function isShown(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false
  if (typeof value !== 'object' || value === null || value instanceof Map) return true
  return (Array.isArray(value) || isPlainObject(value)) && !Object.values(value).some(isUnfinished)
}

/** What would be printed as its inner parts. */
function isUnfinished(value: unknown): boolean {
  if (Array.isArray(value) || (isPlainObject(value) && !isPart(value))) return Object.values(value).some(isUnfinished)
  if (isOfRows(value) || isCollection(value)) return true
  return value instanceof Expr || value instanceof Grouped || isPromise(value)
}

function hintOf(value: unknown): string {
  if (value instanceof Grouped) return AFTER_GROUP_BY
  if (typeof value !== 'object') return 'Call it, or ask for rows of a data frame.'
  return 'Await what is a promise, such as that of count(). Outputs are data frames by name: ({ daily: df, total: df.agg(…) }).'
}

const AFTER_GROUP_BY = "After groupBy() comes agg({ total: sum('price') }) or count()."

function hintFor(problem: string): string {
  if (problem.startsWith('df is')) return 'Name the file behind the expression: it is df.'
  if (/groupBy\(\.{3}\)\.\w+ is not a function$/.test(problem)) return AFTER_GROUP_BY
  if (!problem.endsWith('is not a function')) {
    return 'The names of the package are in scope, df for the first input, and inputs for all.'
  }
  return methodsHint(problem.slice(0, -' is not a function'.length))
}

/** @param text a method of another name at its end */
function methodsHint(text: string): string {
  // Functions of the columns call theirs; what is in scope are data frames.
  const [kind, made] = /^\(*(?:df|inputs|read)\b/.test(text) ? ['data frames', DataFrame] : ['columns', Expr]
  const methods = methodsOf(made)
  const [, name = ''] = /\.(\w+)\W*$/.exec(text) ?? []
  const near = didYouMean(name, methods)
  return `${near ? `Did you mean ${near}()? ` : ''}Methods of ${kind}: ${methods.join(', ')}.`
}

/** Of what a class makes, those of the class above it, too. */
export function methodsOf({ prototype }: { prototype: object }): string[] {
  const { constructor: above } = Object.getPrototypeOf(prototype) as { constructor: { prototype: object } }
  const own = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  return above === Object ? own : [...methodsOf(above), ...own]
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

/** The value in a list: a promise would be awaited. */
type Evaluate = (...values: unknown[]) => Promise<[unknown]>

function compile(expression: string, names: readonly string[]): Evaluate {
  const body = (text: string) => `'use strict'; return [(\n${text}\n)]`
  try {
    return asyncFunction(...names, body(expression)) as Evaluate
  } catch {
    // It may have types.
  }
  const esbuild = require('esbuild') as typeof import('esbuild')
  const invalid = (problem: string) =>
    new RunjobError('DATASET_INVALID', {
      problem: `the query cannot be parsed: ${problem}`,
      hint: "A query is one expression, such as df.groupBy('path').count(); quote it, so that the shell leaves it alone.",
    })
  try {
    const { code } = esbuild.transformSync(`export default (\n${expression}\n)`, { loader: 'ts', logLevel: 'silent' })
    return asyncFunction(...names, body(code.replace(/^export default /, '').replace(/;\s*$/, ''))) as Evaluate
  } catch (error) {
    const { errors } = error as { errors?: { text: string; location?: { line: number; column: number } | null }[] }
    const [first] = errors ?? []
    if (!first) throw invalid((error as Error).message)
    const { location, text } = first
    throw invalid(location ? `${text} (line ${location.line - 1}, column ${location.column + 1})` : text)
  }
}

/**
 * A file as a data frame.
 *
 * @throws OPTION_INVALID, and what findInputs throws
 */
export function frameOf(path: string, cwd: string): AnyFrame {
  return frameOfKind(kindOfName(path) ?? kindOfFiles(path, filesOf(path, cwd)), path)
}

/** What a run finds under a path. @throws OPTION_INVALID for standard input */
export function filesOf(path: string, cwd: string): (FoundFile | Piped)[] {
  if (path !== '-') {
    recoverMissing(path, cwd)
    return findInputs([path], cwd, { allFiles: false, own: [], outputsIn }).files
  }
  throw new RunjobError('OPTION_INVALID', {
    name: '<input>',
    value: path,
    problem: 'standard input has no name that says what it holds',
    help: "In a query, say it: read(csv(), '-'), read(jsonl(), '-') or read.text('-'). Otherwise put it into a file.",
  })
}

export function frameOfKind(kind: InputKind, path: string): AnyFrame {
  switch (kind) {
    case 'csv':
      return read(csv(), path)
    case 'tsv':
      return read(csv({ delimiter: '\t' }), path)
    case 'jsonl':
      return read(jsonl(), path)
    case 'parquet':
      return read(parquet(), path)
    case 'avro':
      return read(avro(), path)
    case 'text':
      return read.text(path)
  }
}
