/** Fails on the line "bad". */
import { defineJob, sum, text } from 'runjob'

export default defineJob({
  name: 'throwing',
  input: text(),
  map: (line, emit) => {
    if (line === 'bad') throw new TypeError('this line is bad')
    emit(line, 1)
  },
  reduce: sum(),
})
