/** One of the questions to TPC-H's tables: `--question 'what was shipped, by flag and status' --dir tables`. */
import { defineDataset } from 'runjob'
import { QUESTIONS, type TableName, type Tables } from '../../test/e2e/trade/queries.js'

const NAMES: TableName[] = ['lineitem', 'orders', 'customer', 'part', 'supplier', 'partsupp', 'nation', 'region']

export default defineDataset({
  name: 'trade',
  params: {
    question: { type: 'string', required: true, describe: 'Its title' },
    dir: { type: 'string', required: true, describe: 'Folder of the tables' },
  },
  build: ({ read, params }) => {
    const tables = Object.fromEntries(NAMES.map((name) => [name, read.parquet(`${params.dir}/${name}.parquet`)]))
    return QUESTIONS[params.question]!.frame(tables as Tables)
  },
})
