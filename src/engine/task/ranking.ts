/** The records with the largest numbers among those that functions emit; native code has its own ranking (native/operator/operators.h). */
import { bySize, type TopRecord } from '../top.js'

export class Ranking {
  readonly #size: number
  #records: TopRecord[] = []
  /** Smaller numbers are not among them. */
  #floor = Number.NEGATIVE_INFINITY
  #mark = 0

  constructor(size: number) {
    this.#size = size
  }

  add(key: string, number: unknown): void {
    if (typeof number === 'number' && number >= this.#floor) this.#records.push({ key, number })
  }

  /** Records added from here on may be undone. */
  mark(): void {
    this.#mark = this.#records.length
  }

  takeBack(): void {
    this.#records.length = this.#mark
  }

  /** Call it from time to time, when no record can be undone. */
  settle(): void {
    if (this.#records.length > 2 * this.#size + 1024) this.#cut()
  }

  records(): TopRecord[] {
    this.#cut()
    return this.#records
  }

  #cut(): void {
    this.#records.sort(bySize)
    if (this.#records.length > this.#size) this.#records.length = this.#size
    if (this.#records.length === this.#size) this.#floor = this.#records.at(-1)?.number ?? this.#floor
  }
}
