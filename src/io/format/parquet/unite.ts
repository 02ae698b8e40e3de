/** The columns of several files that are read as one. */
import { RunjobError } from '../../../base/errors.js'
import { type Column, type DecimalType, sameType, type Type, typeText } from '../../../plan/type.js'

/** @param name of the file */
export interface FileColumns {
  name: string
  columns: readonly Column[]
}

/**
 * All columns of the files by name, in the order in which they come first. A column that a file lacks is nullable; types may only become
 * wider.
 *
 * @throws SCHEMA_CONFLICT with the names of two files
 */
export function uniteColumns(files: readonly FileColumns[]): Column[] {
  const united = new Map<string, { column: Column; from: string; count: number }>()
  for (const { name: file, columns } of files) {
    for (const column of columns) {
      const known = united.get(column.name)
      if (!known) {
        united.set(column.name, { column, from: file, count: 1 })
        continue
      }
      const type = widerType(known.column.type, column.type)
      if (type === null) throw conflict(column.name, known.from, known.column.type, file, column.type)
      const from = sameType(type, known.column.type) ? known.from : file
      const nullable = known.column.nullable || column.nullable
      united.set(column.name, { column: { name: column.name, type, nullable }, from, count: known.count + 1 })
    }
  }
  return [...united.values()].map(({ column, count }) =>
    count < files.length ? { ...column, nullable: true } : column,
  )
}

/** @param other the other file; null: the schema that is declared */
export function conflict(name: string, path: string, type: Type, other: string | null, otherType: Type): RunjobError {
  const params = { name, path, type: typeText(type), other, otherType: typeText(otherType) }
  return new RunjobError('SCHEMA_CONFLICT', params, { where: { file: path } })
}

/** The type that holds all values of both; null: none. */
function widerType(a: Type, b: Type): Type | null {
  const decimal = widerDecimal(a, b)
  if (decimal) return decimal
  if (canHold(a, b)) return a
  if (canHold(b, a)) return b
  return widerNested(a, b)
}

/** Whether values of type `from` can be read as `to`, which holds all of them. */
export function canHold(to: Type, from: Type): boolean {
  if (typeof to === 'string') {
    if (to === from) return true
    return from === 'integer' && (to === 'long' || to === 'double')
  }
  switch (to.type) {
    case 'decimal': {
      const decimal = asDecimal(from)
      return (
        decimal !== null && to.scale >= decimal.scale && to.precision - to.scale >= decimal.precision - decimal.scale
      )
    }
    case 'array':
      return (
        typeof from === 'object' &&
        from.type === 'array' &&
        canHold(to.element, from.element) &&
        (to.containsNull || !from.containsNull)
      )
    case 'struct': {
      if (typeof from === 'string' || from.type !== 'struct') return false
      return to.fields.every(({ name, type, nullable }) => {
        const field = from.fields.find((other) => other.name === name)
        return field === undefined ? nullable : canHold(type, field.type) && (nullable || !field.nullable)
      })
    }
  }
}

function asDecimal(type: Type): DecimalType | null {
  if (type === 'integer') return { type: 'decimal', precision: 10, scale: 0 }
  if (type === 'long') return { type: 'decimal', precision: 19, scale: 0 }
  return typeof type === 'object' && type.type === 'decimal' ? type : null
}

function widerDecimal(a: Type, b: Type): DecimalType | null {
  const isDecimal = (type: Type) => typeof type === 'object' && type.type === 'decimal'
  if (!isDecimal(a) && !isDecimal(b)) return null
  const [one, other] = [asDecimal(a), asDecimal(b)]
  if (!one || !other) return null
  const scale = Math.max(one.scale, other.scale)
  const precision = scale + Math.max(one.precision - one.scale, other.precision - other.scale)
  return precision > 38 ? null : { type: 'decimal', precision, scale }
}

function widerNested(a: Type, b: Type): Type | null {
  if (typeof a === 'string' || typeof b === 'string') return null
  if (a.type === 'array' && b.type === 'array') {
    const element = widerType(a.element, b.element)
    return element && { type: 'array', element, containsNull: a.containsNull || b.containsNull }
  }
  if (a.type !== 'struct' || b.type !== 'struct') return null
  const fields: Column[] = []
  for (const field of a.fields) {
    const other = b.fields.find(({ name }) => name === field.name)
    const type = other ? widerType(field.type, other.type) : field.type
    if (type === null) return null
    fields.push({ name: field.name, type, nullable: !other || field.nullable || other.nullable })
  }
  const more = b.fields.filter(({ name }) => !a.fields.some((field) => field.name === name))
  return { type: 'struct', fields: [...fields, ...more.map((field) => ({ ...field, nullable: true }))] }
}
