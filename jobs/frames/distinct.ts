// `distinct` of columns with types.
import { col, columnNames, type DataFrame, RunjobError, type Untyped } from 'runjob'

export default ({ by }: { by?: string }, [table]: [{ read(): DataFrame<Untyped> }]): DataFrame<Untyped> => {
  if (by === undefined)
    throw new RunjobError('PARAM_MISSING', { name: 'by', describe: 'columns; Parquet and Avro have no lines' })
  const keys = columnNames(by, 'by')
  return (
    table
      .read()
      // Also what is inside of another column keeps the name that was given.
      .select(...keys.map((key) => col(key).as(key)))
      .distinct()
      .orderBy(...keys)
  )
}
