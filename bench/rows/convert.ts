/** Tables from one format to another, and into folders. */
import { readParquetTotals, readTotals } from '../measure/answer.js'
import { duckdb, quote, type Row, runjobDataset } from './row.js'

const FOLDERS = 1000

export const convertRows: readonly Row[] = [
  {
    name: 'convert-csv',
    title: 'CSV to Parquet, 12 columns of text',
    inputs: ['sales.csv'],
    contestants: [
      runjobDataset({
        module: 'convert.ts',
        flags: ({ inputs }) => ['--file', inputs[0]!, '--format', 'parquet'],
        readAnswer: readParquetTotals,
      }),
      duckdb(
        ({ inputs, output }) =>
          `COPY (FROM read_csv(${quote(inputs[0]!)}, all_varchar = true)) TO ${quote(output)} (FORMAT parquet)`,
        readParquetTotals,
      ),
    ],
    oracle: null,
    targets: [{ kind: 'faster', than: 'duckdb', ratio: 2 }],
  },
  {
    name: 'convert-parquet',
    title: 'Parquet to CSV, 9 columns',
    inputs: ['measures.parquet'],
    contestants: [
      runjobDataset({
        module: 'convert.ts',
        flags: ({ inputs }) => ['--file', inputs[0]!, '--format', 'csv'],
        readAnswer: readTotals,
      }),
      duckdb(
        ({ inputs, output }) => `COPY (FROM ${quote(inputs[0]!)}) TO ${quote(output)} (FORMAT csv, HEADER)`,
        readTotals,
      ),
    ],
    oracle: null,
    targets: [{ kind: 'faster', than: 'duckdb', ratio: 2 }],
  },
  {
    name: 'partitions',
    title: `Parquet to Parquet in ${FOLDERS} folders`,
    inputs: ['measures.parquet'],
    contestants: [
      runjobDataset({
        module: 'convert.ts',
        flags: ({ inputs }) => [
          ...['--file', inputs[0]!, '--format', 'parquet'],
          ...['--folders', String(FOLDERS), '--partition-by', 'folder'],
        ],
        readAnswer: readParquetTotals,
      }),
      duckdb(
        ({ inputs, output }) =>
          `COPY (SELECT *, id6 % ${FOLDERS} AS folder FROM ${quote(inputs[0]!)}) ` +
          `TO ${quote(output)} (FORMAT parquet, PARTITION_BY (folder))`,
        readParquetTotals,
      ),
    ],
    oracle: null,
    targets: [{ kind: 'faster', than: 'duckdb', ratio: 2 }],
  },
]
