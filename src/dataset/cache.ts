/** Frames whose rows are kept from one action to the next. Here is only the mark; who runs the actions keeps the rows. */
import { invalid } from './invalid.js'
import { inputsOf, type Query, withInputQueries } from './query.js'

/** Neither in JSON nor in copies of a node: another node is another frame. */
const CACHE = Symbol.for('runjob.cache')

export interface Cache {
  /** What is kept, by what the rows depend on beside the frame. */
  readonly kept: Map<string, Promise<{ release(): void }>>
}

type MayBeCached = Query & { [CACHE]?: Cache | null }

export function cacheOf(query: Query): Cache | null {
  return (query as MayBeCached)[CACHE] ?? null
}

/** @throws DATASET_INVALID while a dataset is built */
export function markCached(query: Query, what: string): void {
  if (building > 0) {
    throw invalid(
      `${what} is for the actions of a program, not for what build() makes`,
      'Leave it out: what the frames of a dataset share is computed once.',
    )
  }
  if (cacheOf(query) === null) setCache(query, { kept: new Map() })
}

/** What is still read stays until then. */
export function unmarkCached(query: Query): void {
  const cache = cacheOf(query)
  setCache(query, null)
  for (const rows of cache?.kept.values() ?? []) {
    // What failed keeps nothing.
    rows.then(
      (kept) => kept.release(),
      () => {},
    )
  }
}

function setCache(query: Query, value: Cache | null): void {
  Object.defineProperty(query, CACHE, { value, configurable: true })
}

/** The marked nodes of a query, each once; what is below one of them is only computed to fill it. */
export function cachedIn(query: Query): Query[] {
  const found: Query[] = []
  const seen = new Set<Query>()
  const visit = (node: Query): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (cacheOf(node) !== null) found.push(node)
    else inputsOf(node).forEach(visit)
  }
  visit(query)
  return found
}

/** A query with other nodes in place of some. */
export function withNodes(query: Query, others: ReadonlyMap<Query, Query>): Query {
  const made = new Map(others)
  const visit = (node: Query): Query => {
    const known = made.get(node)
    if (known) return known
    const changed = withInputQueries(node, inputsOf(node).map(visit))
    made.set(node, changed)
    return changed
  }
  return visit(query)
}

let building = 0

/** Calls what makes the frames of a dataset. */
export function whileBuilding<T>(build: () => T): T {
  building++
  try {
    return build()
  } finally {
    building--
  }
}
