// Group and summarise.        runjob stats sales.csv --by region --of amount -o stats
import {
  aggregate,
  count,
  csv,
  csvOptions,
  csvParams,
  defineJob,
  fields,
  max,
  mean,
  min,
  RunjobError,
  sum,
} from 'runjob'

export default defineJob({
  name: 'stats',
  description: 'Count, sum, min, mean and max of one column of a CSV file, grouped by another.',
  examples: [
    'runjob stats sales.csv --by region --of amount -o stats',
    "runjob stats temps.txt --delimiter ';' --columns station,temp --by station --of temp -o stats",
  ],
  params: {
    by: { type: 'string', required: true, describe: 'Column to group by: its name, or "#2" for the second' },
    of: { type: 'string', required: true, describe: 'Column of numbers; empty fields are skipped' },
    ...csvParams,
  },
  define: ({ by, of, ...dialect }) => {
    for (const [name, value] of Object.entries({ by, of })) {
      if (value === '')
        throw new RunjobError('PARAM_INVALID', { name, value, problem: 'the name of a column is expected' })
    }
    return {
      input: csv(csvOptions(dialect)),
      map: fields({ key: by }),
      reduce: aggregate({ count: count(of), sum: sum(of), min: min(of), mean: mean(of), max: max(of) }),
      output: csv(),
    }
  },
})
