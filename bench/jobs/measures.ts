/** One of the questions to generated tables: `--question groups-1 --dir tables`. */
import { defineDataset } from 'runjob'
import { MEASURE_QUESTIONS } from './measure_questions.js'

export default defineDataset({
  name: 'measures',
  params: {
    question: { type: 'string', required: true, describe: 'Its name' },
    dir: { type: 'string', required: true, describe: 'Folder of the tables' },
  },
  build: ({ read, params }) =>
    MEASURE_QUESTIONS[params.question]!.frame((name) => read.parquet(`${params.dir}/${name}`)),
})
