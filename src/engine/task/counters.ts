/** Counters of a task; those of a bad record can be undone. */
import { addCount } from '../counts.js'
import type { Undoable } from './undoable.js'

export class Counters implements Undoable {
  // Users choose the names: an object without a prototype has no others.
  readonly #totals: Record<string, number> = Object.create(null)
  /** Of the current record; null if it cannot be undone. */
  #pending: Record<string, number> | null = null

  add(name: string, by: number): void {
    const sheet = this.#pending ?? this.#totals
    sheet[name] = addCount(name, sheet[name] ?? 0, by)
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
