/** The two sides of a join: their columns, and the names of these in the output. */
import type { CodecSpec, FieldValue, FileInput, Input, JoinType, OperatorOf } from '../plan/plan.js'

interface Side {
  input: string
  keys: string[]
  /** The other columns. */
  columns: string[]
}

/** @param inputs both mapped by fields(): the first is the left side, the second the right one */
export function joinOperator(type: JoinType, key: CodecSpec, inputs: readonly Input[]): OperatorOf<'join'> {
  const [left, right] = inputs.map(sideOf) as [Side, Side]
  const row = joinedNames(type, left, right)
  return {
    op: 'join',
    type,
    tupleKey: left.keys.length > 1,
    leftFields: left.columns.length,
    rightFields: right.columns.length,
    gives: { key, value: row.length > 0 ? { row } : { columns: [] } },
  }
}

function sideOf(input: Input): Side {
  const { keys, values } = input.operators[0] as OperatorOf<'fields'>
  const [row] = values as Extract<FieldValue, { kind: 'row' }>[]
  return { input: (input as FileInput).files, keys, columns: row!.columns }
}

/** The names of the columns other than the key, for each side that has any. The key has the names of the left side. */
function joinedNames(type: JoinType, left: Side, right: Side): string[][] {
  const row = [left.columns]
  if (type !== 'semi' && type !== 'anti') {
    const taken = new Set([...left.keys, ...left.columns])
    const isTaken = right.columns.map((name) => taken.has(name))
    for (const name of right.columns) taken.add(name)
    row.push(right.columns.map((name, i) => (isTaken[i] ? prefixed(right.input, name, taken) : name)))
  }
  return row.filter((names) => names.length > 0)
}

/** `right_name`, with another prefix as long as a column has that name. */
function prefixed(input: string, name: string, taken: Set<string>): string {
  let free = name
  do free = `${input}_${free}`
  while (taken.has(free))
  taken.add(free)
  return free
}
