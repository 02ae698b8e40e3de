import { now } from '../../base/now.js'
import { WORK_KINDS, type WorkKind, type WorkTimes } from '../work_times.js'

/**
 * Measures where a task's time goes. Kinds nest and are exclusive: inside a nested kind only the inner clock runs, so that all kinds add up
 * to the task's time.
 */
export class TaskClock {
  readonly #times = Object.fromEntries(WORK_KINDS.map((kind) => [kind, 0])) as WorkTimes
  readonly #stack: WorkKind[] = ['other']
  #since = now()

  /** Runs `work` and adds its time to `kind`. */
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

  /** The same for async work. */
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
    const at = now()
    this.#times[this.#stack.at(-1)!] += at - this.#since
    this.#since = at
  }
}
