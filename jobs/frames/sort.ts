// `sort` by columns: rows need their columns' types.
import { col, columnNames, type DataFrame, type Expr, RunjobError, type Untyped } from 'runjob'

interface Values {
  by?: string
  numeric?: string
  descending?: string
  reverse: boolean
  unique: boolean
  decimal: string
  thousands?: string
}

interface Table {
  kind: string
  read(): DataFrame<Untyped>
}

export default (params: Values, [table]: [Table]): DataFrame<Untyped> => {
  if (params.by === undefined) {
    throw new RunjobError('PARAM_MISSING', {
      name: 'by',
      describe: 'columns to sort by; Parquet and Avro have no lines',
    })
  }
  if (params.unique) {
    const problem = 'it is for lines, not for rows: distinct --by has each value of columns once'
    throw new RunjobError('PARAM_INVALID', { name: 'unique', value: true, problem })
  }
  const { decimal, thousands } = params
  if (params.numeric !== undefined && (decimal !== '.' || thousands !== undefined)) {
    const [name, value] = thousands === undefined ? ['decimal', decimal] : ['thousands', thousands]
    const problem = 'with --numeric, numbers are written as 1234.5'
    throw new RunjobError('PARAM_INVALID', { name, value, problem })
  }
  const keys = columnNames(params.by, 'by')
  const numeric = among(keys, params, 'numeric')
  const descending = among(keys, params, 'descending')
  const order = keys.flatMap((key) => {
    const isDown = descending.includes(key) !== params.reverse
    return (numeric.includes(key) ? numbers(key) : [col(key)]).map((one) => (isDown ? one.desc() : one.asc()))
  })
  return table.read().orderBy(...order)
}

/** By their value; those that are the same double, such as long identifiers, by all digits that a decimal has. */
function numbers(key: string): Expr[] {
  return [col(key).cast('double'), col(key).tryCast('decimal(38,10)')]
}

function among(keys: readonly string[], params: Values, name: 'numeric' | 'descending'): string[] {
  const text = params[name]
  if (text === undefined) return []
  const names = columnNames(text, name)
  const other = names.find((one) => !keys.includes(one))
  if (other === undefined) return names
  const problem = `${other} is not in --by, which has ${keys.join(', ')}`
  throw new RunjobError('PARAM_INVALID', { name, value: text, problem })
}
