/**
 * Expressions over the columns of a row, typed and resolved: plain data. Back ends evaluate them as they stand; conversions that the
 * front end's rules ask for are calls of `cast`.
 */
import type { Marks, MayBeExact, Type } from './type.js'

/** A user's function. The front end that made the plan finds it by this id, in each worker (functions.ts). */
export type FunctionId = string

export type Expression = ColumnExpression | LiteralExpression | CallExpression

/** A column of the rows that an operator takes. */
export interface ColumnExpression extends MayBeExact {
  op: 'column'
  name: string
  type: Type
  nullable: boolean
}

export interface LiteralExpression extends MayBeExact {
  op: 'literal'
  /**
   * null; a boolean; an integer and a date as a number; a long, a timestamp (microseconds) and a decimal (unscaled) as a string of digits; a
   * double as its shortest text, `NaN`, `Infinity` or `-Infinity`; a string as it is; binary as base64.
   */
  value: null | boolean | number | string
  type: Type
}

/** A function by the name that docs/functions.md gives it. */
export interface CallExpression extends MayBeExact {
  op: 'call'
  fn: string
  /** Of `udf`. */
  udf?: UdfCall
  args: Expression[]
  /** Of the result. */
  type: Type
  nullable: boolean
}

/** Which of the user's functions is called. */
export interface UdfCall {
  function: FunctionId
  /** For people. */
  name: string
  /** Marks of the arguments, which are named by their numbers from 0, and of the result, which is nameless. */
  marks: Marks
}

export interface NamedExpression {
  name: string
  value: Expression
}

/** How rows are ordered by a column. */
export interface SortKey {
  column: string
  descending: boolean
  nullsFirst: boolean
}

/** Columns that it reads, maybe several times. */
export function columnNames(expression: Expression): string[] {
  if (expression.op === 'column') return [expression.name]
  return expression.op === 'call' ? expression.args.flatMap(columnNames) : []
}

export function isNullable(expression: Expression): boolean {
  return expression.op === 'literal' ? expression.value === null : expression.nullable
}
