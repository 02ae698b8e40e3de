/** Functions of text that is JSON. */
import type { Expression } from '../../../plan/expression.js'
import { isNested, typeText } from '../../../plan/type.js'
import { type Operand, settled, typeOf } from '../coercion.js'
import { refuse } from '../fault.js'
import { call, type FunctionEntry, literalText, taken } from './entry.js'

/** `.name`, `['name']` or `[0]`, each from where the one before ends. */
const STEP = /\.([^.[]+)|\['([^'?]+)'\]|\[(\d{1,9})\]/y

/** The names and places on the way, as back ends know it. */
function stepsOf(path: string): Expression[] {
  const steps: Expression[] = []
  STEP.lastIndex = 1
  while (path.startsWith('$') && STEP.lastIndex < path.length) {
    const [step, dotted, quoted, place] = STEP.exec(path) ?? []
    const name = dotted ?? quoted
    if (step === undefined || name === '*') break
    steps.push(
      name === undefined
        ? { op: 'literal', value: Number(place), type: 'integer' }
        : { op: 'literal', value: name, type: 'string' },
    )
    if (STEP.lastIndex === path.length) return steps
  }
  if (path === '$') return []
  return refuse(
    `'${path}' is no path in JSON`,
    "Write it like '$.address.lines[0]', and names with dots like $['a.b']. There are no wildcards.",
  )
}

/** @param name of the function that reads text as a value of the type of its second argument, which is null */
function reading(name: string, does: string): FunctionEntry {
  return {
    name,
    spark: 'from_json',
    signature: '(s: string, type: struct<…> or array<T>) -> type',
    nulls: '',
    does,
    least: 2,
    most: 2,
    resolve([s, like]) {
      const type = typeOf(like!)
      if (type === undefined || !isNested(type)) {
        return refuse(
          `reads a struct or a list, not ${type === undefined ? 'null' : typeText(type)}`,
          `For example ${name}('body', struct({ id: long(), note: nullable(string()) })).`,
        )
      }
      return call(name, [taken(s!, 'string', 's')], type, true)
    },
  }
}

export const JSON_TEXT: FunctionEntry[] = [
  {
    name: 'getJsonObject',
    spark: 'get_json_object',
    signature: '(s: string, path: string) -> string',
    nulls: '',
    does: "What JSON text has at a path, such as `$.address.lines[0]` or `$['a.b']`: a string without quotes, a number with its digits, an object or list as JSON without spaces. Null if the text is no JSON, if there is nothing, or null.",
    least: 2,
    most: 2,
    resolve([s, path]) {
      const text = literalText(taken(path!, 'string', 'path'))
      if (text === null) return refuse("path must be a literal such as '$.a.b[0]'")
      return call('getJsonObject', [taken(s!, 'string', 's'), ...stepsOf(text)], 'string', true)
    },
  },
  reading(
    'fromJson',
    'JSON text as a struct or list, read as from JSON lines: numbers are exact, fields that the type lacks are left out, those that the text lacks are null, and so is blank text. Text that is no JSON or not of the type, or lacks a field that is not nullable: an error.',
  ),
  reading('tryFromJson', 'As `fromJson`, but null instead of an error.'),
  {
    name: 'toJson',
    spark: 'to_json',
    signature: '(x: struct<…> or array<T>) -> string',
    nulls: '',
    does: 'A struct or list as JSON without spaces. Fields that are null are left out, elements are not; times have six digits where they need them.',
    least: 1,
    most: 1,
    resolve([x]: Operand[]) {
      const type = typeOf(x!)
      if (type === undefined || !isNested(type)) {
        return refuse(
          `takes a struct or a list, not ${type === undefined ? 'null' : typeText(type)}`,
          'Make one: toJson(struct(…)).',
        )
      }
      return call('toJson', [settled(x!)], 'string')
    },
  },
]
