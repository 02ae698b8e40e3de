/** A function of the catalogue, and short ways to describe the common kinds. */
import { type CallExpression, type Expression, isNullable } from '../../../plan/expression.js'
import { type Type, typeText } from '../../../plan/type.js'
import { type Operand, take } from '../coercion.js'
import { refuse } from '../fault.js'
import { type FreeValue, literalOf } from '../literal.js'

export interface FunctionEntry {
  name: string
  /** Its name in Spark SQL. */
  spark: string
  /** `(s: string, n: int) -> string` */
  signature: string
  /** What a null argument gives, unless null. */
  nulls: string
  /** A line of meaning. */
  does: string
  least: number
  most: number
  resolve(args: Operand[]): Expression
}

export function call(fn: string, args: Expression[], type: Type, nullable = args.some(isNullable)): CallExpression {
  return { op: 'call', fn, args, type, nullable }
}

interface PlainFunction {
  name: string
  spark: string
  params: Record<string, Type>
  gives: Type
  does: string
  /** For the last parameters, which may be left out. */
  defaults?: (FreeValue | undefined)[]
  /** May be null though no argument is. */
  nullable?: true
  nulls?: string
  /** By which back ends know it; default: its name. */
  fn?: string
  /** Parameters that must be literals. */
  literals?: string[]
  check?(args: Expression[]): void
}

/** A function of fixed types. A default of undefined leaves the argument out. */
export function plain(spec: PlainFunction): FunctionEntry {
  const params = Object.entries(spec.params)
  const defaults = spec.defaults ?? []
  const least = params.length - defaults.length
  return {
    name: spec.name,
    spark: spec.spark,
    signature: signatureText(params, least, spec),
    nulls: spec.nulls ?? '',
    does: spec.does,
    least,
    most: params.length,
    resolve(operands) {
      const given: Operand[] = [...operands]
      for (const value of defaults.slice(operands.length - least)) {
        if (value !== undefined) given.push({ op: 'free', value })
      }
      const args = given.map((operand, i) => taken(operand, params[i]![1], params[i]![0]))
      for (const name of spec.literals ?? []) {
        const arg = args[params.findIndex(([param]) => param === name)]
        if (arg !== undefined && arg.op !== 'literal') refuse(`${name} must be a literal, not computed for each row`)
      }
      spec.check?.(args)
      return call(spec.fn ?? spec.name, args, spec.gives, spec.nullable || args.some(isNullable))
    },
  }
}

/** An argument as the type of its parameter, which an error names. */
export function taken(operand: Operand, type: Type, param: string): Expression {
  if (operand.op === 'free' && typeof operand.value === 'number' && type === 'string') {
    return literalOf(String(operand.value), 'string')!
  }
  return take(operand, type, param)
}

function signatureText(params: [string, Type][], least: number, { defaults = [], gives }: PlainFunction): string {
  const texts = params.map(([name, type], i) => {
    const value = i < least ? undefined : defaults[i - least]
    const text = `${name}${i >= least && value === undefined ? '?' : ''}: ${typeText(type)}`
    return value === undefined ? text : `${text} = ${typeof value === 'string' ? `'${value}'` : value}`
  })
  return `(${texts.join(', ')}) -> ${typeText(gives)}`
}

/** The text of a literal argument; null if it is null. */
export function literalText(arg: Expression | undefined): string | null {
  return arg?.op === 'literal' && typeof arg.value === 'string' ? arg.value : null
}
