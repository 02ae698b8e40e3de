/** What the footers of files that are read as one say of their sizes. */
import type { ParquetFooter } from './footer.js'
import type { RowGroup } from './row_groups.js'
import { type ParquetNode, parquetColumns } from './schema.js'
import { type ColumnStatistics, StatisticsReader } from './statistics.js'

export interface ParquetColumnSize {
  /** As stored. */
  bytes: number
  /**
   * Whether no two rows seem to have the same value: in each row group, there are as many whole numbers from the least to the greatest as
   * rows, as a key that is counted up has them; and no two row groups overlap.
   */
  readonly isUnique: boolean
  /** Of whole numbers, dates, times and decimals: no value is less, or greater. null: unknown. */
  readonly least: bigint | null
  readonly greatest: bigint | null
}

export class ParquetSize {
  rows = 0
  readonly #columns = new Map<string, MeasuredColumn>()

  get columns(): ReadonlyMap<string, ParquetColumnSize> {
    return this.#columns
  }

  add(footer: ParquetFooter): void {
    const groups = footer.rowGroups.filter(({ rows }) => rows > 0)
    this.rows += footer.rows
    for (const column of parquetColumns(footer)) {
      const { name, node } = column
      const known = this.#columns.get(name) ?? new MeasuredColumn()
      this.#columns.set(name, known)
      const leaves = leavesOf(node)
      const reader =
        node.kind === 'leaf' && column.type !== 'double' ? new StatisticsReader(footer, node.leaf, column) : null
      for (const group of groups) {
        for (const leaf of leaves) known.bytes += group.columns[leaf]!.bytes
        known.add(group, reader?.ofChunk(group.columns[leaves[0]!]!) ?? null)
      }
    }
  }
}

class MeasuredColumn implements ParquetColumnSize {
  bytes = 0
  #isDense = true
  #isBounded = true
  #least: bigint | null = null
  #greatest: bigint | null = null
  readonly #ranges: { least: bigint; greatest: bigint }[] = []

  add({ rows }: RowGroup, statistics: ColumnStatistics | null): void {
    const least = wholeNumber(statistics?.least)
    const greatest = wholeNumber(statistics?.greatest)
    if (least === null || greatest === null) this.#isBounded = false
    if (this.#least === null || least! < this.#least) this.#least = least
    if (this.#greatest === null || greatest! > this.#greatest) this.#greatest = greatest
    if (least === null || greatest === null || statistics?.nulls !== 0 || greatest - least !== BigInt(rows) - 1n) {
      this.#isDense = false
    } else {
      this.#ranges.push({ least, greatest })
    }
  }

  /** null: a row group does not say. */
  get least(): bigint | null {
    return this.#isBounded ? this.#least : null
  }

  get greatest(): bigint | null {
    return this.#isBounded ? this.#greatest : null
  }

  get isUnique(): boolean {
    if (!this.#isDense) return false
    const ranges = this.#ranges.toSorted((a, b) => (a.least < b.least ? -1 : 1))
    return ranges.every(({ least }, i) => i === 0 || ranges[i - 1]!.greatest < least)
  }
}

function wholeNumber(bound: unknown): bigint | null {
  if (typeof bound === 'bigint') return bound
  return Number.isSafeInteger(bound) ? BigInt(bound as number) : null
}

/** Their places in a row group. */
function leavesOf(node: ParquetNode): number[] {
  switch (node.kind) {
    case 'leaf':
      return [node.leaf.index]
    case 'struct':
      return node.fields.flatMap((field) => leavesOf(field.node))
    case 'list':
      return leavesOf(node.element.node)
  }
}
