/** Numbers short texts in the order in which they first come. For words a Map takes two to three times as long. */

/** Up to this length a loop over charCodeAt beats a call into the runtime. */
export const LONGEST_TEXT = 48
/** Of a slot: the hash, and where in the units the text is. */
const SLOT = 2
/** Before the units of a text: the low and the high half of its number, and its length. One line of the cache has all that is compared. */
const HEAD = 3
const FIRST_UNITS = 1 << 14

export class TextTable {
  /** Twice as many as texts; a text is at the place that its hash says, or after it. */
  readonly #slots: Int32Array
  readonly #mask: number
  /** UTF-16, as JavaScript has it. */
  #units = new Uint16Array(FIRST_UNITS)
  /** Where the next text goes. */
  #end = HEAD
  #size = 0

  /** @param most so many texts fit; a power of two */
  constructor(most: number) {
    this.#mask = 2 * most - 1
    this.#slots = new Int32Array(SLOT * 2 * most)
  }

  /**
   * Its number; that of a new text is how many there were before.
   *
   * REQUIRES: fewer than `most` are in the table, and text.length <= LONGEST_TEXT.
   */
  numberOf(text: string): number {
    const start = this.#end
    const { length } = text
    if (start + LONGEST_TEXT > this.#units.length) this.#grow()
    const units = this.#units
    // Source: G. Fowler, L. C. Noll, P. Vo, FNV-1a, over units instead of bytes.
    let hash = 0x811c9dc5
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      units[start + i] = unit
      hash = Math.imul(hash ^ unit, 0x01000193)
    }
    // Its low bits depend on low bits alone.
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    hash ^= hash >>> 13
    const slots = this.#slots
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const known = slots[SLOT * slot + 1]!
      if (known === 0) {
        slots[SLOT * slot] = hash
        slots[SLOT * slot + 1] = start
        return this.#add(start, length)
      }
      if (slots[SLOT * slot] !== hash || units[known - 1] !== length) continue
      let i = 0
      while (i < length && units[known + i] === units[start + i]) i++
      if (i === length) return units[known - 3]! | (units[known - 2]! << 16)
    }
  }

  #add(start: number, length: number): number {
    const number = this.#size++
    this.#units[start - 3] = number
    this.#units[start - 2] = number >>> 16
    this.#units[start - 1] = length
    this.#end = start + length + HEAD
    return number
  }

  #grow(): void {
    const grown = new Uint16Array(2 * this.#units.length)
    grown.set(this.#units)
    this.#units = grown
  }

  clear(): void {
    this.#slots.fill(0)
    this.#end = HEAD
    this.#size = 0
  }
}
