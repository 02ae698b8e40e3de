/** How a file's decompressed bytes become lines of UTF-8: by the job's options, or by the first bytes. */
import { RunjobError } from '../../base/errors.js'
import type { Format } from '../../plan/plan.js'
import { type Compression, HEAD_BYTES, looksLikeUtf8, refuseForeign } from './content.js'
import { holdsOneArray } from './json_array.js'

/** What the input's format says about its text. */
export interface TextRules {
  /** Lines keep the carriage returns before their line feeds, and the byte-order mark. */
  exact: boolean
  /** A label of TextDecoder; null: by the bytes. */
  encoding: string | null
  /** For JSON: whether a file is one array; null: by the bytes. For other formats: false. */
  array: boolean | null
  /** Line feeds inside quotes do not end a line. */
  csv: { delimiter: string; quote: string } | null
}

export interface TextForm {
  /** A label of TextDecoder; null: UTF-8, unchanged. */
  encoding: string | null
  /** Single carriage returns end lines. */
  carriageReturns: boolean
  /** The file is one JSON array, whose elements are the records. */
  array: boolean
  /** The first bytes are not valid in the encoding; for UTF-8, only if no one said that they are. */
  isForeign: boolean
}

/** The form of nearly all files. One object, because messages to workers hold each object once. */
const PLAIN: TextForm = { encoding: null, carriageReturns: false, array: false, isForeign: false }

/** The most first bytes that are needed: how lines end cannot be seen before the first one ends. */
export const SAMPLE_BYTES = 64 << 10

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const QUICK_LOOK_BYTES = HEAD_BYTES

/** Any bytes. */
const NO_TEXT: TextRules = { exact: true, encoding: 'utf-8', array: false, csv: null }

/** Whether files are lines of text. */
export function isOfText(format: Format): format is Exclude<Format, { kind: 'parquet' | 'avro' }> {
  return format.kind !== 'parquet' && format.kind !== 'avro'
}

export function textRules(format: Format): TextRules {
  if (!isOfText(format)) return NO_TEXT
  return {
    exact: format.kind === 'text' && format.exact,
    encoding: format.encoding,
    array: format.kind === 'jsonl' ? format.array : false,
    csv: format.kind === 'csv' && format.quote !== null ? { delimiter: format.delimiter, quote: format.quote } : null,
  }
}

/** Whether lines are any bytes between line feeds: exact lines with an explicit encoding of UTF-8. */
export function takesBytes({ exact, encoding }: TextRules): boolean {
  return exact && encoding !== null && new TextDecoder(encoding).encoding === 'utf-8'
}

/** Whether TextDecoder knows a label. */
export function isEncoding(label: unknown): boolean {
  try {
    new TextDecoder(label as string)
    return typeof label === 'string'
  } catch {
    return false
  }
}

/** @throws OPTION_INVALID */
export function checkEncoding(label: string, name: string): void {
  if (!isEncoding(label)) {
    throw new RunjobError('OPTION_INVALID', {
      name,
      value: label,
      problem: 'this encoding is unknown: use one such as latin1, utf-16le, shift_jis, gb18030 or euc-kr',
      help: 'Every label of the Encoding Standard works: https://encoding.spec.whatwg.org/#names-and-labels',
    })
  }
}

/**
 * @param head the first bytes, decompressed: HEAD_BYTES, or all of the file
 * @param more returns more of them: SAMPLE_BYTES, or all of the file
 * @throws INPUT_COMPRESSED, INPUT_BINARY, TEXT_ENCODING
 */
export function textForm(
  path: string,
  head: Uint8Array,
  more: () => Uint8Array,
  rules: TextRules,
  compression: Compression,
): TextForm {
  if (takesBytes(rules)) return PLAIN
  const encoding = encodingOf(path, head, rules, compression)
  // A quick check, which is enough for most files.
  const isAll = head.length < QUICK_LOOK_BYTES
  const needsMore = encoding !== null || (!isAll && (!head.includes(NEWLINE) || mayBeArray(head, rules)))
  let sample = needsMore ? more() : head
  const isCut = needsMore && sample.length >= SAMPLE_BYTES
  let isForeign = encoding === null && rules.encoding === null && !looksLikeUtf8(head)
  if (encoding !== null) {
    // As a stream, so that a character cut at the sample's end is not an error.
    const text = new TextDecoder(encoding).decode(sample, { stream: isCut })
    isForeign = text.includes('\u{fffd}')
    sample = Buffer.from(text)
  }
  const carriageReturns = endsInCarriageReturns(sample, isCut, rules)
  const array = mayBeArray(sample, rules) && (rules.array ?? holdsOneArray(sample, isCut))
  if (encoding === null && !carriageReturns && !array && !isForeign) return PLAIN
  return { encoding, carriageReturns, array, isForeign }
}

/** The encoding to decode; null for UTF-8. A byte-order mark takes precedence over the given encoding, as in browsers. */
function encodingOf(path: string, head: Uint8Array, rules: TextRules, compression: Compression): string | null {
  const [b0, b1, b2, b3] = head
  if (b0 === 0xff && b1 === 0xfe && b2 === 0 && b3 === 0 && head.length % 4 === 0) throw unknown(path, 'UTF-32')
  if (b0 === 0 && b1 === 0 && b2 === 0xfe && b3 === 0xff) throw unknown(path, 'UTF-32')
  if (b0 === 0xff && b1 === 0xfe) return 'utf-16le'
  if (b0 === 0xfe && b1 === 0xff) return 'utf-16be'
  if (b0 === 0xef && b1 === 0xbb && b2 === 0xbf) return null
  if (rules.encoding !== null) {
    const { encoding } = new TextDecoder(rules.encoding)
    return encoding === 'utf-8' ? null : encoding
  }
  refuseForeign(path, head, compression)
  const guess = guessWide(head)
  if (guess === null) return null
  if (guess === 'UTF-32') throw unknown(path, guess)
  throw new RunjobError('TEXT_ENCODING', { path, what: guess, label: guess.toLowerCase() }, { where: { file: path } })
}

function unknown(path: string, what: string): RunjobError {
  return new RunjobError('TEXT_ENCODING', { path, what, label: null }, { where: { file: path } })
}

/** Text with two or four bytes per character has zeros at every second place, or at three of four, and never at the others. */
function guessWide(head: Uint8Array): 'UTF-16LE' | 'UTF-16BE' | 'UTF-32' | null {
  if (!head.includes(0)) return null
  const zeros = [0, 0, 0, 0]
  for (let at = 0; at < head.length; at++) if (head[at] === 0) zeros[at % 4]!++
  const [z0, z1, z2, z3] = zeros as [number, number, number, number]
  if (head.length < 4) return null
  if (z0 + z2 === 0 && isWide(head, 1, z1 + z3)) return 'UTF-16LE'
  if (z1 + z3 === 0 && isWide(head, 0, z0 + z2)) return 'UTF-16BE'
  const quads = Math.floor(head.length / 4)
  const isNearlyAll = (count: number) => count * 10 >= quads * 9
  if (z0 === 0 && isNearlyAll(z2) && isNearlyAll(z3)) return 'UTF-32'
  if (z3 === 0 && isNearlyAll(z0) && isNearlyAll(z1)) return 'UTF-32'
  return null
}

/**
 * In Latin script most characters have a zero; in other scripts blanks and line ends have one, and nearly all upper bytes are the same. A
 * line feed among the upper bytes means a short file of single bytes, some of them zero, whose line ends happen to be there.
 */
function isWide(head: Uint8Array, from: number, zeros: number): boolean {
  const units = Math.floor(head.length / 2)
  const isLatin = zeros * 2 >= units
  if (!isLatin && (zeros * 12 < units || units < 16)) return false
  const upper = new Set<number>()
  for (let at = from; at < head.length; at += 2) upper.add(head[at]!)
  if (isLatin) return !upper.has(NEWLINE)
  return upper.size <= 4
}

/**
 * Whether the lines of a text end in single carriage returns: there are some, and no line feed ends a line. In CSV a line feed may be
 * inside quotes, as spreadsheets write it.
 */
function endsInCarriageReturns(sample: Uint8Array, isCut: boolean, { csv }: TextRules): boolean {
  const first = sample.indexOf(CARRIAGE_RETURN)
  // If the sample ends with a carriage return, a line feed may follow.
  if (first < 0 || sample[first + 1] === NEWLINE) return false
  if (first === sample.length - 1 && isCut) return false
  if (!csv) return !sample.includes(NEWLINE)
  if (!sample.includes(NEWLINE)) return true
  const quote = csv.quote.charCodeAt(0)
  const delimiter = csv.delimiter.charCodeAt(0)
  let isQuoted = false
  let before = NEWLINE
  for (const byte of sample) {
    if (isQuoted) isQuoted = byte !== quote
    else if (byte === NEWLINE) return false
    else if (byte === quote) {
      // The second of two doubled quotes reopens the field.
      isQuoted = before === quote || before === delimiter || before === CARRIAGE_RETURN || before === NEWLINE
    }
    before = byte
  }
  return true
}

function mayBeArray(sample: Uint8Array, { array }: TextRules): boolean {
  if (array === false) return false
  if (array === true) return true
  let at = sample[0] === 0xef ? 3 : 0
  while (at < sample.length && isBlank(sample[at]!)) at++
  return sample[at] === 0x5b || (at === sample.length && at > 0)
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13)
}
