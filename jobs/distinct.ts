// Each line once.             runjob distinct visitors.txt -o visitors
import { defineJob, lines, text, unique } from 'runjob'

export default defineJob({
  name: 'distinct',
  description: 'Each line once, in byte order.',
  examples: ['runjob distinct visitors.txt -o visitors'],
  input: text({ exact: true }),
  map: lines(),
  partition: 'range',
  reduce: unique(),
  output: text(),
})
