/** Types of CSV, by the look of its first rows. */
import { kernels } from '../../../kernels/addon.js'
import type { CsvFormat } from '../../../plan/plan.js'
import type { Column, SimpleType } from '../../../plan/type.js'
import type { InputFile } from '../../input/input_file.js'
import { BlockText } from '../csv/block.js'
import { readColumns } from '../csv/columns.js'
import { firstRowStart } from '../csv/header.js'
import { readSample } from './sample.js'

const PORTION_BYTES = 64 << 10

/** From the narrowest; a column's type is the first that all its fields look like. Text is what none of them is. */
const LOOKS: readonly [SimpleType, (text: string) => boolean][] = [
  ['boolean', (text) => /^(?:true|false)$/i.test(text)],
  ['long', isLong],
  ['double', (text) => isLong(text) || /^-?(?:0|[1-9]\d*)?\.\d+(?:[eE][+-]?\d+)?$|^NaN$/.test(text)],
  ['date', (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDate(text)],
  [
    'timestamp',
    (text) =>
      /^\d{4}-\d\d-\d\d(?:[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)?)?$/.test(
        text,
      ) && isDate(text.slice(0, 10)),
  ],
]

/** Numbers with leading zeros are identifiers, and so are those that no long holds. */
function isLong(text: string): boolean {
  return /^(?:0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

export async function guessCsvColumns(file: InputFile, format: CsvFormat): Promise<Column[]> {
  const { names, positions } = await readColumns(file, format)
  const looks = positions.map(() => new Set(LOOKS.map((_, i) => i)))
  const filled = positions.map(() => false)
  for (const row of await sampleRows(file, format)) {
    for (const [c, position] of positions.entries()) {
      const text = spelled(row[position] ?? '', format)
      if (text === '') continue
      filled[c] = true
      for (const i of looks[c]!) if (!LOOKS[i]![1](text)) looks[c]!.delete(i)
    }
  }
  return names.map((name, c) => {
    const [first] = looks[c]!
    return { name, type: filled[c] && first !== undefined ? LOOKS[first]![0] : 'string', nullable: true }
  })
}

/** Numbers with a decimal comma as those with a point. */
function spelled(text: string, { decimal }: CsvFormat): string {
  return decimal === ',' && /^-?\d*,\d+$/.test(text) ? text.replace(',', '.') : text
}

async function sampleRows(file: InputFile, format: CsvFormat): Promise<string[][]> {
  const start = await firstRowStart(file, format)
  const { bytes, isAll } = await readSample(file)
  // Bad rows are left to those who read the file.
  const reader = kernels.createCsvReader({ ...format, columns: 0, skipBom: start === 0, keepBad: true })
  const rows: string[][] = []
  for (let at = start; at < bytes.length; at += PORTION_BYTES) {
    const end = Math.min(at + PORTION_BYTES, bytes.length)
    const last = isAll && end === bytes.length
    const { block, done } = reader.push(bytes.subarray(at, end), Number.POSITIVE_INFINITY, last)
    const text = new BlockText(block)
    for (let r = 0; r < text.rows; r++) rows.push(text.row(r))
    if (done) break
  }
  return format.header ? rows.slice(1) : rows
}
