/** JSON lines: a filter on a number, groups by a field of an object. */
import { readFileSync } from 'node:fs'
import { type Answer, readTable } from '../measure/answer.js'
import { duckdb, plainNode, quote, type Row, runjobDataset } from './row.js'

function oracle([path]: readonly string[]): Answer {
  const rows = new Map<string, number[]>()
  for (const line of readFileSync(path!, 'utf8').trimEnd().split('\n')) {
    const { status, bytes, user } = JSON.parse(line)
    if (status < 500) continue
    const [requests, total] = rows.get(user.country) ?? [0, 0]
    rows.set(user.country, [requests! + 1, total! + bytes])
  }
  return { kind: 'table', rows }
}

const COLUMNS = `columns = {'status': 'BIGINT', 'bytes': 'BIGINT', 'user': 'STRUCT(country VARCHAR)'}`

export const logRows: readonly Row[] = [
  {
    name: 'logs',
    title: 'JSON lines, filter and group by',
    inputs: ['logs.jsonl'],
    contestants: [
      runjobDataset({
        module: 'logs.ts',
        flags: ({ inputs }) => ['--file', inputs[0]!, '--format', 'csv'],
        readAnswer: readTable,
      }),
      duckdb(
        ({ inputs, output }) =>
          `COPY (SELECT "user".country AS country, count(*) AS requests, sum(bytes) AS bytes ` +
          `FROM read_ndjson(${quote(inputs[0]!)}, ${COLUMNS}) WHERE status >= 500 GROUP BY ALL) ` +
          `TO ${quote(output)} (FORMAT csv, HEADER)`,
        readTable,
      ),
      plainNode('node_logs.js', readTable),
    ],
    oracle,
    targets: [
      { kind: 'faster', than: 'duckdb', ratio: 3 },
      { kind: 'faster', than: 'node', ratio: 10 },
    ],
  },
]
