// Runs SQL statements in DuckDB: node duckdb.js '{"threads": 2, "memoryBytes": 1e9, "temp": "/tmp", "sql": ["…"]}'
// With --version: the version of DuckDB.
import { DuckDBInstance } from '@duckdb/node-api'

const version = process.argv[2] === '--version'
const { threads, memoryBytes, temp, sql } = version
  ? { threads: 1, memoryBytes: 1e9, temp: '', sql: [] }
  : JSON.parse(process.argv[2])

const instance = await DuckDBInstance.create(':memory:', {
  threads: String(threads),
  memory_limit: `${Math.floor(memoryBytes)}B`,
  temp_directory: temp,
  // DuckDB's own advice for large results: https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads
  preserve_insertion_order: 'false',
})
const connection = await instance.connect()
for (const statement of sql) await connection.run(statement)
if (version) {
  const reader = await connection.runAndReadAll('SELECT version()')
  console.log(String(reader.getRows()[0][0]).replace(/^v/, ''))
}
