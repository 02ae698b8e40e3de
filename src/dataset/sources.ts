/** The files that a data frame reads, by the names that they have in the plan. */
import type { Format } from '../plan/plan.js'
import { freshName } from './names.js'
import { type Query, type ReadQuery, readsOf } from './query.js'

export interface Source {
  /** Name of the plan's input: the paths. */
  name: string
  paths: string[]
  format: Format
  /** Reads of the same files in the same way. */
  reads: ReadQuery[]
}

/** All sources of these queries, in the order in which they come first. */
export function sourcesOf(queries: readonly Query[]): Source[] {
  const sources = new Map<string, Source>()
  for (const read of new Set(queries.flatMap((query) => [...readsOf(query)]))) {
    // What folders give depends on the schema.
    const key = JSON.stringify([read.paths, read.format, read.schema, read.inferPartitionTypes])
    const known = sources.get(key)
    if (known) {
      known.reads.push(read)
      continue
    }
    const taken = [...sources.values()].map(({ name }) => name)
    const { paths, format, name = paths.join(', ') } = read
    sources.set(key, { name: freshName(name, taken), paths, format, reads: [read] })
  }
  return [...sources.values()]
}
