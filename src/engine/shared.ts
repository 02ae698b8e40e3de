/**
 * Memory that all threads of a run see: progress of each worker and the flag that stops them. Nobody waits for an event loop.
 *
 * Layout: 4 bytes for the stop flag, 4 for the number of bad records in tasks that are done, then per worker 3 doubles: bytes read, records read, bytes spilled by its current task.
 */
const FIELDS = 3

export class SharedProgress {
  readonly buffer: SharedArrayBuffer
  readonly #flags: Int32Array
  readonly #numbers: Float64Array

  constructor(workers: number | SharedArrayBuffer) {
    this.buffer = typeof workers === 'number' ? new SharedArrayBuffer(8 + workers * FIELDS * 8) : workers
    this.#flags = new Int32Array(this.buffer, 0, 2)
    this.#numbers = new Float64Array(this.buffer, 8)
  }

  requestStop(): void {
    Atomics.store(this.#flags, 0, 1)
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#flags, 0) === 1
  }

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
