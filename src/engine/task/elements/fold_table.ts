/** Values of equal keys folded before they cross an exchange: fewer cross it. */
import { encodeAny } from '../../../plan/any.js'
import type { Fold } from './folds.js'
import { LONGEST_TEXT, TextTable } from './text_table.js'

/**
 * When the table is emptied. By what is in it alone, so that what is folded with what follows from the input: even sums of doubles do not depend on
 * workers or memory.
 */
const MOST_KEYS = 65_536
/** Of those that are objects, or whose first value is an object or a text: they may take much memory. */
const MOST_LARGE = 8192
const MOST_KEY_UNITS = 1 << 20
/** A number, or the like. */
const SMALL_KEY_UNITS = 8

/** Of V8: shorter texts are copied. */
const SHORTEST_SLICE = 13

/** The same text by itself: a slice keeps all that it is cut out of, such as a block of lines. */
function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : ` ${text}`.slice(1)
}

export class FoldTable {
  readonly #fold: Fold
  readonly #emit: (key: unknown, folded: unknown) => void
  /** Numbers of short texts. */
  readonly #texts = new TextTable(MOST_KEYS)
  /** By their numbers: the texts, and what their values have become. */
  #keys: string[] = []
  #folded: unknown[] = []
  /** Other keys that Map compares as bytes do. */
  readonly #plain = new Map<unknown, unknown>()
  /** Others, by their bytes. */
  readonly #others = new Map<string, [key: unknown, folded: unknown]>()
  #large = 0
  #units = 0

  /** @param emit gets each key with what its values have become, maybe several times */
  constructor(fold: Fold, emit: (key: unknown, folded: unknown) => void) {
    this.#fold = fold
    this.#emit = emit
  }

  add(key: unknown, value: unknown): void {
    if (typeof key === 'string' && key.length <= LONGEST_TEXT) this.#addText(key, value)
    else if (typeof key === 'object' && key !== null) this.#addOther(key, value)
    else this.#addPlain(key, value)
  }

  #addText(key: string, value: unknown): void {
    const folded = this.#folded
    const known = folded.length
    const number = this.#texts.numberOf(key)
    if (number < known) {
      folded[number] = this.#fold.add(folded[number], value)
      return
    }
    const first = this.#fold.first(value)
    this.#keys.push(ownText(key))
    folded.push(first)
    this.#grown(key.length, first)
  }

  #addPlain(key: unknown, value: unknown): void {
    const folded = this.#plain.get(key)
    if (folded !== undefined) {
      this.#plain.set(key, this.#fold.add(folded, value))
      return
    }
    const first = this.#fold.first(value)
    this.#plain.set(typeof key === 'string' ? ownText(key) : key, first)
    this.#grown(typeof key === 'string' ? key.length : SMALL_KEY_UNITS, first)
  }

  #addOther(key: object, value: unknown): void {
    const bytes = encodeAny(key, 'key', 'key')
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const known = this.#others.get(name)
    if (known) known[1] = this.#fold.add(known[1], value)
    else {
      const first = this.#fold.first(value)
      this.#others.set(name, [key, first])
      this.#large++
      this.#grown(name.length, first)
    }
  }

  /** By a key. */
  #grown(units: number, folded: unknown): void {
    this.#units += units
    if (typeof folded === 'object' || typeof folded === 'string') this.#large++
    const keys = this.#keys.length + this.#plain.size + this.#others.size
    if (keys >= MOST_KEYS || this.#large >= MOST_LARGE || this.#units >= MOST_KEY_UNITS) this.flush()
  }

  flush(): void {
    for (let i = 0; i < this.#keys.length; i++) this.#emit(this.#keys[i], this.#folded[i])
    for (const [key, folded] of this.#plain) this.#emit(key, folded)
    for (const [key, folded] of this.#others.values()) this.#emit(key, folded)
    this.#texts.clear()
    this.#keys = []
    this.#folded = []
    this.#plain.clear()
    this.#others.clear()
    this.#large = 0
    this.#units = 0
  }
}
