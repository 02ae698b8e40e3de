/** What a file says of the values of a column in a row group, or in a page: bounds, and how many are null. */
import { type Column, sameType } from '../../../plan/type.js'
import { type ColumnChunk, type ParquetFooter, statisticsOf } from './footer.js'
import { INT32, INT64 } from './physical.js'
import { type Bound, readPlain } from './plain.js'
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
  readonly #footer: ParquetFooter
  readonly #leaf: Leaf
  readonly #isKnown: boolean
  readonly #isSigned: boolean
  readonly #hasOrder: boolean

  constructor(footer: ParquetFooter, leaf: Leaf, column: Column) {
    this.#footer = footer
    this.#leaf = leaf
    this.#isKnown = leaf.maxRepetition === 0 && sameType(leaf.type, column.type)
    this.#isSigned = leaf.physical === INT32 || leaf.physical === INT64
    this.#hasOrder = footer.ordered[leaf.index] === true || this.#isSigned
  }

  /** Of a row group. */
  ofChunk(chunk: ColumnChunk): ColumnStatistics {
    const statistics = this.#isKnown ? statisticsOf(this.#footer, chunk) : null
    if (!statistics) return UNKNOWN
    const said = (newer: unknown, older: unknown) =>
      newer !== undefined && this.#hasOrder ? newer : this.#isSigned ? older : undefined
    return {
      least: this.#bound(said(statistics[6], statistics[2])),
      greatest: this.#bound(said(statistics[5], statistics[1])),
      nulls: statistics[3] === undefined ? null : Number(statistics[3]),
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
