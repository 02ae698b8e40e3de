// Sort lines.                 runjob sort names.txt -o sorted
import { defineJob, lines, sorted, text, unique } from 'runjob'

export default defineJob({
  name: 'sort',
  description: 'All lines in byte order; the parts, one after another, are the answer.',
  examples: ['runjob sort names.txt -o sorted', 'runjob sort a.txt b.txt -o sorted --reverse --unique'],
  params: {
    reverse: { type: 'boolean', default: false, short: 'r', describe: 'From last to first' },
    unique: { type: 'boolean', default: false, short: 'u', describe: 'Equal lines once' },
  },
  define: (params) => ({
    input: text({ exact: true }),
    map: lines(),
    partition: 'range',
    sort: params.reverse ? 'descending' : 'ascending',
    reduce: params.unique ? unique() : sorted(),
    output: text(),
  }),
})
