/** Pivots whose values are not given: a query of their own finds them before the pivot can be analysed. */
import { withInputs } from './cache.js'
import { expressionText } from './expression/text.js'
import type { Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { inputsOf, type NamedTree, type PivotQuery, type Query } from './query.js'

/** As in Spark. */
const MOST_VALUES = 10_000

/** Gives the rows of a query that finds the values of a pivot: a row for each. `pivot` is for people. */
type Find = (query: Query, pivot: string) => Promise<Record<string, unknown>[]>

/**
 * The same query with the values of its pivots, of which one may be part of another.
 *
 * @param find the rows of a query
 * @throws DATASET_INVALID for more values than columns should be made of
 */
export async function withPivotValues(query: Query, find: Find): Promise<Query> {
  const made = new Map<Query, Query>()
  const visit = async (node: Query): Promise<Query> => {
    const known = made.get(node)
    if (known) return known
    // What elements are made of is a query by itself.
    if (node.kind === 'elements') return node
    const inputs: Query[] = []
    for (const input of inputsOf(node)) inputs.push(await visit(input))
    const same = inputsOf(node).every((input, i) => input === inputs[i])
    const over = same ? node : (withInputs(node, inputs) as Query)
    const isUnknown = over.kind === 'pivot' && over.options === null
    const found = isUnknown ? { ...over, options: await optionsOf(over, find) } : over
    made.set(node, found)
    return found
  }
  return visit(query)
}

async function optionsOf({ input, column }: PivotQuery, find: Find): Promise<NamedTree[]> {
  const value: Untyped = { kind: 'column', name: 'value' }
  const text: Untyped = { kind: 'cast', arg: value, to: 'string', try: false }
  const different: Query = {
    kind: 'distinct',
    input: { kind: 'select', input, columns: [{ name: 'value', value: column.value }] },
    columns: null,
  }
  const sorted: Query = { kind: 'sort', input: different, keys: [{ value, descending: false, nullsFirst: true }] }
  const first: Query = { kind: 'limit', input: sorted, count: MOST_VALUES + 1 }
  const pivot = `pivot(${expressionText(column.value)})`
  const rows = await find({ kind: 'select', input: first, columns: [{ name: 'text', value: text }] }, pivot)
  if (rows.length > MOST_VALUES) {
    throw invalid(
      `${pivot}: there are more than 10,000 values, each of which would be a column`,
      "Say which of them become columns, pivot('quarter', ['Q1', 'Q2']), or leave out rows by filter() before.",
    )
  }
  return rows.map(({ text }) => ({ name: String(text), value: { kind: 'literal', value: text } }))
}
