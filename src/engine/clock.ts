/**
 * Where a task's time goes. Kinds nest and are exclusive: while one is entered inside another, only the inner one runs, so that they
 * add up to the task's time.
 */
export const WORK_KINDS = ['read', 'map', 'collect', 'spill', 'merge', 'reduce', 'write', 'other'] as const

/**
 * - `read`: waiting for input bytes
 * - `map`: native operators (tokenise and aggregate are one loop), or decoding records and the user's map
 * - `collect`: adding a user's records to the collector
 * - `spill`: sorting, combining and writing runs
 * - `merge`: reading runs, merging, native aggregates, formatting (one loop)
 * - `reduce`: the user's reduce
 * - `write`: part files
 */
export type WorkKind = (typeof WORK_KINDS)[number]

export type WorkTimes = Record<WorkKind, number>

export class TaskClock {
  readonly #times = Object.fromEntries(WORK_KINDS.map((kind) => [kind, 0])) as WorkTimes
  readonly #stack: WorkKind[] = ['other']
  #since = performance.now()

  /** Runs `work` on the time of `kind`. */
  time<T>(kind: WorkKind, work: () => T): T {
    this.#switch()
    this.#stack.push(kind)
    try {
      return work()
    } finally {
      this.#switch()
      this.#stack.pop()
    }
  }

  /** The same for work that is awaited. */
  async timeAsync<T>(kind: WorkKind, work: () => Promise<T>): Promise<T> {
    this.#switch()
    this.#stack.push(kind)
    try {
      return await work()
    } finally {
      this.#switch()
      this.#stack.pop()
    }
  }

  /** Milliseconds by kind so far. */
  times(): WorkTimes {
    this.#switch()
    return { ...this.#times }
  }

  #switch(): void {
    const now = performance.now()
    this.#times[this.#stack.at(-1)!] += now - this.#since
    this.#since = now
  }
}
