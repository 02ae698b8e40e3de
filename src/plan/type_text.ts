/** Types by Spark's text: `decimal(10,2)`, `array<int>`, `struct<a:int,b:string>`. */
import { unknownHelp } from '../base/schema.js'
import type { Column, SimpleType, Type } from './type.js'

const NAMES: Readonly<Record<string, SimpleType>> = {
  boolean: 'boolean',
  int: 'integer',
  integer: 'integer',
  bigint: 'long',
  long: 'long',
  double: 'double',
  string: 'string',
  binary: 'binary',
  date: 'date',
  timestamp: 'timestamp',
  timestamp_ntz: 'timestamp_ntz',
}
const KNOWN = [...Object.keys(NAMES), 'decimal', 'array', 'struct']

/** A name in backquotes, a word, or one other character. */
const TOKEN = /\s*(?:`((?:[^`]|``)+)`|([\p{L}\p{N}_]+)|(\S))/uy

/** @throws what `invalid` makes of a problem */
export function parseType(text: string, invalid: (problem: string) => Error): Type {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    tokens.push(match[1]?.replaceAll('``', '`') ?? match[2] ?? match[3]!)
  }
  let at = 0
  const wrong = (problem: string) => invalid(`${JSON.stringify(text)} is no type: ${problem}`)
  const take = (wanted: string): void => {
    if (tokens[at] !== wanted) throw wrong(`${JSON.stringify(wanted)} is missing`)
    at++
  }
  const number = (): number => {
    const digits = tokens[at++] ?? ''
    if (!/^\d+$/.test(digits)) throw wrong('a number is missing')
    return Number(digits)
  }
  const type = (): Type => {
    const name = (tokens[at++] ?? '').toLowerCase()
    if (Object.hasOwn(NAMES, name)) return NAMES[name]!
    switch (name) {
      case 'decimal':
        return decimal()
      case 'array': {
        take('<')
        const element = type()
        take('>')
        return { type: 'array', element, containsNull: true }
      }
      case 'struct': {
        take('<')
        const fields: Column[] = []
        do {
          const field = tokens[at++] ?? ''
          if (tokens[at] === ':') at++
          fields.push({ name: field, type: type(), nullable: true })
        } while (tokens[at] === ',' && at++)
        take('>')
        return { type: 'struct', fields }
      }
      default:
        throw wrong(`there is no type ${JSON.stringify(name)}${unknownHelp(name, KNOWN)}`)
    }
  }
  const decimal = (): Type => {
    let [precision, scale] = [10, 0]
    if (tokens[at] === '(') {
      at++
      precision = number()
      if (tokens[at] === ',') {
        at++
        scale = number()
      }
      take(')')
    }
    if (precision < 1 || precision > 38 || scale > precision)
      throw wrong('it needs 1 to 38 digits, and no more of them fractional')
    return { type: 'decimal', precision, scale }
  }
  const parsed = type()
  if (at < tokens.length) throw wrong(`nothing may follow ${JSON.stringify(tokens.slice(0, at).join(''))}`)
  return parsed
}
