/**
 * Memory that all threads of a run see: progress of each worker and the flag that stops them. Nobody waits for an event loop.
 *
 * Layout: 8 bytes for the stop flag, then per worker 3 doubles: bytes read, records read, bytes spilled by its current task.
 */
const FIELDS = 3

export class SharedProgress {
  readonly buffer: SharedArrayBuffer
  readonly #stop: Int32Array
  readonly #numbers: Float64Array

  constructor(workers: number | SharedArrayBuffer) {
    this.buffer = typeof workers === 'number' ? new SharedArrayBuffer(8 + workers * FIELDS * 8) : workers
    this.#stop = new Int32Array(this.buffer, 0, 1)
    this.#numbers = new Float64Array(this.buffer, 8)
  }

  requestStop(): void {
    Atomics.store(this.#stop, 0, 1)
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#stop, 0) === 1
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
