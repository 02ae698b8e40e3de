/** Which running task is so much slower than the others that a second attempt may overtake it. */
import { now } from '../base/now.js'
import type { TaskResult, TaskSpec } from './task.js'

/** How many times the expected duration. */
const STRAGGLER_FACTOR = 2
const LOOK_INTERVAL_MS = 100

/** A running task, as seen by lanes that may start a copy of it. */
export interface Watched {
  readonly task: TaskSpec
  readonly bytes: number
  readonly startedAt: number
  /** The current attempt. */
  attempt: number
  /** The copy's attempt; a task gets only one copy. */
  copyAttempt: number | null
  /** The task has its result. */
  over: boolean
  /** Resolves if the copy finishes first. */
  readonly copied: Promise<TaskResult>
  copyFinished(result: TaskResult): void
}

/** How long a task took, and what it read. */
export interface Finished {
  ms: number
  bytes: number
}

/**
 * The slowest task, if it has run for more than twice the expected time: the finished tasks' median time per byte, but no less than their
 * median time. So a large task among small ones is not a straggler, nor is a task of no bytes because it takes any time at all.
 */
export function findStraggler<T extends { startedAt: number; bytes: number }>(
  running: readonly T[],
  finished: readonly Finished[],
  at: number,
): T | undefined {
  if (finished.length === 0) return undefined
  const leastMs = median(finished.map(({ ms }) => ms))
  const msPerByte = median(finished.map(({ ms, bytes }) => ms / Math.max(1, bytes)))
  const lateness = ({ startedAt, bytes }: T) => (at - startedAt) / Math.max(leastMs, bytes * msPerByte)
  const [last] = running.toSorted((a, b) => lateness(b) - lateness(a))
  return last && lateness(last) > STRAGGLER_FACTOR ? last : undefined
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]!
}

export class Stragglers {
  /** Running tasks without a copy. */
  readonly #alone = new Set<Watched>()
  readonly #finished: Finished[] = []
  #wake: (() => void)[] = []
  #closed = false

  watch(task: TaskSpec): Watched {
    let copyFinished: (result: TaskResult) => void = () => {}
    const copied = new Promise<TaskResult>((resolve) => {
      copyFinished = resolve
    })
    const startedAt = now()
    const { bytes } = task
    const watched: Watched = {
      task,
      bytes,
      startedAt,
      attempt: 0,
      copyAttempt: null,
      over: false,
      copied,
      copyFinished,
    }
    this.#alone.add(watched)
    return watched
  }

  ended(watched: Watched): void {
    this.#alone.delete(watched)
    this.#finished.push({ ms: now() - watched.startedAt, bytes: watched.task.bytes })
    this.#wakeAll()
  }

  /** Waits for a task that is worth a copy, and returns it once only; undefined when no running task can become one. */
  async next(): Promise<Watched | undefined> {
    while (!this.#closed && this.#alone.size > 0) {
      const straggler = findStraggler([...this.#alone], this.#finished, now())
      if (straggler) {
        // Now, not when the copy starts, because others may wake at the same time.
        this.#alone.delete(straggler)
        return straggler
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_INTERVAL_MS)
        this.#wake.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return undefined
  }

  /** Ends the waiting for further copies. */
  close(): void {
    this.#closed = true
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wake) wake()
    this.#wake = []
  }
}
