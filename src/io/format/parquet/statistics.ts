/** What a file says of the values of a column in a row group, or in a page: bounds, and how many are null. */
import { type Column, sameType } from '../../../plan/type.js'
import type { ParquetFooter } from './footer.js'
import { INT32, INT64 } from './physical.js'
import { type Bound, readPlain } from './plain.js'
import type { ColumnChunk } from './row_groups.js'
import type { Leaf } from './schema.js'

export interface ColumnStatistics {
  /** No value is less, or greater. null: unknown. For doubles, NaN does not count. */
  least: Bound | null
  greatest: Bound | null
  /** null: unknown. */
  nulls: number | null
}

const UNKNOWN: ColumnStatistics = { least: null, greatest: null, nulls: null }

/**
 * Statistics lie: minima and maxima of old writers are those of signed bytes, so they only count for signed integers; times of 96 bits have no
 * order; a NaN as a bound means nothing. Bounds may be cut off: no value has to equal them.
 *
 * @param column as it is read; what the file has must be of the same type
 */
export class StatisticsReader {
  readonly #leaf: Leaf
  readonly #isKnown: boolean
  readonly #isSigned: boolean
  readonly #hasOrder: boolean

  constructor(footer: ParquetFooter, leaf: Leaf, column: Column) {
    this.#leaf = leaf
    this.#isKnown = leaf.maxRepetition === 0 && sameType(leaf.type, column.type)
    this.#isSigned = leaf.physical === INT32 || leaf.physical === INT64
    this.#hasOrder = footer.ordered[leaf.index] === true || this.#isSigned
  }

  /** Of a row group. */
  ofChunk(chunk: ColumnChunk): ColumnStatistics {
    if (!this.#isKnown) return UNKNOWN
    const said = (newer: Buffer | null, older: Buffer | null) =>
      newer !== null && this.#hasOrder ? newer : this.#isSigned ? older : null
    return {
      least: this.#bound(said(chunk.least, chunk.oldLeast)),
      greatest: this.#bound(said(chunk.greatest, chunk.oldGreatest)),
      nulls: chunk.nulls,
    }
  }

  /** Of a page. */
  ofPage(least: unknown, greatest: unknown, nulls: number | null): ColumnStatistics {
    if (!this.#isKnown || !this.#hasOrder) return { ...UNKNOWN, nulls: this.#isKnown ? nulls : null }
    return { least: this.#bound(least), greatest: this.#bound(greatest), nulls }
  }

  #bound(bytes: unknown): Bound | null {
    return bytes instanceof Uint8Array ? readPlain(this.#leaf, Buffer.from(bytes)) : null
  }
}
