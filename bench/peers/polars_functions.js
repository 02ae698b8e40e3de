// A function of rows over columns that Polars reads: node polars_functions.js question in.parquet out.csv
import { writeFileSync } from 'node:fs'
import polars from 'nodejs-polars'
import { QUESTIONS, Total } from './sales_functions.js'

const [question, input, output] = process.argv.slice(2)
const { columns, call } = QUESTIONS[question]
const frame = polars.readParquet(input, { columns })
const [price, quantity, city] = columns.map((name) => {
  const column = frame.getColumn(name)
  // Text has no typed array. Rows as objects or arrays take longer than columns.
  return column.dtype.equals(polars.String) ? column.toArray() : column.toTypedArray()
})
const total = new Total()
for (let i = 0; i < price.length; i++) total.add(call(price[i], quantity[i], city?.[i]))
writeFileSync(output, total.text())
