/** Types of JSON, by Spark's rules. */
import { RunjobError, toRunjobError } from '../../../base/errors.js'
import type { Column, DecimalType, Type } from '../../../plan/type.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { jsonLineParser } from '../json_lines.js'
import { conflict } from '../parquet/unite.js'
import { readSample } from './sample.js'

const NEWLINE = 10
const MAX_PRECISION = 38
const LONGEST = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

/** What the values seen so far have in common; `null`: none but null was seen. */
type Guess =
  | 'null'
  | 'boolean'
  | 'long'
  | 'double'
  | 'string'
  /** Whole numbers beyond a long. */
  | { kind: 'whole'; precision: number }
  | { kind: 'list'; element: Guess }
  | { kind: 'struct'; fields: Map<string, Guess> }

/** The beginnings of all files together have about so many bytes, but each as many as a line may have. */
const ALL_SAMPLES_BYTES = 64 << 20
const LEAST_SAMPLE_BYTES = 64 << 10

/**
 * The columns of all files by name, in the order in which they come first.
 *
 * @throws SCHEMA_CONFLICT with the names of two files, if no type but text holds what both have; JSONL_BAD_RECORD if a file has no object
 */
export async function guessJsonColumns(files: readonly InputFile[]): Promise<Column[]> {
  const sampleBytes = Math.max(LEAST_SAMPLE_BYTES, Math.floor(ALL_SAMPLES_BYTES / files.length))
  const all = new Map<string, { guess: Guess; from: string }>()
  for (const file of files) {
    const from = nameOf(file)
    for (const [name, guess] of await guessOfFile(file, sampleBytes)) {
      const known = all.get(name)
      const wider = known ? both(known.guess, guess) : guess
      if (known && losesType(known.guess, guess, wider)) {
        throw conflict(name, known.from, typeOf(known.guess), from, typeOf(guess))
      }
      all.set(name, { guess: wider, from: known && known.guess !== 'null' ? known.from : from })
    }
  }
  return fieldsOf(new Map([...all].map(([name, { guess }]) => [name, guess])))
}

/** Whether values that are no text became text, because the files have others. */
function losesType(a: Guess, b: Guess, wider: Guess): boolean {
  if (a === 'null' || b === 'null') return false
  if (wider === 'string') return a !== 'string' || b !== 'string'
  if (typeof a !== 'object' || typeof b !== 'object' || typeof wider !== 'object') return false
  if (a.kind === 'list' && b.kind === 'list' && wider.kind === 'list') {
    return losesType(a.element, b.element, wider.element)
  }
  if (a.kind !== 'struct' || b.kind !== 'struct' || wider.kind !== 'struct') return false
  return [...a.fields].some(([name, field]) => {
    const other = b.fields.get(name)
    return other !== undefined && losesType(field, other, wider.fields.get(name)!)
  })
}

async function guessOfFile(file: InputFile, sampleBytes: number): Promise<Map<string, Guess>> {
  const { bytes, isAll } = await readSample(file, sampleBytes)
  const text = bytes.subarray(0, isAll ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1).toString()
  const fields = new Map<string, Guess>()
  let problem: RunjobError | null = null
  let objects = 0
  for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
    if (line.trim() === '') continue
    try {
      const value = parse(line)
      if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberText)
        throw new RunjobError('JSONL_BAD_RECORD', { detail: 'a row must be an object, and this is another value' })
      addFields(fields, value as Record<string, unknown>)
      objects++
    } catch (error) {
      // Those who read the line report it.
      problem ??= toRunjobError(error)
    }
  }
  if (objects === 0 && problem) throw problem.withWhere({ file: nameOf(file) })
  return fields
}

/** A number as it is written. */
class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Strings and numbers in a line of JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g
/** No real string begins with this. */
const NUMBER_MARK = `\u0000number ${Math.random()} `
const check = jsonLineParser('number')

/** @throws JSONL_BAD_RECORD */
function parse(line: string): unknown {
  try {
    JSON.parse(line)
  } catch {
    // With the message that readers of JSON lines have.
    check(line)
  }
  const marked = line.replace(TOKEN, (token) => (token.startsWith('"') ? token : JSON.stringify(NUMBER_MARK + token)))
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(NUMBER_MARK)
      ? new NumberText(value.slice(NUMBER_MARK.length))
      : value,
  )
}

function addFields(fields: Map<string, Guess>, value: Record<string, unknown>): void {
  for (const [name, field] of Object.entries(value)) fields.set(name, both(fields.get(name) ?? 'null', guessOf(field)))
}

function guessOf(value: unknown): Guess {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'string') return 'string'
  if (value instanceof NumberText) return numberGuess(value.text)
  if (Array.isArray(value)) return { kind: 'list', element: value.map(guessOf).reduce(both, 'null') }
  const fields = new Map<string, Guess>()
  addFields(fields, value as Record<string, unknown>)
  return { kind: 'struct', fields }
}

function numberGuess(text: string): Guess {
  if (/[.eE]/.test(text)) return 'double'
  const whole = BigInt(text)
  if (whole >= LONGEST.min && whole <= LONGEST.max) return 'long'
  const precision = text.replace('-', '').length
  return precision <= MAX_PRECISION ? { kind: 'whole', precision } : 'double'
}

/** What holds the values of both. */
function both(a: Guess, b: Guess): Guess {
  if (a === 'null') return b
  if (b === 'null' || a === b) return a
  const numbers = [a, b].map((one) => (one === 'long' ? { kind: 'whole' as const, precision: 20 } : one))
  const [x, y] = numbers as [Guess, Guess]
  if (typeof x === 'object' && typeof y === 'object') {
    if (x.kind === 'whole' && y.kind === 'whole')
      return { kind: 'whole', precision: Math.max(x.precision, y.precision) }
    if (x.kind === 'list' && y.kind === 'list') return { kind: 'list', element: both(x.element, y.element) }
    if (x.kind === 'struct' && y.kind === 'struct') {
      const fields = new Map(x.fields)
      for (const [name, guess] of y.fields) fields.set(name, both(fields.get(name) ?? 'null', guess))
      return { kind: 'struct', fields }
    }
  }
  return isNumber(a) && isNumber(b) ? 'double' : 'string'
}

function isNumber(guess: Guess): boolean {
  return guess === 'long' || guess === 'double' || (typeof guess === 'object' && guess.kind === 'whole')
}

function typeOf(guess: Guess): Type {
  if (typeof guess === 'string') return guess === 'null' ? 'string' : guess
  switch (guess.kind) {
    case 'whole':
      return { type: 'decimal', precision: guess.precision, scale: 0 } satisfies DecimalType
    case 'list':
      return { type: 'array', element: typeOf(guess.element), containsNull: true }
    case 'struct':
      // A struct has a field: `{}` is read as its text.
      return guess.fields.size === 0 ? 'string' : { type: 'struct', fields: fieldsOf(guess.fields) }
  }
}

function fieldsOf(fields: ReadonlyMap<string, Guess>): Column[] {
  return [...fields].map(([name, guess]) => ({ name, type: typeOf(guess), nullable: true }))
}
