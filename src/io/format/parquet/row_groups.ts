/** The row groups of a footer, over the numbers that native code has read (native/parquet/footer.h). */
/** Bytes of the file; some writers do not say how many. */
export interface Place {
  start: number
  bytes: number | null
}

const GROUP_NUMBERS = 4
const COLUMN_NUMBERS = 22
/** What a footer does not say. */
const UNKNOWN = -1

const REFUSED = [null, 'has its pages in another file', 'is encrypted']

export class RowGroup {
  readonly rows: number
  /** The bytes of the file that have all its pages that can be read; none: 0 to 0. */
  readonly start: number
  readonly end: number
  /** In the order of the schema's leaves. */
  readonly columns: readonly ColumnChunk[]

  constructor(footer: Buffer, numbers: Float64Array, at: number) {
    this.rows = numbers[at]!
    this.start = numbers[at + 2]!
    this.end = numbers[at + 3]!
    this.columns = Array.from(
      { length: numbers[at + 1]! },
      (_, i) => new ColumnChunk(footer, numbers, at + GROUP_NUMBERS + i * COLUMN_NUMBERS),
    )
  }
}

/** The pages of a column in a row group. */
export class ColumnChunk {
  readonly #footer: Buffer
  readonly #numbers: Float64Array
  readonly #at: number

  constructor(footer: Buffer, numbers: Float64Array, at: number) {
    this.#footer = footer
    this.#numbers = numbers
    this.#at = at
  }

  #number(i: number): number {
    return this.#numbers[this.#at + i]!
  }

  /** Why its pages cannot be read; null: they can. */
  get refused(): string | null {
    return REFUSED[this.#number(0)]!
  }

  get physical(): number {
    return this.#number(1)
  }

  get codec(): number {
    return this.#number(2)
  }

  /** Where its first page starts, and the bytes of all its pages. */
  get start(): number {
    return this.#number(4)
  }

  get bytes(): number {
    return this.#number(5)
  }

  /** With values; null: unknown. */
  get pages(): number | null {
    return known(this.#number(6))
  }

  get nulls(): number | null {
    return known(this.#number(7))
  }

  /** Bounds of the values, as the file has them; null: it has none. */
  get greatest(): Buffer | null {
    return this.#bytes(8)
  }

  get least(): Buffer | null {
    return this.#bytes(10)
  }

  /** What old writers say, who compared bytes as if they were signed. */
  get oldGreatest(): Buffer | null {
    return this.#bytes(12)
  }

  get oldLeast(): Buffer | null {
    return this.#bytes(14)
  }

  get columnIndex(): Place | null {
    return this.#place(16)
  }

  get offsetIndex(): Place | null {
    return this.#place(18)
  }

  get bloomFilter(): Place | null {
    return this.#place(20)
  }

  #bytes(i: number): Buffer | null {
    const start = this.#number(i)
    return start === UNKNOWN ? null : this.#footer.subarray(start, this.#number(i + 1))
  }

  #place(i: number): Place | null {
    const start = this.#number(i)
    return start === UNKNOWN ? null : { start, bytes: known(this.#number(i + 1)) }
  }
}

function known(number: number): number | null {
  return number === UNKNOWN ? null : number
}

/** What the schema says of a column. */
interface ColumnType {
  name: string
  physical: number | null
}

/** @throws Error that says what is wrong with them */
export function rowGroups(footer: Buffer, numbers: Float64Array, leaves: readonly ColumnType[]): RowGroup[] {
  const groups: RowGroup[] = []
  let at = 1
  for (let left = numbers[0]!; left > 0; left--) {
    const columns = numbers[at + 1]!
    if (columns !== leaves.length) throw new Error(`a row group has ${columns} columns, the schema ${leaves.length}`)
    const end = at + GROUP_NUMBERS + columns * COLUMN_NUMBERS
    for (let i = 0, column = at + GROUP_NUMBERS; column < end; i++, column += COLUMN_NUMBERS) {
      const isRefused = numbers[column] !== 0
      if (!isRefused && numbers[column + 1] !== leaves[i]!.physical) {
        throw new Error(`the type of its column ${leaves[i]!.name} is not that of the schema`)
      }
    }
    groups.push(new RowGroup(footer, numbers, at))
    at = end
  }
  return groups
}
