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
  RunjobError,
  sum,
} from 'runjob'

/** Medians and percentiles, and tables with types, are for data frames: frames/stats.ts. */
export const isFramed = (params: { median?: boolean; percentiles?: string }, [kind]: readonly string[]): boolean =>
  kind !== 'csv' || params.median === true || params.percentiles !== undefined

const numbersOf = (column: string) => ({
  count: count(column),
  sum: sum(column),
  min: min(column),
  mean: mean(column),
  max: max(column),
})

export default defineJob({
  name: 'stats',
  description:
    'Count, sum, min, mean and max of columns of CSV, JSON lines, Parquet or Avro, grouped by others; and percentiles.',
  examples: [
    'runjob stats sales.csv --by region --of amount -o stats',
    'runjob stats sales.csv --by region,product --of amount,discount -o stats',
    'runjob stats requests.parquet --by path --of ms --median --percentiles 90,99 -o stats',
    "runjob stats temps.txt --delimiter ';' --columns station,temp --by station --of temp -o stats",
  ],
  params: {
    by: { type: 'string', required: true, describe: 'Columns to group by: a,b; names, or "#2" for the second' },
    of: { type: 'string', required: true, describe: 'Columns of numbers: a,b; empty fields are skipped' },
    median: { type: 'boolean', default: false, describe: 'The median, too' },
    percentiles: { type: 'string', describe: 'Percentiles as well, such as 90,99.9' },
    ...csvParams,
  },
  define: ({ by, of, median, percentiles, ...dialect }) => {
    for (const [name, value] of Object.entries({ median: median || undefined, percentiles })) {
      const problem = 'only the ready-made job has it'
      if (value !== undefined) throw new RunjobError('PARAM_INVALID', { name, value, problem })
    }
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
