// Count words, with map and reduce in TypeScript.
import { defineJob, sum, text } from 'runjob'

export default defineJob({
  name: 'wordcount-map-reduce',
  input: text(),
  map(line, emit) {
    for (const word of line.toLowerCase().split(/\s+/)) if (word !== '') emit(word, 1)
  },
  combine: sum(),
  reduce(word, counts, emit) {
    let total = 0
    for (const count of counts) total += count
    emit(word, total)
  },
})
