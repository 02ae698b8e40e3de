/** Expressions as the builder makes them: names that are not looked up yet, and no types. Plain data, except for literals. */
import type { MayBeExact, Type } from '../../plan/type.js'

export type Untyped = UntypedColumn | UntypedLiteral | UntypedCall | UntypedCast | UntypedAlias

/** A column, or a field of a struct: `address.city`. */
export interface UntypedColumn {
  kind: 'column'
  name: string
}

export interface UntypedLiteral {
  kind: 'literal'
  /** null, boolean, number, bigint, string, Date, Uint8Array, or an array of these. */
  value: unknown
  /** Absent: what the other side of an operator asks for, else the value's own. */
  type?: Type
}

export interface UntypedCall {
  kind: 'call'
  /** A name in the catalogue. */
  fn: string
  args: Untyped[]
}

export interface UntypedCast extends MayBeExact {
  kind: 'cast'
  arg: Untyped
  to: Type
  /** Whether a value that does not fit becomes null. */
  try: boolean
}

export interface UntypedAlias {
  kind: 'alias'
  arg: Untyped
  name: string
}
