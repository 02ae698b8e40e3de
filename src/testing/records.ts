/** A test's records, in the form in which a run would read them. */
import { inspect } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { type RowClass, rowClass, withColumns } from '../engine/task/source/rows.js'
import { Columns } from '../io/format/csv/columns.js'
import type { CsvFormat, Format } from '../plan/plan.js'
import type { Column } from '../plan/type.js'

/**
 * Turns a record into the map's argument. Rows are as in a run: reading a column that they lack throws.
 *
 * @param file name of the records' file in errors
 * @throws OPTION_INVALID if this is not a record of the format
 */
export function recordMaker(
  format: Format,
  columns: readonly Column[] | null,
  file: string | undefined,
): (record: unknown) => unknown {
  if (columns !== null) return typedRecordMaker(columns, file)
  switch (format.kind) {
    case 'text':
      return (record) => {
        if (typeof record === 'string') return record
        throw noRecord(record, 'a record of text() is a string')
      }
    case 'jsonl':
      return (record) => record
    case 'csv': {
      const classes = new Map<string, RowClass>()
      return (record) => {
        const names = columnsOfRecords(format, [record])
        const fields = rowFields(names, record)
        const columns = () => new Columns(names, format.header ? format.columns : null, file)
        const key = JSON.stringify(names)
        const Row = classes.get(key) ?? rowClass(columns())
        classes.set(key, Row)
        return new Row({ field: (i) => fields[i]! }, 0)
      }
    }
    case 'parquet':
    case 'avro':
      throw new RunjobError('INTERNAL', { detail: `${format.kind} is read without a schema` })
  }
}

/** Rows of a schema, which a test gives as the map gets them. */
function typedRecordMaker(columns: readonly Column[], file: string | undefined): (record: unknown) => unknown {
  const names = columns.map(({ name }) => name)
  const Row = withColumns(class {}, new Columns(names, null, file))
  return (record) => {
    const own = Object.keys(plainObject(record))
    const odd = [...names.filter((name) => !own.includes(name)), ...own.filter((name) => !names.includes(name))][0]
    if (odd !== undefined)
      throw noRecord(record, `a row has the columns of the schema: ${names.join(', ')}, not ${odd}`)
    return Object.defineProperties(new Row(), Object.getOwnPropertyDescriptors(record as object))
  }
}

/**
 * The columns of a file with these rows: those that the format names, or those of the first row.
 *
 * @throws OPTION_INVALID if these are not rows, or do not all have the same columns
 */
export function columnsOfRecords(format: CsvFormat, records: readonly unknown[]): string[] {
  const isFixed = format.columns !== null && (!format.header || records.length === 0)
  const names = isFixed ? format.columns! : Object.keys(plainObject(records[0] ?? {}))
  for (const record of records) {
    const own = Object.keys(plainObject(record))
    const missing = names.find((name) => !own.includes(name)) ?? format.columns?.find((name) => !own.includes(name))
    if (missing !== undefined) throw noRecord(record, `a row lacks the column ${JSON.stringify(missing)}`)
    const extra = own.find((name) => !names.includes(name))
    if (extra !== undefined) throw noRecord(record, `a row has the column ${JSON.stringify(extra)}, but others do not`)
  }
  return names
}

/**
 * Fields of a row, in the order of its columns.
 *
 * @throws OPTION_INVALID if one is not text
 */
export function rowFields(names: readonly string[], record: unknown): string[] {
  return names.map((name) => {
    const field = (record as Record<string, unknown>)[name]
    if (typeof field === 'string') return field
    throw noRecord(record, `every field of csv() is text, but ${JSON.stringify(name)} is ${inspect(field)}`)
  })
}

function plainObject(record: unknown): object {
  if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record
  throw noRecord(record, 'a row of csv() is an object with a property for each column')
}

function noRecord(record: unknown, problem: string): RunjobError {
  const value = inspect(record, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 })
  return new RunjobError('OPTION_INVALID', { name: 'input', value, problem })
}
