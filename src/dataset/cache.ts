/** What is cached in data frames and collections, which may be made of each other. */
import { cacheOf } from '../plan/cached.js'
import { type AnyQuery, partsOf, type Query, type ReadQuery } from './query.js'

/**
 * The marked nodes, each once; what is below one of them is only computed to fill it. Below a sample there is none: its rows draw lots by their
 * places in the files, not by those among rows that are kept.
 */
export function cachedIn(query: AnyQuery): AnyQuery[] {
  const found: AnyQuery[] = []
  const seen = new Set<AnyQuery>()
  const visit = (node: AnyQuery): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (cacheOf(node) !== null) found.push(node)
    else if (node.kind !== 'sample') partsOf(node).forEach(visit)
  }
  visit(query)
  return found
}

/** The same with other nodes in place of some. */
export function withNodes<Q extends AnyQuery>(query: Q, others: ReadonlyMap<AnyQuery, AnyQuery>): Q {
  const made = new Map(others)
  const visit = (node: AnyQuery): AnyQuery => {
    const known = made.get(node)
    if (known) return known
    const inputs = node.kind === 'sample' ? [] : partsOf(node)
    const changed = inputs.map(visit)
    const same = inputs.every((input, i) => input === changed[i])
    const other = same ? node : withInputs(node, changed)
    made.set(node, other)
    return other
  }
  return visit(query) as Q
}

/** All files that are read. */
export function filesOf(query: AnyQuery): ReadQuery[] {
  const found = new Set<ReadQuery>()
  const seen = new Set<AnyQuery>()
  const visit = (node: AnyQuery): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'read') found.add(node)
    if (node.kind === 'rows') visit(node.frame as Query)
    else partsOf(node).forEach(visit)
  }
  visit(query)
  return [...found]
}

/** @param inputs in the order of partsOf() */
export function withInputs(node: AnyQuery, inputs: readonly AnyQuery[]): AnyQuery {
  const [first, second] = inputs
  const changed = (parts: object): AnyQuery => ({ ...node, ...parts }) as AnyQuery
  switch (node.kind) {
    case 'read':
      return node
    case 'rows':
      return changed({ frame: first })
    case 'elements':
      return changed({ collection: first })
    case 'union':
    case 'setOperation':
      return changed({ inputs: [...inputs] })
    case 'join':
      return changed({ left: first, right: second })
    default:
      return changed({ input: first })
  }
}
