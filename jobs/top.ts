// The most frequent lines, or values.    runjob top 10 urls.txt -o top
import {
  byValue,
  columnNames,
  count,
  csv,
  csvOptions,
  csvParams,
  defineJob,
  fields,
  type Input,
  lines,
  refuseCsvParams,
  step,
  take,
  text,
  tsv,
} from 'runjob'

/** Columns of JSON lines, Parquet and Avro are those of data frames: frames/top.ts. */
export const isFramed = ({ by }: { by?: string }, [kind]: readonly string[]): boolean =>
  kind === 'parquet' || kind === 'avro' || (by !== undefined && kind !== 'csv')

const countOf = (names: readonly string[]) => (names.includes('count') ? 'count_2' : 'count')

export default defineJob({
  name: 'top',
  description:
    'The N most frequent lines, or values of columns of CSV, JSON lines, Parquet or Avro, and how often each occurs; most frequent first.',
  examples: ['runjob top 10 urls.txt -o top', 'runjob top 10 requests.csv --by path,status -o top'],
  params: {
    n: { type: 'integer', min: 1, required: true, positional: true, describe: 'How many lines, or values' },
    by: { type: 'string', describe: 'Values of these columns: a,b; names, or "#2" for the second' },
    ...csvParams,
  },
  define: ({ n, by, ...dialect }) => {
    const keys = by === undefined ? [] : columnNames(by, 'by')
    if (by === undefined) refuseCsvParams(dialect, 'it goes with --by: lines have no columns')
    const values = by === undefined ? lines() : fields({ key: keys.length > 1 ? keys : keys[0]! })
    const input: Input<unknown> = by === undefined ? text({ exact: true }) : csv(csvOptions(dialect))
    return {
      input,
      steps: [step({ map: values, reduce: count() }), step({ map: byValue({ descending: true }), reduce: take(n) })],
      // The count comes last, so a tab inside a line does no harm.
      output: by === undefined ? tsv({ escape: false }) : csv({ columns: [...keys, countOf(keys)] }),
    }
  },
})
