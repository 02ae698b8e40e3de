// `join` of tables with types.
import { columnPairs, type DataFrame, type Untyped } from 'runjob'

interface Table {
  read(): DataFrame<Untyped>
}

type Type = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

export default ({ on, type }: { on: string; type: Type }, [left, right]: [Table, Table]): DataFrame<Untyped> => {
  const keys = columnPairs(on, 'on')
  const isShared = keys.left.every((name, i) => name === keys.right[i])
  const [rows, others] = [left.read(), right.read()]
  const options = { how: type, suffix: '_right' }
  const joined = isShared ? rows.join(others, keys.left, options) : rows.join(others, keys, options)
  return joined.orderBy(...keys.left)
}
