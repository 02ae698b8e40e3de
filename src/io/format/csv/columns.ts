/** The columns of one CSV file: their names, and their places in its rows. */
import { RunjobError } from '../../../base/errors.js'
import type { CsvFormat } from '../../../plan/plan.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { readHeader } from './header.js'

/** `#2`: the second column. */
const NUMBERED = /^#([1-9]\d*)$/

export function isNumberedName(name: string): boolean {
  return NUMBERED.test(name)
}

/**
 * Names must match exactly. A column whose name is empty, or occurs more than once, is called by its number: `#3`. Any column may be named
 * that way.
 */
export class Columns {
  /** Fields of a row. */
  readonly width: number
  /** The fields that a row must have: the last columns may have no name, in files whose lines end with a delimiter. */
  readonly leastWidth: number
  /** Names of a row's properties, in order. No two are the same. */
  readonly names: readonly string[]
  /** The place of each one's field in the row. */
  readonly positions: readonly number[]
  readonly #given: readonly [header: readonly string[], expected: readonly string[] | null]
  readonly #file: string | undefined
  /** Places in the row by name; null if the job names the columns. */
  readonly #places: Map<string, number[]> | null

  /**
   * @param header a name for each field of a row; all empty if there are only numbers
   * @param expected the columns that the job reads, in its order; null: all, in the order of the file
   * @throws COLUMN_UNKNOWN, COLUMN_AMBIGUOUS if the file lacks an expected one
   */
  constructor(header: readonly string[], expected: readonly string[] | null, file?: string) {
    this.#given = [header, expected]
    this.#file = file
    this.width = header.length
    this.leastWidth = header.findLastIndex((name) => name !== '') + 1 || header.length
    const places = new Map<string, number[]>()
    const add = (name: string, place: number) => {
      const known = places.get(name)
      if (known) known.push(place)
      else places.set(name, [place])
    }
    for (const [place, name] of header.entries()) add(name, place)
    const isNamed = (place: number) => header[place] !== '' && places.get(header[place]!)!.length === 1
    this.names = header.map((name, place) => (isNamed(place) ? name : freeNumber(place, places)))
    this.positions = header.map((_, place) => place)
    for (const [place, name] of this.names.entries()) if (!isNamed(place)) add(name, place)
    this.#places = places
    if (expected) {
      this.positions = expected.map((name) => this.indexOf(name))
      this.names = expected
      this.#places = null
    }
  }

  /** What is the same for files with the same columns. */
  get key(): string {
    return JSON.stringify(this.#given)
  }

  /** The same columns, whatever the file. */
  withoutFile(): Columns {
    return new Columns(...this.#given)
  }

  /**
   * The place of a column's field in the row.
   *
   * @throws COLUMN_UNKNOWN, COLUMN_AMBIGUOUS
   */
  indexOf(name: string): number {
    if (this.#places === null) return this.ownIndexOf(name)
    const places = this.#places.get(name) ?? []
    if (name === '' ? places.length > 0 : places.length > 1) {
      const numbers = places.map((place) => this.names[place])
      throw new RunjobError('COLUMN_AMBIGUOUS', { name, numbers }, this.#where)
    }
    if (places.length === 1) return places[0]!
    const number = Number(NUMBERED.exec(name)?.[1] ?? 0)
    if (number > 0 && number <= this.width) return number - 1
    throw this.#unknown(name)
  }

  /**
   * The same for one of `names`, which may be missing in a file with other columns.
   *
   * @throws COLUMN_UNKNOWN
   */
  ownIndexOf(name: string): number {
    const position = this.positions[this.names.indexOf(name)]
    if (position === undefined) throw this.#unknown(name)
    return position
  }

  /**
   * The name of the row's property that holds a column's field.
   *
   * @throws COLUMN_UNKNOWN, COLUMN_AMBIGUOUS
   */
  ownName(name: string): string {
    const own = this.nameOf(name)
    if (own === name) throw this.#unknown(name)
    return own
  }

  /**
   * The name of a column that may be given by its number.
   *
   * @throws COLUMN_UNKNOWN, COLUMN_AMBIGUOUS
   */
  nameOf(name: string): string {
    return this.names[this.positions.indexOf(this.indexOf(name))] ?? name
  }

  /**
   * For readers of all columns: requires the columns of the input's first file.
   *
   * @throws COLUMN_UNKNOWN, COLUMN_EXTRA
   */
  allIndexesOf(names: readonly string[], keys: readonly number[]): number[] {
    const positions = names.map((name) => this.ownIndexOf(name))
    const extra = this.names.filter((_, i) => ![...keys, ...positions].includes(this.positions[i]!))
    if (extra.length > 0) throw new RunjobError('COLUMN_EXTRA', { names: extra, columns: names }, this.#where)
    return positions
  }

  #unknown(name: string): RunjobError {
    return new RunjobError('COLUMN_UNKNOWN', { name, columns: this.names }, this.#where)
  }

  get #where() {
    return this.#file === undefined ? {} : { where: { file: this.#file } }
  }
}

/** `#3`; `##3` if a header names a column `#3`. */
function freeNumber(place: number, taken: ReadonlyMap<string, unknown>): string {
  let name = `#${place + 1}`
  while (taken.has(name)) name = `#${name}`
  return name
}

/**
 * The columns of a file: from its header row if it has one, else from the format.
 *
 * @throws COLUMN_UNKNOWN, COLUMN_AMBIGUOUS, HEADER_MISSING, CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE
 */
export async function readColumns(file: InputFile, format: CsvFormat): Promise<Columns> {
  if (format.columns && !format.header) return new Columns(format.columns, null, nameOf(file))
  const first = await readHeader(file, format)
  return new Columns(format.header ? first : first.map(() => ''), format.columns, nameOf(file))
}
