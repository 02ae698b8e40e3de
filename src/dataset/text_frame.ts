/** Lines of text: a data frame with one column, and a collection of lines. */
import { Collection } from '../collection/collection.js'
import type { CollectionContext } from '../collection/query.js'
import type { Str } from '../plan/typed.js'
import { Frame } from './frame.js'

export class TextFrame extends Frame<{ value: Str }> {
  /** The lines by themselves, without line ends, for functions. */
  lines(): Collection<string> {
    return new Collection({ kind: 'rows', frame: this.query, as: 'lines' })
  }

  /** What a function makes of each line: `lines().map(fn)`. */
  map<U>(fn: (line: string, ctx: CollectionContext) => U): Collection<U> {
    return this.lines().map(fn)
  }

  /** All that a function returns for each line: `lines().flatMap(fn)`. */
  flatMap<U>(fn: (line: string, ctx: CollectionContext) => Iterable<U>): Collection<U> {
    return this.lines().flatMap(fn)
  }
}
