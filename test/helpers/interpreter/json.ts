/** Text of JSON: a reader that keeps numbers as they are written and all members of an object, and a writer. */

import type { Type } from '../../../dist/src/plan/type.js'
import { dateText, timeText } from './calendar.js'
import { decimalText, doubleText, fieldsOf, isDecimal, type Value } from './value.js'

type Json =
  | null
  | { text: string }
  /** A number, true or false. */
  | { raw: string }
  | { members: [string, Json][] }
  | { elements: Json[] }

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

  value(): Json {
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
