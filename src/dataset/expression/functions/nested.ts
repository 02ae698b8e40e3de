/** Functions of lists and structs. */

import { didYouMean } from '../../../base/suggest.js'
import { type Expression, isNullable } from '../../../plan/expression.js'
import { type ArrayType, type Column, markOf, type StructType, type Type, typeText } from '../../../plan/type.js'
import { commonType, convert, type Operand, settled, typeOf } from '../coercion.js'
import { refuse } from '../fault.js'
import { nullOf } from '../literal.js'
import { call, type FunctionEntry, literalText, taken } from './entry.js'

function isList(type: Type | undefined): type is ArrayType {
  return typeof type === 'object' && type.type === 'array'
}

function list(operand: Operand): { value: Expression; type: ArrayType } {
  const type = typeOf(operand)
  if (!isList(type)) return refuse(`takes a list, not ${type === undefined ? 'null' : typeText(type)}`)
  return { value: settled(operand), type }
}

function extreme(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(a: array<T>) -> T',
    nulls: 'elements that are null are skipped',
    does,
    least: 1,
    most: 1,
    resolve([a]) {
      const { value, type } = list(a!)
      return call(name, [value], type.element, true)
    },
  }
}

/** A list and a value, as one type of elements. */
function listAnd(a: Operand, x: Operand): [Expression, Expression] {
  const { value, type } = list(a)
  const element = commonType([{ ...value, op: 'column', name: '', type: type.element, nullable: true }, x], 'compares')
  return [convert(value, { ...type, element }), convert(x, element)]
}

/** @param name of the field */
export function fieldOf(value: Expression, name: string): Expression {
  const { type } = value
  if (typeof type !== 'object' || type.type !== 'struct') {
    return refuse(`is ${typeText(type)}, and has no field ${name}`)
  }
  const field = type.fields.find((one) => one.name === name)
  if (field === undefined) {
    const names = type.fields.map((one) => one.name)
    const close = didYouMean(name, names)
    return refuse(`has no field ${name}`, close ? `Did you mean "${close}"?` : `Fields: ${names.join(', ')}.`)
  }
  const label: Expression = { op: 'literal', value: name, type: 'string' }
  return { ...call('field', [value, label], field.type, isNullable(value) || field.nullable), ...markOf(field) }
}

/** A struct of named values. */
export function structOf(names: string[], values: Operand[]): Expression {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) refuse(`has two fields named ${twice}`, 'Name them: .as(…).')
  const args = values.map(settled)
  const fields: Column[] = args.map((arg, i) => ({
    ...{ name: names[i]!, type: arg.type, nullable: isNullable(arg) },
    ...markOf(arg),
  }))
  const type: StructType = { type: 'struct', fields }
  return call('struct', args, type, false)
}

export const NESTED: FunctionEntry[] = [
  {
    name: 'array',
    spark: 'array',
    signature: '(a: T, …) -> array<T>',
    nulls: 'an element that is null',
    does: 'A list of the arguments.',
    least: 1,
    most: Infinity,
    resolve(args) {
      const element = commonType(args, 'lists')
      const values = args.map((arg) => convert(arg, element))
      return call('array', values, { type: 'array', element, containsNull: values.some(isNullable) }, false)
    },
  },
  {
    name: 'size',
    spark: 'size',
    signature: '(a: array<T>) -> int',
    nulls: '',
    does: 'The count of elements.',
    least: 1,
    most: 1,
    resolve: ([a]) => call('size', [list(a!).value], 'integer'),
  },
  {
    name: 'element',
    spark: 'element_at',
    signature: '(a: array<T>, i: int) -> T',
    nulls: '',
    does: 'An element: the first is 1, the last -1. Beyond the ends: an error.',
    least: 2,
    most: 2,
    resolve([a, i]) {
      const { value, type } = list(a!)
      const index = taken(i!, 'integer', 'i')
      return call('element', [value, index], type.element, type.containsNull || isNullable(value) || isNullable(index))
    },
  },
  {
    name: 'tryElement',
    spark: 'try_element_at',
    signature: '(a: array<T>, i: int) -> T',
    nulls: '',
    does: 'As `element`, but null beyond the ends. There is no element 0: an error.',
    least: 2,
    most: 2,
    resolve([a, i]) {
      const { value, type } = list(a!)
      const index = taken(i!, 'integer', 'i')
      const size = call('size', [value], 'integer')
      const isInside = call(
        'and',
        [call('le', [index, size], 'boolean'), call('ge', [index, call('negate', [size], 'integer')], 'boolean')],
        'boolean',
      )
      return call('case', [isInside, call('element', [value, index], type.element, true)], type.element, true)
    },
  },
  {
    name: 'get',
    spark: 'get',
    signature: '(a: array<T>, i: int) -> T',
    nulls: '',
    does: 'An element: the first is 0. Beyond the ends: null.',
    least: 2,
    most: 2,
    resolve([a, i]) {
      const { value, type } = list(a!)
      return call('get', [value, taken(i!, 'integer', 'i')], type.element, true)
    },
  },
  {
    name: 'arrayContains',
    spark: 'array_contains',
    signature: '(a: array<T>, x: T) -> boolean',
    nulls: 'null if no element is equal but one is null',
    does: 'Whether an element equals `x`.',
    least: 2,
    most: 2,
    resolve([a, x]) {
      const args = listAnd(a!, x!)
      const containsNull = isList(args[0].type) && args[0].type.containsNull
      return call('arrayContains', args, 'boolean', containsNull || args.some(isNullable))
    },
  },
  {
    name: 'arrayJoin',
    spark: 'array_join',
    signature: '(a: array<T>, separator: string) -> string',
    nulls: 'elements that are null are skipped',
    does: 'The elements as text, one after another, with the separator between them.',
    least: 2,
    most: 2,
    resolve([a, separator]) {
      const { value, type } = list(a!)
      if (typeof type.element === 'object' && type.element.type !== 'decimal') {
        refuse(`joins a list of simple values, not ${typeText(type)}`)
      }
      const texts = convert(value, { ...type, element: 'string' })
      return call('arrayJoin', [texts, taken(separator!, 'string', 'separator')], 'string')
    },
  },
  {
    name: 'sortArray',
    spark: 'sort_array',
    signature: '(a: array<T>, ascending: boolean = true) -> array<T>',
    nulls: 'elements that are null come first; descending: last',
    does: 'The elements in order.',
    least: 1,
    most: 2,
    resolve([a, ascending]) {
      const { value, type } = list(a!)
      const way: Expression =
        ascending === undefined
          ? { op: 'literal', value: true, type: 'boolean' }
          : taken(ascending, 'boolean', 'ascending')
      return call('sortArray', [value, way], type)
    },
  },
  {
    name: 'arrayDistinct',
    spark: 'array_distinct',
    signature: '(a: array<T>) -> array<T>',
    nulls: '',
    does: 'The elements without those that came before.',
    least: 1,
    most: 1,
    resolve([a]) {
      const { value, type } = list(a!)
      return call('arrayDistinct', [value], type)
    },
  },
  extreme('arrayMin', 'array_min', 'The smallest element; of an empty list null.'),
  extreme('arrayMax', 'array_max', 'The largest element; of an empty list null.'),
  {
    name: 'struct',
    spark: 'struct',
    signature: '(a: T, …) -> struct<…>',
    nulls: 'a field that is null',
    does: 'A struct of the arguments. Fields have the names of columns and fields, or those given by `as`; otherwise col1, col2 and so on.',
    least: 1,
    most: Infinity,
    resolve: (args) =>
      structOf(
        args.map((_, i) => `col${i + 1}`),
        args,
      ),
  },
  {
    name: 'field',
    spark: '.',
    signature: '(s: struct<…>, name: string) -> T',
    nulls: '',
    does: 'A field of a struct. `address.city` is short for it.',
    least: 2,
    most: 2,
    resolve([s, name]) {
      const label = literalText(taken(name!, 'string', 'name'))
      if (label === null) return refuse('the name of a field must be a literal')
      return typeOf(s!) === undefined ? nullOf('string') : fieldOf(settled(s!), label)
    },
  },
]
