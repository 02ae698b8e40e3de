/** The fields that a record has in a line of an output. */
import { isColumns, isRow, valueColumns } from '../../plan/codec.js'
import type { CodecSpec, RecordSpec, ValueSpec } from '../../plan/plan.js'

/** Whether JSON lines hold a value's columns in a nested object, because next to the key a column of that name would hide it. */
export function nestsColumns(value: ValueSpec): boolean {
  if (isRow(value)) return value.row.flat().includes('key')
  return isColumns(value) && value.columns.some(({ name }) => name === 'key')
}

/** The fields of a row, in JavaScript. */
export function tupleOf({ row }: { row: string[][] }): CodecSpec {
  return { tuple: row.flat().map(() => 'string') }
}

/** The number of fields that a line of text has for a record: each part of a tuple or a row is a field. */
export function fieldCount({ key, value }: RecordSpec): number {
  const codecs = isRow(value) ? [tupleOf(value)] : valueColumns(value).map(({ codec }) => codec)
  return [key, ...codecs].reduce((sum, codec) => sum + partCount(codec), 0)
}

function partCount(codec: CodecSpec): number {
  return typeof codec === 'string' ? 1 : codec.tuple.reduce((sum, part) => sum + partCount(part), 0)
}

/** Whether text formats of these records hold bytes that need not be UTF-8. */
export function holdsAnyBytes(record: RecordSpec): boolean {
  return specsOf(record).some(holdsBytes)
}

function specsOf(record: RecordSpec): CodecSpec[] {
  return [record.key, ...valueColumns(record.value).map(({ codec }) => codec)]
}

function holdsBytes(codec: CodecSpec): boolean {
  return typeof codec === 'string' ? codec === 'bytes' : codec.tuple.some(holdsBytes)
}
