/** From names to typed expressions: columns are looked up, functions choose their types, conversions become casts. */

import { RunjobError } from '../../base/errors.js'
import { describe } from '../../base/schema.js'
import { didYouMean } from '../../base/suggest.js'
import { type Expression, isNullable } from '../../plan/expression.js'
import { type Column, EXACT, markedLike, markOf, marksOf, sameType, type Type, typeText } from '../../plan/type.js'
import { findFunction, functionNames } from './catalogue.js'
import { castOf, convert, type Operand, settled, typeOf } from './coercion.js'
import { isDecimal } from './decimal_types.js'
import { marked } from './exact.js'
import { refuse } from './fault.js'
import { call } from './functions/entry.js'
import { fieldOf, structOf } from './functions/nested.js'
import { literalOf } from './literal.js'
import { expressionText } from './text.js'
import type { Untyped, UntypedCall, UntypedCast, UntypedLiteral, UntypedUdf } from './untyped.js'

/**
 * An expression over rows of these columns.
 *
 * @throws COLUMN_UNKNOWN, or DATASET_INVALID with the part of the expression that has no meaning
 */
export function resolve(tree: Untyped, columns: readonly Column[]): Expression {
  return within(tree, () => settled(operand(tree, columns)))
}

/** The name of a result: that of `as`, of the column or field, else the expression's text. */
export function outputName(tree: Untyped, columns: readonly Column[]): string {
  if (tree.kind === 'alias') return tree.name
  if (isField(tree)) return String(((tree as UntypedCall).args[1] as UntypedLiteral).value)
  // As in Spark: what windows are grouped by has no other name.
  if (tree.kind === 'call' && tree.fn === 'window') return 'window'
  if (tree.kind === 'explode') return tree.part === 'position' ? 'pos' : 'col'
  if (tree.kind !== 'column') return expressionText(tree)
  const isColumn = columns.some(({ name }) => name === tree.name)
  return isColumn ? tree.name : tree.name.slice(tree.name.lastIndexOf('.') + 1)
}

function isField(tree: Untyped): boolean {
  return tree.kind === 'call' && tree.fn === 'field'
}

/** How much of an expression an error shows. */
const SHOWN = 200

/** Adds the text of the innermost expression that is refused. */
function within<T>(tree: Untyped, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RunjobError) || error.code !== 'DATASET_INVALID' || 'expression' in error.params) throw error
    const text = expressionText(tree)
    throw error.withParams({ expression: text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text })
  }
}

function operand(tree: Untyped, columns: readonly Column[]): Operand {
  const of = (arg: Untyped) => operand(arg, columns)
  switch (tree.kind) {
    case 'column':
      return within(tree, () => columnOf(tree.name, columns))
    case 'literal':
      return within(tree, () => literalOperand(tree))
    case 'alias':
      return of(tree.arg)
    case 'cast': {
      const arg = of(tree.arg)
      return within(tree, () => {
        // What JavaScript gets is what the type says, too.
        const { [EXACT]: _, ...value } = cast(arg, tree)
        return { ...value, type: markedLike(value.type, tree.to), ...markOf(tree) }
      })
    }
    case 'window':
      return within(tree, () =>
        refuse(
          'a window function is not possible here',
          'Make a column of it before, with select() or withColumn(), and use that.',
        ),
      )
    case 'udf':
      return udfOf(
        tree,
        tree.args.map((arg) => within(arg, () => settled(of(arg)))),
      )
    case 'explode':
      return within(tree, () =>
        refuse(
          'makes rows, which is not possible here',
          'Make a column of it before, with select() or withColumn(), and use that.',
        ),
      )
    case 'call': {
      const args = tree.args.map(of)
      return within(tree, () => callOf(tree, args, columns))
    }
  }
}

/** A column of that very name; else a field of a struct, by dots. */
function columnOf(name: string, columns: readonly Column[]): Expression {
  const column = columns.find((one) => one.name === name)
  if (column !== undefined) return { op: 'column', ...column }
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const struct = columns.find((one) => one.name === name.slice(0, dot))
    if (struct === undefined) continue
    const fields = name.slice(dot + 1).split('.')
    return fields.reduce<Expression>(fieldOf, { op: 'column', ...struct })
  }
  throw new RunjobError('COLUMN_UNKNOWN', { name, columns: columns.map((one) => one.name) })
}

function literalOperand({ value, type }: UntypedLiteral): Operand {
  const free = freeOperand(value)
  if (type === undefined) return free
  return free.op === 'free' ? convert(free, type) : castOf(free, type, 'cast')
}

function freeOperand(value: unknown): Operand {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return { op: 'free', value }
    case 'string':
      // Text travels as UTF-8, which has no halves of a pair.
      if (!value.isWellFormed()) refuse('the text has half of a surrogate pair')
      return { op: 'free', value }
    case 'boolean':
      return { op: 'literal', value, type: 'boolean' }
  }
  if (value === null || value === undefined) return { op: 'free', value: null }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) refuse('the Date is invalid')
    return { op: 'literal', value: String(BigInt(value.getTime()) * 1000n), type: 'timestamp' }
  }
  if (value instanceof Uint8Array) {
    return { op: 'literal', value: Buffer.from(value).toString('base64'), type: 'binary' }
  }
  if (Array.isArray(value)) return findFunction('array')!.resolve(value.map(freeOperand))
  return refuse(`${describe(value)} is not a value of a column`)
}

function callOf(tree: UntypedCall, args: Operand[], columns: readonly Column[]): Expression {
  const entry = findFunction(tree.fn)
  if (entry === undefined) {
    const close = didYouMean(tree.fn, functionNames())
    return refuse(`there is no function ${tree.fn}`, close === undefined ? undefined : `Did you mean ${close}?`)
  }
  if (args.length < entry.least || args.length > entry.most) {
    return refuse(`${entry.name} takes ${entry.signature.split(' -> ')[0]}, not ${args.length} arguments`)
  }
  if (tree.fn === 'struct') {
    const names = tree.args.map((arg, i) =>
      arg.kind === 'alias' || arg.kind === 'column' || isField(arg) ? outputName(arg, columns) : `col${i + 1}`,
    )
    return structOf(names, args)
  }
  return marked(tree.fn, args, entry.resolve(args))
}

function udfOf({ made, result }: UntypedUdf, args: Expression[]): Expression {
  const { type, nullable } = result
  const given = args.map((arg, i): Column => {
    return { name: String(i), type: arg.type, nullable: isNullable(arg), ...markOf(arg) }
  })
  const udf = { function: made.id, name: made.name, marks: marksOf([...given, result]) }
  return { op: 'call', fn: 'udf', udf, args, type, nullable, ...markOf(result) }
}

/** An explicit conversion. */
function cast(arg: Operand, { to, try: isTry }: UntypedCast): Expression {
  const from = typeOf(arg)
  if (from === undefined) return literalOf(null, to)!
  if (!canCast(from, to)) refuse(`${typeText(from)} cannot become ${typeText(to)}`)
  if (arg.op === 'free' && typeof arg.value !== 'string') {
    // 0.81 as a decimal is exactly that, not what a double is nearest to.
    const literal = literalOf(arg.value, to)
    if (literal !== undefined) return literal
  }
  const value = settled(arg)
  return sameType(value.type, to) ? value : call(isTry ? 'tryCast' : 'cast', [value], to, isTry || nullableCast(value))
}

function nullableCast(value: Expression): boolean {
  return value.op === 'literal' ? value.value === null : value.nullable
}

/** Bytes in a list may be no text. */
function hasBinary(type: Type): boolean {
  if (typeof type === 'string') return type === 'binary'
  if (type.type === 'array') return hasBinary(type.element)
  return type.type === 'struct' && type.fields.some((field) => hasBinary(field.type))
}

const NUMBERS: readonly Type[] = ['integer', 'long', 'double']
const INSTANTS: readonly Type[] = ['date', 'timestamp', 'timestamp_ntz']

/** Which conversions there are: those of Spark with ANSI on. */
function canCast(from: Type, to: Type): boolean {
  if (sameType(from, to)) return true
  if (typeof from === 'object' && typeof to === 'object' && from.type !== 'decimal' && to.type !== 'decimal') {
    if (from.type === 'array') return to.type === 'array' && canCast(from.element, to.element)
    return (
      to.type === 'struct' &&
      from.fields.length === to.fields.length &&
      from.fields.every(({ type }, i) => canCast(type, to.fields[i]!.type))
    )
  }
  const isNumber = (type: Type) => NUMBERS.includes(type) || isDecimal(type)
  const isNested = (type: Type) => typeof type === 'object' && type.type !== 'decimal'
  if (to === 'string') return !isNested(from) || !hasBinary(from)
  if (isNested(from) || isNested(to)) return false
  if (from === 'string') return true
  if (isNumber(from) && isNumber(to)) return true
  if (from === 'boolean') return isNumber(to)
  if (to === 'boolean') return isNumber(from)
  if (INSTANTS.includes(from) && INSTANTS.includes(to)) return true
  if (from === 'timestamp') return isNumber(to)
  return to === 'timestamp' && isNumber(from)
}
