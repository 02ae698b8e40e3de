/**
 * Memory shared by all threads of a run: each worker's progress, the function it runs, and the flags that stop one or all. No thread waits
 * for another's event loop.
 *
 * Layout: two words for all (the stop flag, the number of bad records in tasks that are done), two words per worker (its stop flag, the
 * user's function that it entered last), then per worker three doubles: bytes read, records read, bytes spilled by its current task.
 */
const FIELDS = 3

/** Functions of a job that run in a worker; 0 means none. */
const ROLES = ['', 'import', 'setup', 'map', 'combine', 'reduce'] as const

export class SharedState {
  readonly buffer: SharedArrayBuffer
  readonly #flags: Int32Array
  readonly #numbers: Float64Array

  constructor(workers: number | SharedArrayBuffer) {
    this.buffer = typeof workers === 'number' ? new SharedArrayBuffer(8 + workers * 8 + workers * FIELDS * 8) : workers
    const count = (this.buffer.byteLength - 8) / (8 + FIELDS * 8)
    this.#flags = new Int32Array(this.buffer, 0, 2 + 2 * count)
    this.#numbers = new Float64Array(this.buffer, 8 + 8 * count)
  }

  /** Asks all workers to stop. */
  requestStop(): void {
    Atomics.store(this.#flags, 0, 1)
  }

  /** Asks one worker to give up its task. */
  requestStopOf(slot: number): void {
    Atomics.store(this.#flags, 2 + 2 * slot, 1)
  }

  stopRequested(slot: number): boolean {
    return Atomics.load(this.#flags, 0) === 1 || Atomics.load(this.#flags, 2 + 2 * slot) === 1
  }

  /** Call before a worker gets its next task. */
  clear(slot: number): void {
    Atomics.store(this.#flags, 2 + 2 * slot, 0)
    this.#flags[3 + 2 * slot] = 0
  }

  /** A plain store is enough for a word that is read when the worker hangs. */
  enterFunction(slot: number, role: string): void {
    this.#flags[3 + 2 * slot] = (ROLES as readonly string[]).indexOf(role)
  }

  /** The function of the job that a worker's task entered last; empty if none. */
  lastFunction(slot: number): string {
    return ROLES[this.#flags[3 + 2 * slot]!] ?? ''
  }

  /** Counts bad records of a finished task, or, as a negative number, of a forgotten one. */
  addBadRecords(count: number): void {
    Atomics.add(this.#flags, 1, count)
  }

  get badRecords(): number {
    return Atomics.load(this.#flags, 1)
  }

  set(slot: number, bytes: number, records: number, spillBytes: number): void {
    this.#numbers[slot * FIELDS] = bytes
    this.#numbers[slot * FIELDS + 1] = records
    this.#numbers[slot * FIELDS + 2] = spillBytes
  }

  totals(): { bytes: number; records: number; spillBytes: number } {
    const total = { bytes: 0, records: 0, spillBytes: 0 }
    for (let at = 0; at < this.#numbers.length; at += FIELDS) {
      total.bytes += this.#numbers[at]!
      total.records += this.#numbers[at + 1]!
      total.spillBytes += this.#numbers[at + 2]!
    }
    return total
  }
}
