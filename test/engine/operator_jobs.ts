/** Functions for the plans of operators.test.ts. */
import { defineJob, step, text } from 'runjob'

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

export const counting = defineJob({
  name: 'counting',
  input: text(),
  steps: [
    step({
      map(line: string, emit) {
        for (const word of line.split(' ')) emit(word, 1)
      },
      reduce: (word, counts, emit) => emit(word, sum(counts)),
    }),
    step({
      map([word, count]: [string, number], emit) {
        if (word === 'bad') throw new Error('no word')
        emit(word, count)
      },
      reduce: (word, counts, emit) => emit(word, sum(counts)),
    }),
  ],
})
