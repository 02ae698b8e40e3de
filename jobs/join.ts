// Join two tables.            runjob join orders.csv users.csv --on user_id -o joined
import { columnPairs, csv, csvOptions, csvParams, defineJob, fields, join } from 'runjob'

/** JSON lines, Parquet and Avro are joined by data frames, also with CSV: frames/join.ts. */
export const isFramed = (_: unknown, kinds: readonly string[]): boolean => kinds.some((kind) => kind !== 'csv')

export default defineJob({
  name: 'join',
  description: 'Rows of two tables, CSV, JSON lines, Parquet or Avro, with the same value in a column.',
  examples: [
    'runjob join orders.csv users.csv --on user_id -o joined',
    'runjob join orders.csv users.csv --on user_id=id --type left -o joined',
    'runjob join requests.jsonl users.parquet --on user=id -o joined',
  ],
  inputNames: ['left', 'right'],
  params: {
    on: { type: 'string', required: true, describe: 'Column that both files have, or left=right; several as a,b=c' },
    type: {
      type: 'string',
      default: 'inner',
      choices: ['inner', 'left', 'right', 'full', 'semi', 'anti'],
      describe: 'left, right, full: keep rows without a match; semi, anti: left rows with, without one',
    },
    ...csvParams,
    leftDelimiter: { type: 'string', describe: 'The same as --delimiter, for the left files only' },
    rightDelimiter: { type: 'string', describe: 'The same as --delimiter, for the right files only' },
    leftColumns: { type: 'string', describe: 'The same as --columns, for the left files only' },
    rightColumns: { type: 'string', describe: 'The same as --columns, for the right files only' },
  },
  define: ({ on, type, ...dialect }) => {
    const keys = columnPairs(on, 'on')
    return {
      inputs: { left: csv(csvOptions(dialect, 'left')), right: csv(csvOptions(dialect, 'right')) },
      map: {
        left: fields({ key: keys.left }),
        right: fields({ key: keys.right }),
      },
      reduce: join({ type }),
      output: csv(),
    }
  },
})
