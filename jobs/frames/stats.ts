// What `stats` leaves to data frames: medians, percentiles, and tables with types of their own.
import {
  coalesce,
  col,
  columnNames,
  count,
  type DataFrame,
  double,
  lit,
  max,
  median,
  min,
  nullable,
  percentile,
  RunjobError,
  string,
  sum,
  type Untyped,
} from 'runjob'

interface Values {
  by: string
  of: string
  median: boolean
  percentiles?: string
}

interface Table {
  kind: string
  read(schema?: object): DataFrame<Untyped>
}

export default (params: Values, [table]: [Table]): DataFrame<Untyped> => {
  const keys = columnNames(params.by, 'by')
  const columns = columnNames(params.of, 'of')
  const shares = sharesOf(params.percentiles)
  const both = keys.find((key) => columns.includes(key))
  if (table.kind === 'csv' && both !== undefined) {
    const problem = `${both} is in --by, too: with --median or --percentiles, a column is either text or numbers`
    throw new RunjobError('PARAM_INVALID', { name: 'of', value: params.of, problem })
  }
  const texts = keys.map((key) => [key, nullable(string())])
  const numbers = columns.map((column) => [column, nullable(double())])
  const nameOf = (column: string, answer: string) => (columns.length > 1 ? `${column}_${answer}` : answer)

  const answers = columns.flatMap((column) => {
    const all = {
      count: count(column),
      sum: sum(column),
      min: min(column),
      mean: sum(column),
      max: max(column),
      ...(params.median && { median: median(column) }),
      ...Object.fromEntries(shares.map(([name, share]) => [name, percentile(column, share)])),
    }
    return Object.entries(all).map(([name, one]) => [nameOf(column, name), one])
  })
  // As the job has them: a mean is the rounded sum divided, and the sum of nothing is 0.
  const means = columns.map((column) => [
    nameOf(column, 'mean'),
    col(nameOf(column, 'sum')).div(col(nameOf(column, 'count'))),
  ])
  const sums = columns.map((column) => nameOf(column, 'sum')).map((name) => [name, coalesce(col(name), lit(0))])
  return (
    table
      .read(Object.fromEntries([...texts, ...numbers]))
      // Also what is inside of another column keeps the name that was given.
      .groupBy(...keys.map((key) => col(key).as(key)))
      .agg(Object.fromEntries(answers))
      .withColumns(Object.fromEntries(means))
      .withColumns(Object.fromEntries(sums))
  )
}

/** `50,99.9` -> p50: 0.5, p99.9: 0.999 */
function sharesOf(text: string | undefined): [name: string, share: number][] {
  if (text === undefined) return []
  return columnNames(text, 'percentiles').map((percent) => {
    const share = /^\d+(\.\d+)?$/.test(percent) ? Number(`${percent}e-2`) : Number.NaN
    if (share >= 0 && share <= 1) return [`p${percent}`, share]
    const problem = 'numbers from 0 to 100 are expected, such as 50,99.9'
    throw new RunjobError('PARAM_INVALID', { name: 'percentiles', value: text, problem })
  })
}
