/** Notes which of the columns that aggregates read one task's values had. */
import type { ColumnSpec } from '../../plan/plan.js'
import type { ColumnUse } from '../task.js'

/** Number of values whose properties are noted. */
const SAMPLED_VALUES = 100
const MOST_PROPERTIES = 100

export class ColumnUses {
  readonly #uses: (ColumnUse & { missed: number })[]

  constructor(specs: ColumnSpec[]) {
    this.#uses = specs.map(({ name }) => ({ name, seen: false, properties: [], missed: 0 }))
  }

  see(i: number): void {
    this.#uses[i]!.seen = true
  }

  /** `value` does not have column i, or it is undefined there. */
  miss(i: number, value: object): void {
    const use = this.#uses[i]!
    if (use.seen || use.missed >= SAMPLED_VALUES) return
    use.missed++
    for (const name in value) {
      if (use.properties.length < MOST_PROPERTIES && !use.properties.includes(name)) use.properties.push(name)
    }
  }

  /** For a task's result. */
  list(): ColumnUse[] {
    return this.#uses.map(({ name, seen, properties }) => ({ name, seen, properties: seen ? [] : properties }))
  }
}
