/** Values of equal keys folded before they cross an exchange: fewer cross it. */
import { encodeAny } from '../../../plan/any.js'
import type { Fold } from './folds.js'

/**
 * When the table is emptied. By what is in it alone, so that what is folded with what follows from the input: even sums of doubles do not depend on
 * workers or memory.
 */
const MOST_KEYS = 8192
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
  /** Keys that Map compares as bytes do. */
  readonly #plain = new Map<unknown, unknown>()
  /** Others, by their bytes. */
  readonly #others = new Map<string, [key: unknown, folded: unknown]>()
  #units = 0

  /** @param emit gets each key with what its values have become, maybe several times */
  constructor(fold: Fold, emit: (key: unknown, folded: unknown) => void) {
    this.#fold = fold
    this.#emit = emit
  }

  add(key: unknown, value: unknown): void {
    if (typeof key === 'object' && key !== null) this.#addOther(key, value)
    else {
      const folded = this.#plain.get(key)
      if (folded !== undefined) {
        this.#plain.set(key, this.#fold.add(folded, value))
        return
      }
      this.#plain.set(typeof key === 'string' ? ownText(key) : key, this.#fold.first(value))
      this.#units += typeof key === 'string' ? key.length : SMALL_KEY_UNITS
    }
    if (this.#plain.size + this.#others.size >= MOST_KEYS || this.#units >= MOST_KEY_UNITS) this.flush()
  }

  #addOther(key: object, value: unknown): void {
    const bytes = encodeAny(key, 'key', 'key')
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const known = this.#others.get(name)
    if (known) known[1] = this.#fold.add(known[1], value)
    else {
      this.#others.set(name, [key, this.#fold.first(value)])
      this.#units += name.length
    }
  }

  flush(): void {
    for (const [key, folded] of this.#plain) this.#emit(key, folded)
    for (const [key, folded] of this.#others.values()) this.#emit(key, folded)
    this.#plain.clear()
    this.#others.clear()
    this.#units = 0
  }
}
