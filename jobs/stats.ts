// Group and summarise.        runjob stats sales.csv --by region --of amount -o stats
import { aggregate, count, csv, defineJob, fields, max, mean, min, sum } from 'runjob'

export default defineJob({
  name: 'stats',
  description: 'Count, sum, min, mean and max of one column of a CSV file, grouped by another.',
  examples: [
    'runjob stats sales.csv --by region --of amount -o stats',
    "runjob stats temps.txt --delimiter ';' --columns station,temp --by station --of temp -o stats",
  ],
  params: {
    by: { type: 'string', required: true, describe: 'Column to group by' },
    of: { type: 'string', required: true, describe: 'Column of numbers; empty fields are left out' },
    columns: { type: 'string', describe: 'Names of the columns, for a file without a header row: a,b,c' },
    header: {
      type: 'boolean',
      default: false,
      describe: 'Take the names from the first row (the default without --columns)',
    },
    delimiter: { type: 'string', default: ',', describe: 'What stands between fields' },
  },
  define: ({ by, of, columns, header, delimiter }) => ({
    input: columns === undefined ? csv({ delimiter }) : csv({ delimiter, header, columns: columns.split(',') }),
    map: fields({ key: by }),
    reduce: aggregate({ count: count(of), sum: sum(of), min: min(of), mean: mean(of), max: max(of) }),
    output: csv(),
  }),
})
