/** Columns as users declare them: types by name, `{ id: long(), note: nullable(string()) }`. */
import { describe, isPart, isPlainObject } from '../base/schema.js'
import { type Column, markOf, type Type } from './type.js'
import { parseType } from './type_text.js'
import { isExpression } from './typed.js'

/** What is wrong, as the error of who asks. */
type Invalid = (problem: string) => Error

/** @throws what `invalid` makes of it, unless it is a plain object of types */
export function columnsOf(schema: unknown, where: string, invalid: Invalid): Column[] {
  if (!isPlainObject(schema) || isPart(schema)) {
    throw invalid(`${where}: a plain object of types is expected, such as { id: long() }, not ${describe(schema)}`)
  }
  const columns = Object.entries(schema).map(([name, type]) =>
    columnOf(name, type, `${where}: the type of ${JSON.stringify(name)}`, invalid),
  )
  if (columns.length === 0) throw invalid(`${where}: it needs at least one name with its type, such as { id: long() }`)
  return columns
}

/** @param given an object such as `decimal(10, 2)`, or Spark's text `'decimal(10,2)'` */
export function columnOf(name: string, given: unknown, where: string, invalid: Invalid): Column {
  if (typeof given === 'string') return { name, type: parseType(given, invalid), nullable: true }
  if (given !== null && typeof given === 'object' && !isExpression(given)) {
    const { columnType, nullable } = given as { columnType?: Type; nullable?: unknown }
    if (columnType !== undefined) return { name, type: columnType, nullable: false, ...markOf(given) }
    if (nullable !== undefined) return { ...columnOf(name, nullable, where, invalid), nullable: true }
  }
  throw invalid(`${where} must be a type such as long() or nullable(string()), not ${describe(given)}`)
}
