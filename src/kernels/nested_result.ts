/** Lists and structs that functions give, as JSON for native code (native/json/json_value.h), checked value by value. */
import { types } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { describe, ignoreRejection, isThenable } from '../base/schema.js'
import { type Column, EXACT, markOf, type Type, typeText } from '../plan/type.js'
import { timeText } from './rows.js'

/** Where a value is: names of fields and places of elements. */
type Path = (string | number)[]
type Write = (value: unknown, path: Path) => string

/** What is not of its type is RESULT_INVALID, with its place: null has been seen before. */
export function nestedWriter(column: Column): (value: unknown) => string {
  const write = writerOf({ ...column, nullable: false })
  return (value) => write(value, [])
}

/** What a function gives instead of a value that is declared as the column. */
export function wrongResult(given: unknown, { type, nullable }: Column, path: Path = []): RunjobError {
  if (isThenable(given)) {
    ignoreRejection(given)
    return invalid('a promise: it must give its value at once', path)
  }
  const wanted = `${typeText(type)}${nullable ? '' : ', which is not nullable'}`
  return invalid(`${describe(given)}, and is declared as ${wanted}`, path)
}

function invalid(problem: string, path: Path): RunjobError {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return new RunjobError('RESULT_INVALID', { problem: place === '' ? problem : `at $${place} ${problem}` })
}

function writerOf(column: Column): Write {
  const { type } = column
  if (typeof type === 'string' || type.type === 'decimal') return simpleWriter(column)
  return type.type === 'array' ? listWriter(column, type) : structWriter(column, type.fields)
}

function simpleWriter(column: Column): Write {
  const write = textOf(column)
  return (value, path) => {
    if (value === null && column.nullable) return 'null'
    const text = write(value)
    if (text !== null) return text
    if (typeof value === 'string' && !value.isWellFormed()) throw invalid('text with half of a surrogate pair', path)
    throw wrongResult(value, column, path)
  }
}

function listWriter(column: Column, type: Exclude<Type, string> & { type: 'array' }): Write {
  const element = writerOf({ name: '', type: type.element, nullable: type.containsNull, ...markOf(type) })
  return (value, path) => {
    if (value === null && column.nullable) return 'null'
    if (!Array.isArray(value)) throw wrongResult(value, column, path)
    const depth = path.length
    let text = '['
    // Not map(): it would pass over holes.
    for (let i = 0; i < value.length; i++) {
      path[depth] = i
      text += i === 0 ? element(value[i], path) : `,${element(value[i], path)}`
    }
    path.length = depth
    return `${text}]`
  }
}

function structWriter(column: Column, fields: readonly Column[]): Write {
  const names = new Set(fields.map(({ name }) => name))
  const members = fields.map((field) => ({
    name: field.name,
    key: JSON.stringify(field.name),
    write: writerOf(field),
  }))
  return (value, path) => {
    if (value === null && column.nullable) return 'null'
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isThenable(value)) {
      throw wrongResult(value, column, path)
    }
    const depth = path.length
    let text = '{'
    for (const [i, { name, key, write }] of members.entries()) {
      path[depth] = name
      text += `${i === 0 ? '' : ','}${key}:${write((value as Record<string, unknown>)[name], path)}`
    }
    path.length = depth
    // A name that is misspelt would be lost.
    const other = Object.keys(value).find((name) => !names.has(name))
    if (other !== undefined) {
      throw invalid(`a field ${JSON.stringify(other)}, and is declared as ${typeText(column.type)}`, path)
    }
    return `${text}}`
  }
}

/** The JSON of a value, null for what is not of the type. Native code looks at what is in texts. */
function textOf({ type, [EXACT]: isExact }: Column): (value: unknown) => string | null {
  if (typeof type === 'object') {
    return (value) =>
      typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)) ? quoted(`${value}`) : null
  }
  switch (type) {
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? String(value) : null)
    case 'integer':
      return (value) => (typeof value === 'number' && (value | 0) === value ? String(value) : null)
    case 'double':
      return (value) => (typeof value === 'number' ? doubleText(value) : null)
    case 'long':
      if (isExact) return (value) => (isLong(value) ? String(value) : null)
      return (value) => (Number.isSafeInteger(value) ? String(value) : null)
    case 'timestamp':
      if (isExact) return (value) => (isLong(value) ? `"${timeText(value)}Z"` : null)
      return (value) => (types.isDate(value) && !Number.isNaN(value.getTime()) ? `"${value.toISOString()}"` : null)
    case 'binary':
      return (value) =>
        value instanceof Uint8Array
          ? `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"`
          : null
    default:
      return (value) => (typeof value === 'string' ? quoted(value) : null)
  }
}

function quoted(text: string): string | null {
  return text.isWellFormed() ? JSON.stringify(text) : null
}

function isLong(value: unknown): value is bigint {
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
}

function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  return Number.isFinite(value) ? String(value) : `"${value}"`
}
