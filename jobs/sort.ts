// Sort lines, or rows.        runjob sort names.txt -o sorted
import { csvParams, defineJob, lines, RunjobError, refuseCsvParams, sorted, text, unique } from 'runjob'

/** By columns, and of Parquet and Avro, rows are sorted by data frames: frames/sort.ts. */
export const isFramed = ({ by }: { by?: string }, [kind]: readonly string[]): boolean =>
  by !== undefined || kind === 'parquet' || kind === 'avro'

export default defineJob({
  name: 'sort',
  description:
    'All lines in byte order, or rows of CSV, JSON lines, Parquet or Avro by columns; the parts, one after another, are the answer.',
  examples: [
    'runjob sort names.txt -o sorted',
    'runjob sort a.txt b.txt -o sorted --reverse --unique',
    'runjob sort sales.csv --by region,amount --numeric amount --descending amount -o sorted',
  ],
  params: {
    reverse: { type: 'boolean', default: false, short: 'r', describe: 'From last to first' },
    unique: { type: 'boolean', default: false, short: 'u', describe: 'Equal lines once' },
    by: { type: 'string', describe: 'Rows by these columns: a,b; names, or "#2" for the second' },
    numeric: { type: 'string', describe: 'Columns of --by that are numbers, in text' },
    descending: { type: 'string', describe: 'Columns of --by from last to first' },
    ...csvParams,
  },
  define: ({ reverse, unique: isUnique, by, numeric, descending, ...dialect }) => {
    for (const [name, value] of Object.entries({ by, numeric, descending })) {
      const problem = name === 'by' ? 'only the ready-made job sorts rows' : 'it goes with --by: lines have no columns'
      if (value !== undefined) throw new RunjobError('PARAM_INVALID', { name, value, problem })
    }
    refuseCsvParams(dialect, 'it goes with --by: lines have no columns')
    return {
      input: text({ exact: true }),
      map: lines(),
      partition: 'range',
      sort: reverse ? 'descending' : 'ascending',
      reduce: isUnique ? unique() : sorted(),
      output: text(),
    }
  },
})
