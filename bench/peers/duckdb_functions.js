// A function of rows, which DuckDB streams in chunks: node duckdb_functions.js question in.parquet out.csv threads memoryBytes temp
import { writeFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { QUESTIONS, Total } from './sales_functions.js'

const [question, input, output, threads, memoryBytes, temp] = process.argv.slice(2)
const { columns, call } = QUESTIONS[question]
const instance = await DuckDBInstance.create(':memory:', {
  threads,
  memory_limit: `${Math.floor(memoryBytes)}B`,
  temp_directory: temp,
  preserve_insertion_order: 'false',
})
const connection = await instance.connect()
const result = await connection.stream(`SELECT ${columns.join(', ')} FROM '${input.replaceAll("'", "''")}'`)
const total = new Total()
for await (const chunk of result) {
  const [price, quantity, city] = columns.map((_, i) => chunk.getColumnVector(i))
  const { rowCount } = chunk
  // Vectors read value by value: chunks as arrays or objects of rows take longer.
  for (let i = 0; i < rowCount; i++) total.add(call(price.getItem(i), quantity.getItem(i), city?.getItem(i)))
}
writeFileSync(output, total.text())
