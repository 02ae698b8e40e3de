/** Joining two tables by a key. */
import { readFileSync } from 'node:fs'
import { answerOfLines, readRows } from '../measure/answer.js'
import { duckdb, plainNode, quote, type Row, runjob, type Trial } from './row.js'

function joinSql({ inputs, output }: Trial): string {
  // Ids and amounts stay text, as in the other tools: no one parses a number.
  const orders = csv(inputs[0]!, ['order_id', 'user_id', 'amount'])
  const users = csv(inputs[1]!, ['user_id', 'name', 'country'])
  return (
    `COPY (SELECT o.user_id, o.order_id, o.amount, u.name, u.country FROM ${orders} o JOIN ${users} u USING (user_id)) ` +
    `TO ${quote(output)} (FORMAT csv, HEADER, QUOTE '')`
  )
}

function csv(path: string, columns: string[]): string {
  const types = columns.map((column) => `'${column}': 'VARCHAR'`).join(', ')
  return `read_csv(${quote(path)}, columns = {${types}}, delim = ',', header = true, auto_detect = false)`
}

function joinOracle([orders, users]: readonly string[]) {
  const rowsOf = (path: string) =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
  const userById = new Map(rowsOf(users!).map(([id, ...rest]) => [id, rest]))
  const lines = rowsOf(orders!).flatMap(([order, id, amount]) => {
    const user = userById.get(id)
    return user ? [[id, order, amount, ...user].join(',')] : []
  })
  return answerOfLines(lines)
}

export const joinRows: readonly Row[] = [
  {
    name: 'join',
    title: 'Join, ten rows to one',
    inputs: ['orders.csv', 'users.csv'],
    contestants: [
      runjob({ job: 'join', flags: ['--on', 'user_id'], readAnswer: readRows }),
      duckdb(joinSql, readRows),
      plainNode('node_join.js', readRows),
    ],
    oracle: joinOracle,
    targets: [
      { kind: 'faster', than: 'duckdb', ratio: 1.5 },
      { kind: 'faster', than: 'node', ratio: 10 },
    ],
  },
]
