/**
 * The table that native lower-casing uses beyond ASCII, made from this engine's own answers: `words` then equals
 * `line.toLowerCase().split(/\s+/)` whatever version of Unicode the engine knows.
 */
import { kernels } from './addon.js'

/** Code points in the table: no letter of a later plane has a lower case. */
const TABLE_SIZE = 0x20000

/** Flags of an entry, above its code point (native/text/lowercase.h). */
const CASED = 0x80000000
const CASE_IGNORABLE = 0x40000000
/** Lower case is more than one code point; the entry holds the first. */
const SEVERAL = 0x20000000

let ready = false

/** Gives the table to the addon, once per thread. REQUIRED before bytes are pushed to a lower-casing words mapper. */
export function ensureLowercaseTable(): void {
  if (ready) return
  kernels.setLowercaseTable(lowercaseTable())
  ready = true
}

/** Entry c: the lower case of code point c on its own, and its flags. Costs 10 to 30 milliseconds. */
export function lowercaseTable(): Uint32Array {
  const table = new Uint32Array(TABLE_SIZE)
  for (let c = 0; c < TABLE_SIZE; c++) table[c] = c

  const text = codePoints()
  for (const c of matches(text, /\p{Changes_When_Lowercased}+/gu)) {
    const lower = String.fromCodePoint(c).toLowerCase()
    const first = lower.codePointAt(0)!
    table[c] = lower.length > (first > 0xffff ? 2 : 1) ? first | SEVERAL : first
  }
  for (const c of matches(text, /\p{Cased}+/gu)) table[c]! |= CASED
  for (const c of matches(text, /\p{Case_Ignorable}+/gu)) table[c]! |= CASE_IGNORABLE
  return table
}

// All code points of the table except the surrogates, in one text: a regular expression then runs once, not for each.
const AFTER_SURROGATES = 0xd800
const AFTER_BMP = 0x10000 - 0x800

function codePoints(): string {
  const units = new Uint16Array(AFTER_BMP + 2 * (TABLE_SIZE - 0x10000))
  for (let i = 0; i < AFTER_BMP; i++) units[i] = i < AFTER_SURROGATES ? i : i + 0x800
  for (let c = 0x10000, i = AFTER_BMP; c < TABLE_SIZE; c++) {
    units[i++] = 0xd800 + ((c - 0x10000) >> 10)
    units[i++] = 0xdc00 + (c & 0x3ff)
  }
  return Buffer.from(units.buffer).toString('utf16le')
}

/** The code points in the pattern's matches. No match spans the gap of the surrogates, nor the end of the BMP. */
function* matches(text: string, pattern: RegExp): Generator<number> {
  for (const { index, 0: run } of text.matchAll(pattern)) {
    const units = index < AFTER_BMP ? 1 : 2
    const first =
      index < AFTER_SURROGATES ? index : index < AFTER_BMP ? index + 0x800 : 0x10000 + (index - AFTER_BMP) / 2
    for (let i = 0; i < run.length / units; i++) yield first + i
  }
}
