// Join two CSV files.         runjob join orders.csv users.csv --on user_id -o joined
import { csv, defineJob, fields, join } from 'runjob'

export default defineJob({
  name: 'join',
  description: 'Rows of two CSV files with the same value in a column; header rows name the columns.',
  examples: [
    'runjob join orders.csv users.csv --on user_id -o joined',
    'runjob join a.csv b.csv --on id --type left -o joined',
  ],
  inputNames: ['left', 'right'],
  params: {
    on: { type: 'string', required: true, describe: 'Column that both have; several as a,b' },
    type: {
      type: 'string',
      default: 'inner',
      choices: ['inner', 'left'],
      describe: 'left: keep left rows without a match',
    },
  },
  define: ({ on, type }) => ({
    inputs: { left: csv(), right: csv() },
    map: { left: fields({ key: keyColumns(on) }), right: fields({ key: keyColumns(on) }) },
    reduce: join({ type: type === 'left' ? 'left' : 'inner' }),
    output: csv(),
  }),
})

function keyColumns(on: string): string | string[] {
  return on.includes(',') ? on.split(',') : on
}
