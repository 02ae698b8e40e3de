/** How a collection is written: what `write` gives. */
import { describe, isOneOf } from '../base/schema.js'
import { runner } from '../plan/runner.js'
import { invalid } from './invalid.js'
import type { Ending, Query } from './query.js'

const MODES = ['error', 'overwrite', 'ignore', 'append'] as const
type Mode = (typeof MODES)[number]

/** Says where elements go. Immutable: `lines.write.mode('overwrite').text('out')`. */
export class CollectionWriter {
  readonly #query: Query
  readonly #mode: Mode | null

  constructor(query: Query, mode: Mode | null = null) {
    this.#query = query
    this.#mode = mode
  }

  /** What to do if the output exists: by default it is refused. */
  mode(mode: Mode): CollectionWriter {
    if (!isOneOf(...MODES).accepts(mode)) {
      throw invalid(`write.mode() takes one of ${MODES.join(', ')}, not ${describe(mode)}`)
    }
    return new CollectionWriter(this.#query, mode)
  }

  /** A line for each element: text, numbers or booleans. On return they are in the folder, whole. The options are those of runDataset. */
  async text(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'text', options)
  }

  /** A line of JSON for each element: what JSON has no words for is refused. */
  async json(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'json', options)
  }

  async #run(path: string, format: 'text' | 'json', options: unknown): Promise<void> {
    const ending: Ending = { kind: 'write', format }
    return (await runner()).writeElements({ query: this.#query, ending }, { path, mode: this.#mode }, options)
  }
}
