/** JSON lines as objects that have only the fields that a map reads. */
import { kernels } from '../../../kernels/addon.js'
import type { JsonBlock } from '../../../kernels/kernels.js'

/** With more fields, a whole object costs no more. */
const MAX_FIELDS = 64

/** Whether lines can be read for these fields only. A key of what is no UTF-8 has a U+FFFD in JavaScript, but not in native code. */
export function canReadFields(names: readonly string[]): boolean {
  return names.length <= MAX_FIELDS && names.every((name) => !Buffer.from(name).includes('\uFFFD'))
}

/** JsonFieldKind of native/json/json_reader.h. */
const KINDS = [undefined, null, true, false]
const NUMBER = -5

/** Gives rows their fields. */
class BlockFields {
  readonly #text: string
  readonly #width: number
  readonly #bounds: Int32Array
  readonly #numbers: Float64Array

  constructor(text: string, width: number, { bounds, numbers }: JsonBlock) {
    this.#text = text
    this.#width = width
    this.#bounds = bounds
    this.#numbers = numbers
  }

  /** Field i of a line. */
  value(line: number, i: number): unknown {
    const at = 2 * (line * (this.#width + 1) + 1 + i)
    const start = this.#bounds[at]!
    if (start < 0) return start === NUMBER ? this.#numbers[line * this.#width + i] : KINDS[~start]
    const end = this.#bounds[at + 1]!
    return end >= 0 ? this.#text.slice(start, end) : JSON.parse(this.#text.slice(start, ~end))
  }
}

type RowClass = new (fields: BlockFields, line: number) => object

/** Own properties, set in the constructor of a class: objects are created as fast as literals. */
function rowClass(names: readonly string[]): RowClass {
  const quoted = names.map((name) => JSON.stringify(name))
  const set = quoted.map((name, i) => `this[${name}] = fields.value(line, ${i})`)
  const source = `return class { ${quoted.join('; ')}; constructor(fields, line) { ${set.join('; ')} } }`
  return new Function(source)() as RowClass
}

export interface JsonUses {
  /** For the object of a line, which is `text` from `start` to `end`. */
  onRow(row: object, text: string, start: number, end: number): void
  /** For a line that is no object, or is at fault. */
  onLine(line: string): void
}

/**
 * Takes blocks of lines, as LineDecoder has them.
 *
 * @param names for which canReadFields says yes
 */
export function jsonRows(names: readonly string[], { onRow, onLine }: JsonUses) {
  const reader = kernels.createJsonReader([...names])
  const Row = rowClass(names)
  const step = 2 * (names.length + 1)
  return (bytes: Uint8Array, text: string, enter: (line: number) => void): void => {
    // No character takes up more units than bytes. If there are as many in all, each byte is one.
    const samePlaces = text.length === bytes.length
    for (let from = 0, units = 0, line = 0; from < bytes.length; ) {
      const block = reader.read(bytes, samePlaces, from, units)
      const fields = new BlockFields(text, names.length, block)
      for (let i = 0; i < block.lines; i++) {
        const start = block.bounds[i * step]!
        const end = block.bounds[i * step + 1]!
        enter(line++)
        if (end < 0) onLine(withoutReturn(text, start, ~end))
        else onRow(new Row(fields, i), text, start, end)
      }
      from = block.bytes
      units = block.units
    }
  }
}

/** The line as it is passed on when it is not cut into fields. */
export function withoutReturn(text: string, start: number, end: number): string {
  return text.slice(start, end < text.length && text.charCodeAt(end - 1) === 13 ? end - 1 : end)
}
