// `top` of columns with types.
import { col, columnNames, count, type DataFrame, RunjobError, type Untyped } from 'runjob'

interface Values {
  n: number
  by?: string
}

export default ({ n, by }: Values, [table]: [{ read(): DataFrame<Untyped> }]): DataFrame<Untyped> => {
  if (by === undefined)
    throw new RunjobError('PARAM_MISSING', { name: 'by', describe: 'columns; Parquet and Avro have no lines' })
  const keys = columnNames(by, 'by')
  const counted = keys.includes('count') ? 'count_2' : 'count'
  return (
    table
      .read()
      // Also what is inside of another column keeps the name that was given.
      .groupBy(...keys.map((key) => col(key).as(key)))
      .agg({ [counted]: count() })
      .orderBy(col(counted).desc(), ...keys)
      .limit(n)
  )
}
