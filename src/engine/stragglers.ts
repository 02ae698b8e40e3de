/** Which running task is so much slower than the others that a second attempt may overtake it. */
import type { TaskResult, TaskSpec } from './task.js'

/** How many times the median of the finished tasks. */
const STRAGGLER_FACTOR = 2
const LOOK_INTERVAL_MS = 100

/** A task that runs, as those see it who may start a copy of it. */
export interface Watched {
  readonly task: TaskSpec
  readonly startedAt: number
  /** Of the attempt that runs now. */
  attempt: number
  /** Of the copy; a task gets no second one. */
  copyAttempt: number | null
  /** The task has its result. */
  over: boolean
  /** Resolves if the copy is done first. */
  readonly copied: Promise<TaskResult>
  copyFinished(result: TaskResult): void
}

export class Stragglers {
  readonly #running = new Set<Watched>()
  readonly #finishedMs: number[] = []
  #wake: (() => void)[] = []
  #closed = false

  watch(task: TaskSpec): Watched {
    let copyFinished: (result: TaskResult) => void = () => {}
    const copied = new Promise<TaskResult>((resolve) => {
      copyFinished = resolve
    })
    const startedAt = performance.now()
    const watched: Watched = { task, startedAt, attempt: 0, copyAttempt: null, over: false, copied, copyFinished }
    this.#running.add(watched)
    return watched
  }

  ended(watched: Watched): void {
    this.#running.delete(watched)
    this.#finishedMs.push(performance.now() - watched.startedAt)
    this.#wakeAll()
  }

  /** Waits for a task that is worth a copy; undefined once nothing runs that could become one. */
  async next(): Promise<Watched | undefined> {
    while (!this.#closed && [...this.#running].some((watched) => watched.copyAttempt === null)) {
      const straggler = this.#slowest()
      if (straggler) return straggler
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

  /** Nobody waits for another copy any more. */
  close(): void {
    this.#closed = true
    this.#wakeAll()
  }

  #slowest(): Watched | undefined {
    if (this.#finishedMs.length === 0) return undefined
    const median = this.#finishedMs.toSorted((a, b) => a - b)[this.#finishedMs.length >> 1]!
    const now = performance.now()
    return [...this.#running]
      .filter((watched) => watched.copyAttempt === null && now - watched.startedAt > STRAGGLER_FACTOR * median)
      .sort((a, b) => a.startedAt - b.startedAt)[0]
  }

  #wakeAll(): void {
    for (const wake of this.#wake) wake()
    this.#wake = []
  }
}
