/** Text of JSON: a reader that keeps numbers as they are written and all members of an object, and a writer. */

import type { Type } from '../../../dist/src/plan/type.js'
import { dateText, timeText } from './calendar.js'
import { cast } from './cast.js'
import { decimalText, doubleText, fail, fieldsOf, inLong, isDecimal, type Value } from './value.js'

type Json =
  | null
  | (
      | { text: string }
      /** A number, true or false. */
      | { raw: string }
      | { members: [string, Json][] }
      | { elements: Json[] }
    )

/** The text that each value was read from. */
const SOURCES = new WeakMap<object, string>()

class Malformed extends Error {}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) return null
    this.#at += found.length
    return found
  }

  #take(token: string): boolean {
    this.#match(/[ \t\r\n]*/y)
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #require(token: string): void {
    if (!this.#take(token)) throw new Malformed()
  }

  #string(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: strings of JSON have none
    const quoted = this.#match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y)
    if (quoted === null) throw new Malformed()
    return (JSON.parse(quoted) as string).toWellFormed()
  }

  /** A value with nothing after it. */
  all(): Json {
    const value = this.value()
    this.#take('')
    if (this.#at < this.#text.length) throw new Malformed()
    return value
  }

  value(): Json {
    const begin = this.#at
    const json = this.#read()
    if (json !== null) SOURCES.set(json, this.#text.slice(begin, this.#at).replace(/^[ \t\r\n]+/, ''))
    return json
  }

  #read(): Json {
    if (this.#take('{')) {
      const members: [string, Json][] = []
      while (!this.#take('}')) {
        if (members.length > 0) this.#require(',')
        this.#take('')
        const key = this.#string()
        this.#require(':')
        members.push([key, this.value()])
      }
      return { members }
    }
    if (this.#take('[')) {
      const elements: Json[] = []
      while (!this.#take(']')) {
        if (elements.length > 0) this.#require(',')
        elements.push(this.value())
      }
      return { elements }
    }
    if (this.#text[this.#at] === '"') return { text: this.#string() }
    if (this.#match(/null/y) !== null) return null
    const raw = this.#match(/true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y)
    if (raw === null) throw new Malformed()
    return { raw }
  }
}

function compact(json: Json): string {
  if (json === null) return 'null'
  if ('text' in json) return JSON.stringify(json.text)
  if ('raw' in json) return json.raw
  if ('elements' in json) return `[${json.elements.map(compact).join(',')}]`
  return `{${json.members.map(([key, value]) => `${JSON.stringify(key)}:${compact(value)}`).join(',')}}`
}

function find(json: Json, steps: readonly Value[]): string | null {
  if (json === null) return null
  const [step, ...rest] = steps
  if (step === undefined) return 'text' in json ? json.text : compact(json)
  if (typeof step === 'number') return 'elements' in json ? find(json.elements[step] ?? null, rest) : null
  if (!('members' in json)) return null
  for (const [key, value] of json.members) {
    const found = key === step ? find(value, rest) : null
    if (found !== null) return found
  }
  return null
}

/** @param steps names of members and places of elements */
export function getJsonObject(text: string, steps: readonly Value[]): string | null {
  try {
    return find(new Reader(text).value(), steps)
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

/** @param isTry what is not of the type is null */
export function fromJson(text: string, type: Type, isTry: boolean): Value {
  if (/^[ \t\r\n]*$/.test(text)) return null
  try {
    return valueAs(new Reader(text).all(), type, true)
  } catch (error) {
    if (error instanceof Malformed) return isTry ? null : fail('ARGUMENT_INVALID')
    throw error
  }
}

function valueAs(json: Json, type: Type, nullable: boolean): Value {
  if (json === null) return nullable ? null : misfit()
  const fields = fieldsOf(type)
  if (typeof type === 'object' && type.type === 'array') {
    if (!('elements' in json)) return misfit()
    return json.elements.map((one) => valueAs(one, type.element, type.containsNull))
  }
  if (typeof type === 'object' && type.type === 'struct') {
    if (!('members' in json)) return misfit()
    // The last of equal names.
    const members = new Map(json.members)
    return fields.map((field) => valueAs(members.get(field.name) ?? null, field.type, field.nullable))
  }
  if (type === 'string') return 'text' in json ? json.text : SOURCES.get(json)!
  if ('text' in json) return ofText(json.text, type) ?? misfit()
  if (!('raw' in json)) return misfit()
  const isNumber = json.raw !== 'true' && json.raw !== 'false'
  if (type === 'boolean') return isNumber ? misfit() : json.raw === 'true'
  return (isNumber ? ofNumber(json.raw, type) : null) ?? misfit()
}

function misfit(): never {
  throw new Malformed()
}

function ofText(text: string, type: Type): Value {
  if (isDecimal(type)) return cast(text, 'string', type, true)
  switch (type) {
    case 'double': {
      const [, sign, name] = /^([+-]?)(NaN|Infinity|INF)$/.exec(text) ?? []
      if (name === undefined || (sign === '+' && name !== 'INF') || (sign === '-' && name === 'NaN')) return null
      return name === 'NaN' ? Number.NaN : sign === '-' ? -Infinity : Infinity
    }
    case 'binary':
      return Buffer.from(text, 'base64').toString('base64') === text ? Buffer.from(text, 'base64') : null
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return cast(text, 'string', type, true)
  }
  return null
}

function ofNumber(raw: string, type: Type): Value {
  if (isDecimal(type) || type === 'integer' || type === 'long') return cast(raw, 'string', type, true)
  if (type === 'timestamp') {
    const micros = /^-?\d+$/.test(raw) ? BigInt(raw) * 1_000_000n : null
    return micros !== null && inLong(micros) ? micros : null
  }
  if (type !== 'double') return null
  const number = Number(raw)
  if (!Number.isFinite(number)) return null
  // Whole numbers that no double has, unless they are written as one is.
  const isHeld = !/^-?\d+$/.test(raw) || BigInt(raw) === BigInt(number) || String(number) === raw
  return isHeld ? number : null
}

export function toJson(value: Value, type: Type): string {
  if (value === null) return 'null'
  const fields = fieldsOf(type)
  if (typeof type === 'object' && type.type === 'array') {
    return `[${(value as Value[]).map((one) => toJson(one, fields[0]!.type)).join(',')}]`
  }
  if (typeof type === 'object' && type.type === 'struct') {
    const members = fields.flatMap(({ name, type }, i) => {
      const member = (value as Value[])[i]!
      return member === null ? [] : [`${JSON.stringify(name)}:${toJson(member, type)}`]
    })
    return `{${members.join(',')}}`
  }
  if (isDecimal(type)) return decimalText(value as bigint, type.scale)
  switch (type) {
    case 'string':
      return JSON.stringify(value)
    case 'double':
      return Number.isFinite(value) ? doubleText(value as number) : `"${doubleText(value as number)}"`
    case 'binary':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`
    case 'date':
      return `"${dateText(value as number)}"`
    case 'timestamp':
    case 'timestamp_ntz':
      return `"${isoText(value as bigint)}${type === 'timestamp' ? 'Z' : ''}"`
  }
  return String(value)
}

/** With three digits after the point, or six where it takes them. */
function isoText(micros: bigint): string {
  const [, whole, fraction = ''] = /^(.*?)(?:\.(\d+))?$/.exec(timeText(micros))!
  return `${whole!.replace(/ (?=\d\d:)/, 'T')}.${fraction.padEnd(fraction.length > 3 ? 6 : 3, '0')}`
}
