/** A table as it is, in another format: `--file sales.csv`. With `--folders n` it gets a column by which rows go into so many folders. */
import { col, defineDataset } from 'runjob'

export default defineDataset({
  name: 'convert',
  params: {
    file: { type: 'string', required: true, describe: 'CSV or Parquet' },
    folders: { type: 'integer', default: 0, describe: 'How many' },
  },
  build: ({ read, params }) => {
    const table = params.file.endsWith('.parquet') ? read.parquet(params.file) : read.csv(params.file)
    return params.folders === 0 ? table : table.withColumn('folder', col('id6').mod(params.folders))
  },
})
