// Count words, with the map in TypeScript.
import { defineJob, sum, text } from 'runjob'

export default defineJob({
  name: 'wordcount-map',
  input: text(),
  map(line, emit) {
    for (const word of line.toLowerCase().split(/\s+/)) if (word !== '') emit(word, 1)
  },
  reduce: sum(),
})
