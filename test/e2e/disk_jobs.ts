/** Jobs for disk.test.ts. */
import { defineJob, sorted, step, sum, text } from 'runjob'

export const sortedTwice = defineJob({
  name: 'sorted-twice',
  input: text(),
  steps: [
    step({ map: (line: string, emit) => emit(line, 1), reduce: sorted() }),
    step({ map: ([line]: [string, number], emit) => emit(line.slice(1), 1), reduce: sorted() }),
  ],
})

export const summedTwice = defineJob({
  name: 'summed-twice',
  input: text(),
  steps: [
    step({ map: (line: string, emit) => emit(line, 1), reduce: sum() }),
    step({ map: ([line, n]: [string, number], emit) => emit(line.slice(1), n), reduce: sum() }),
  ],
})
