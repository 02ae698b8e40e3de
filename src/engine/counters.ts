/** Counters of a task; those of a record that turns out to be bad can be taken back. */
import type { Undoable } from './record_guard.js'

export class Counters implements Undoable {
  // Names are the user's: an object without a prototype has no others.
  readonly #totals: Record<string, number> = Object.create(null)
  /** Of the record at hand; null outside of records that may be taken back. */
  #pending: Record<string, number> | null = null

  add(name: string, by: number): void {
    const sheet = this.#pending ?? this.#totals
    sheet[name] = (sheet[name] ?? 0) + by
  }

  beginRecord(): void {
    this.#pending = Object.create(null)
  }

  keepRecord(): void {
    const pending = this.#pending
    this.#pending = null
    for (const name in pending) this.add(name, pending[name]!)
  }

  dropRecord(): void {
    this.#pending = null
  }

  totals(): Record<string, number> {
    return this.#totals
  }
}
