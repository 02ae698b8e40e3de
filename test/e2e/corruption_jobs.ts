/** For corruption.test.ts: two steps, a combiner, and places where the process ends as `kill -9` would end it. */
import { readFileSync, rmSync } from 'node:fs'
import { defineJob, step, text } from 'runjob'

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

/** Ends the process if the marker names this place, and only the first time. */
function dieAt(place: string, marker: string): void {
  let wanted = ''
  try {
    wanted = readFileSync(marker, 'utf8')
  } catch {
    return
  }
  if (wanted !== place) return
  rmSync(marker)
  process.kill(process.pid, 'SIGKILL')
}

export default defineJob({
  name: 'two-steps',
  params: { marker: { type: 'string', required: true, describe: 'File that names the place to die at' } },
  define: ({ marker }) => ({
    input: text(),
    steps: [
      step({
        map(line: string, emit) {
          for (const word of line.split(' ')) {
            if (word === 'die') dieAt('map', marker)
            emit(word, 1)
          }
        },
        combine: (word, counts, emit) => emit(word, sum(counts)),
        reduce(word, counts, emit) {
          if (word === 'die') dieAt('first reduce', marker)
          emit(word, sum(counts))
        },
      }),
      step({
        map([word, count]: [string, number], emit) {
          emit(word.slice(0, 2), count)
        },
        reduce(prefix, counts, emit) {
          if (prefix === 'di') dieAt('second reduce', marker)
          emit(prefix, sum(counts))
        },
      }),
    ],
  }),
})
