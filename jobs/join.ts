// Join two CSV files.         runjob join orders.csv users.csv --on user_id -o joined
import { csv, csvOptions, csvParams, defineJob, fields, join, RunjobError } from 'runjob'

export default defineJob({
  name: 'join',
  description: 'Rows of two CSV files with the same value in a column; header rows name the columns.',
  examples: [
    'runjob join orders.csv users.csv --on user_id -o joined',
    'runjob join orders.csv users.csv --on user_id=id --type left -o joined',
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
    const columns = on.split(',').map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? { left: pair, right: pair } : { left: pair.slice(0, at), right: pair.slice(at + 1) }
    })
    if (columns.some(({ left, right }) => left === '' || right === '')) {
      const problem = 'names of columns are expected, such as id, left=right or a,b=c'
      throw new RunjobError('PARAM_INVALID', { name: 'on', value: on, problem })
    }
    return {
      inputs: { left: csv(csvOptions(dialect, 'left')), right: csv(csvOptions(dialect, 'right')) },
      map: {
        left: fields({ key: columns.map(({ left }) => left) }),
        right: fields({ key: columns.map(({ right }) => right) }),
      },
      reduce: join({ type }),
      output: csv(),
    }
  },
})
