// Each line once, or each combination of values.    runjob distinct visitors.txt -o visitors
import {
  columnNames,
  csv,
  csvOptions,
  csvParams,
  defineJob,
  fields,
  type Input,
  lines,
  refuseCsvParams,
  text,
  unique,
} from 'runjob'

/** Columns of JSON lines, Parquet and Avro are those of data frames: frames/distinct.ts. */
export const isFramed = ({ by }: { by?: string }, [kind]: readonly string[]): boolean =>
  kind === 'parquet' || kind === 'avro' || (by !== undefined && kind !== 'csv')

export default defineJob({
  name: 'distinct',
  description: 'Each line once, or the different values of columns of CSV, JSON lines, Parquet or Avro; in byte order.',
  examples: ['runjob distinct visitors.txt -o visitors', 'runjob distinct sales.csv --by region,product -o products'],
  params: {
    by: { type: 'string', describe: 'The different values of these columns: a,b; names, or "#2" for the second' },
    ...csvParams,
  },
  define: ({ by, ...dialect }) => {
    const keys = by === undefined ? [] : columnNames(by, 'by')
    if (by === undefined) refuseCsvParams(dialect, 'it goes with --by: lines have no columns')
    const input: Input<unknown> = by === undefined ? text({ exact: true }) : csv(csvOptions(dialect))
    return {
      input,
      map: by === undefined ? lines() : fields({ key: keys.length > 1 ? keys : keys[0]! }),
      partition: 'range',
      reduce: unique(),
      output: by === undefined ? text() : csv(),
    }
  },
})
