/** Names of the files in and beside an output. */
import { basename, dirname, join } from 'node:path'
import type { OutputCompression, SinkFormat } from '../../plan/plan.js'
import { decoded } from '../input/folders.js'

/** Marks a folder as a finished output. */
export const SUCCESS = '_SUCCESS'
/** In an output: the skipped bad records, as JSON lines. */
export const QUARANTINE = '_quarantine.jsonl'

/** Name of a part file; group 1 is its number, by which parts are ordered: those that go on with a part of that number follow it. */
export const PART_NAME = /^part-[mr]-(\d{5,})(?:_\d{5,})?\./

/** What is wrong with the name of an output inside the output; null if nothing is. */
export function outputNameProblem(name: string): string | null {
  const quoted = JSON.stringify(name)
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) return `output name ${quoted} must be letters, digits, ".", "-" or "_"`
  return /^part-/.test(name) ? `output name ${quoted} would look like a part file` : null
}

/**
 * `part-r-00007.tsv.gz`: `m` for parts of a map, `r` of a reduce.
 *
 * @param more of the files that go on with the part, `part-r-00007_00001.tsv.gz`; 0: it begins. The sign sorts after the dot.
 */
export function partName(
  kind: 'm' | 'r',
  number: number,
  format: SinkFormat,
  compress: OutputCompression | null,
  more = 0,
): string {
  const digits = (n: number) => n.toString().padStart(5, '0')
  return `part-${kind}-${digits(number)}${more === 0 ? '' : `_${digits(more)}`}${partEnding(format, compress)}`
}

/** The ending of an output's part files: `.tsv.gz`. */
export function partEnding(format: SinkFormat, compress: OutputCompression | null): string {
  const kind = format.kind === 'text' ? 'txt' : format.kind
  return `.${kind}${compress === null ? '' : compress === 'gzip' ? '.gz' : '.zst'}`
}

/** The number of a part; -1 for any other file. */
export function partNumber(name: string): number {
  return Number(PART_NAME.exec(name)?.[1] ?? -1)
}

/** The parts among these names, in order. */
export function partsAmong(names: readonly string[]): string[] {
  return names.filter((name) => PART_NAME.test(name)).sort((a, b) => partNumber(a) - partNumber(b) || (a < b ? -1 : 1))
}

/** `year=2024`: a folder of rows with that value. Named outputs have no such names. */
export function isPartitionFolder(name: string): boolean {
  return name.indexOf('=') > 0
}

/** The column that such a folder is named after. */
export function partitionOf(name: string): string {
  return decoded(name.slice(0, name.indexOf('=')))
}

/** Beside an output that is one file: the skipped bad records. */
export function quarantinePathOf(output: string): string {
  return `${output}.quarantine.jsonl`
}

/** Beside an output that is one file: what `_SUCCESS` is to a folder. */
export function successPathOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.success`)
}

/** The inverse: `c.tsv` of `.c.tsv.success`; null for any other name. */
export function outputOfSuccess(name: string): string | null {
  return name.startsWith('.') && name.endsWith('.success') ? name.slice(1, -'.success'.length) : null
}
