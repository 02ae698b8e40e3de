/**
 * What is kept from one action to the next: rows of data frames, elements of collections. Here is only the mark of what was asked for; who runs
 * the actions keeps the rest.
 */

/** Neither in JSON nor in copies of a node: another node is another frame. */
const CACHE = Symbol.for('runjob.cache')

export interface Cache {
  readonly of: 'rows' | 'elements'
  /** What is kept, by what it depends on beside the node. */
  readonly kept: Map<string, Promise<{ release(): void }>>
}

export function cacheOf(node: object): Cache | null {
  return (node as { [CACHE]?: Cache | null })[CACHE] ?? null
}

/** @param fail called while a dataset is built */
export function markCached(
  node: object,
  of: Cache['of'],
  method: string,
  fail: (problem: string, hint: string) => Error,
): void {
  if (building > 0) {
    throw fail(
      `${method} is for the actions of a program, not for what build() makes`,
      'Leave it out: what is used twice is computed once.',
    )
  }
  if (cacheOf(node) === null) setCache(node, { of, kept: new Map() })
}

/** What is still read stays until then. */
export function unmarkCached(node: object): void {
  const cache = cacheOf(node)
  setCache(node, null)
  for (const rows of cache?.kept.values() ?? []) {
    // What failed keeps nothing.
    rows.then(
      (kept) => kept.release(),
      () => {},
    )
  }
}

function setCache(node: object, value: Cache | null): void {
  Object.defineProperty(node, CACHE, { value, configurable: true })
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
