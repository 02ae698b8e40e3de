// Group and summarise.        runjob stats sales.csv --by region --of amount -o stats
import {
  aggregate,
  columnNames,
  count,
  csv,
  csvOptions,
  csvParams,
  defineJob,
  fields,
  max,
  mean,
  min,
  sum,
} from 'runjob'

const numbersOf = (column: string) => ({
  count: count(column),
  sum: sum(column),
  min: min(column),
  mean: mean(column),
  max: max(column),
})

export default defineJob({
  name: 'stats',
  description: 'Count, sum, min, mean and max of columns of a CSV file, grouped by others.',
  examples: [
    'runjob stats sales.csv --by region --of amount -o stats',
    'runjob stats sales.csv --by region,product --of amount,discount -o stats',
    "runjob stats temps.txt --delimiter ';' --columns station,temp --by station --of temp -o stats",
  ],
  params: {
    by: { type: 'string', required: true, describe: 'Columns to group by: a,b; names, or "#2" for the second' },
    of: { type: 'string', required: true, describe: 'Columns of numbers: a,b; empty fields are skipped' },
    ...csvParams,
  },
  define: ({ by, of, ...dialect }) => {
    const keys = columnNames(by, 'by')
    const columns = columnNames(of, 'of')
    // Of one column, the answers need no other names.
    const answers = columns.flatMap((column) =>
      Object.entries(numbersOf(column)).map(([name, one]) => [columns.length > 1 ? `${column}_${name}` : name, one]),
    )
    return {
      input: csv(csvOptions(dialect)),
      map: fields({ key: keys.length > 1 ? keys : keys[0]! }),
      reduce: aggregate(Object.fromEntries(answers)),
      output: csv(),
    }
  },
})
