// count, sum, min, mean, max of a column by another, with Polars: node polars_stats.js in.csv out.csv delimiter key value [columns]
// `columns`: names, a,b,c, for a file without a header row. With --version: the version of Polars.
import polars from 'nodejs-polars'

const [input, output, sep, key, value, columns] = process.argv.slice(2)
if (input === '--version') {
  console.log(polars.version)
} else {
  const types = { [value]: polars.Float64 }
  const schema = columns && Object.fromEntries(columns.split(',').map((name) => [name, types[name] ?? polars.String]))
  const rows = polars.scanCSV(input, schema ? { sep, hasHeader: false, schema } : { sep, inferSchemaLength: 100 })
  const column = polars.col(value)
  await rows
    .groupBy(key)
    .agg(
      column.count().alias('count'),
      column.sum().alias('sum'),
      column.min().alias('min'),
      column.mean().alias('mean'),
      column.max().alias('max'),
    )
    .sinkCSV(output, { maintainOrder: false })
    .collect({ streaming: true })
}
