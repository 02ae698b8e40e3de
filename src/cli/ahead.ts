/** Guesses from the command line, and the text of a module that it names, before anything is loaded, what will run. */
import { readFileSync, statSync } from 'node:fs'
import { MAX_SMALL_BYTES } from '../engine/small.js'

/** First words that are not jobs, and options with which no job runs. */
const NO_RUN = new Set(['list', 'help', 'status', 'resume', 'clean', 'schema', 'shell'])
const NO_RUN_OPTIONS = new Set(['--help', '-h', '--version', '-V', '--explain'])

/**
 * Whether a ready-made job is to run. A wrong guess costs the start of a thread and has no other effect.
 *
 * @param argv what follows the command's name
 */
export function looksLikeRun([name = '', ...rest]: readonly string[]): boolean {
  return (
    /^[a-z][a-z-]*$/.test(name) &&
    !NO_RUN.has(name) &&
    rest.length > 0 &&
    !rest.some((word) => NO_RUN_OPTIONS.has(word))
  )
}

/** What the main thread may read by itself, by the end of its name. */
const MAY_BE_SMALL = /\.(txt|log|csv|tsv|jsonl|ndjson|json)$/

/** What a small run does not do. */
const NEVER_SMALL = /join|explode|over|window|like|regexp|split|repeat|pad|udf|map|reduce/i

/** Whether the main thread will do everything (engine/small.ts), so that no thread is needed. A wrong guess costs time, and has no other effect. */
export function looksSmall(words: readonly string[]): boolean {
  const sizes = words.map(sizeOf)
  const files = words.filter((_, i) => sizes[i] !== null)
  if (files.length === 0 || !files.every((path) => MAY_BE_SMALL.test(path))) return false
  if (words.some((word, i) => sizes[i] === null && NEVER_SMALL.test(word))) return false
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) <= MAX_SMALL_BYTES
}

const MODULE = /\.[cm]?[jt]s$/
const DATASET = /\bdefineDataset\b/
/** The main thread reads none of these. */
const NEVER_READ_HERE = /parquet|avro/
/** What gives functions of the user to workers, and is not also a method of arrays. */
const FUNCTIONS = /\b(?:udf|rows|lines|mapGroups)\s*\(/

/**
 * Whether a module of data frames is to run that needs a thread without functions, by its text. A wrong guess costs the start of a thread and
 * has no other effect.
 *
 * @param argv what follows the command's name
 */
export function looksLikeFrames([path = '', ...rest]: readonly string[]): boolean {
  if (!MODULE.test(path) || rest.some((word) => NO_RUN_OPTIONS.has(word))) return false
  try {
    // What a pipe gives can be read once.
    const text = statSync(path).isFile() ? readFileSync(path, 'utf8') : ''
    return DATASET.test(text) && NEVER_READ_HERE.test(text) && !FUNCTIONS.test(text)
  } catch {
    return false
  }
}

/** null: it is no file. */
function sizeOf(path: string): number | null {
  try {
    return statSync(path).size
  } catch {
    return null
  }
}
