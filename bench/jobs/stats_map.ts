// Summarise temperatures, with the map in TypeScript.
import { aggregate, count, csv, defineJob, max, mean, min, sum } from 'runjob'

export default defineJob({
  name: 'stats-map',
  input: csv({ delimiter: ';', columns: ['station', 'temp'] }),
  map(row, emit) {
    emit(row.station, Number(row.temp))
  },
  reduce: aggregate({ count: count(), sum: sum(), min: min(), mean: mean(), max: max() }),
  output: csv({ columns: ['station', 'count', 'sum', 'min', 'mean', 'max'] }),
})
