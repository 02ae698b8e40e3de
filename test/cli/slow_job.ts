/** Counts lines, and takes SLOW_MS for each: long enough to be interrupted. */
import { defineJob, sum, text } from 'runjob'

const clock = new Int32Array(new SharedArrayBuffer(4))

export default defineJob({
  name: 'slow',
  input: text(),
  map: (line, emit) => {
    const slowMs = Number(process.env.SLOW_MS)
    if (slowMs > 0) Atomics.wait(clock, 0, 0, slowMs)
    emit(line, 1)
  },
  reduce: sum(),
})
