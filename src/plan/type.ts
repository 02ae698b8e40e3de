/** Types of columns, by Spark's names: what JSON of a Spark schema says is what a plan says. */

/**
 * Marks longs and timestamps that JavaScript gets as bigints, as their type was declared. JSON knows no symbols, so plans do not have it, nor
 * does what runs, or what a run is continued by, depend on it; but for functions that get such values (marksOf).
 */
export const EXACT: unique symbol = Symbol.for('runjob.exact') as never

/** What may be marked: columns, expressions, and lists for their elements. */
export interface MayBeExact {
  [EXACT]?: true
}

export type SimpleType =
  | 'boolean'
  | 'integer'
  | 'long'
  | 'double'
  | 'string'
  | 'binary'
  /** Days since 1970-01-01. */
  | 'date'
  /** An instant: microseconds since 1970-01-01 UTC. */
  | 'timestamp'
  /** A date and a time of day, without a zone. */
  | 'timestamp_ntz'

/** `precision` digits, at most 38, of which `scale` are fractional. */
export interface DecimalType {
  type: 'decimal'
  precision: number
  scale: number
}

export interface ArrayType extends MayBeExact {
  type: 'array'
  element: Type
  /** Whether elements may be null. */
  containsNull: boolean
}

export interface StructType {
  type: 'struct'
  fields: Column[]
}

export type Type = SimpleType | DecimalType | ArrayType | StructType

/** A column of rows, or a field of a struct. */
export interface Column extends MayBeExact {
  name: string
  type: Type
  nullable: boolean
}

/** The mark of another one, to be spread. */
export function markOf(marked: MayBeExact | undefined): MayBeExact {
  return marked?.[EXACT] ? { [EXACT]: true } : {}
}

/** The same type with the marks of another one, which differs in nothing else. */
export function markedLike(type: Type, like: Type): Type {
  if (typeof type === 'string' || typeof like === 'string') return type
  if (type.type === 'array' && like.type === 'array') {
    const { [EXACT]: _, ...list } = type
    return { ...list, element: markedLike(type.element, like.element), ...markOf(like) }
  }
  if (type.type !== 'struct' || like.type !== 'struct') return type
  const fields = type.fields.map(({ [EXACT]: _, ...field }, i) => {
    const other = like.fields[i]!
    return { ...field, type: markedLike(field.type, other.type), ...markOf(other) }
  })
  return { type: 'struct', fields }
}

/** Where columns are marked, as plain data: the names of columns and fields on the way there, '' for the elements of a list. */
export type Marks = string[][]

export function marksOf(columns: readonly Column[]): Marks {
  return columns.flatMap((column) => {
    const own: Marks = column[EXACT] ? [[]] : []
    return [...own, ...marksIn(column.type)].map((path) => [column.name, ...path])
  })
}

function marksIn(type: Type): Marks {
  if (typeof type === 'string' || type.type === 'decimal') return []
  if (type.type === 'struct') return marksOf(type.fields)
  const own: Marks = type[EXACT] ? [[]] : []
  return [...own, ...marksIn(type.element)].map((path) => ['', ...path])
}

/** The inverse of marksOf. */
export function withMarks(columns: readonly Column[], marks: Marks): Column[] {
  return columns.map((column) => {
    const own = below(marks, column.name)
    return { ...column, type: typeWithMarks(column.type, own), ...markAt(own) }
  })
}

function typeWithMarks(type: Type, marks: Marks): Type {
  if (typeof type === 'string' || type.type === 'decimal') return type
  if (type.type === 'struct') return { ...type, fields: withMarks(type.fields, marks) }
  const own = below(marks, '')
  return { ...type, element: typeWithMarks(type.element, own), ...markAt(own) }
}

function below(marks: Marks, name: string): Marks {
  return marks.filter(([first]) => first === name).map(([, ...rest]) => rest)
}

function markAt(marks: Marks): MayBeExact {
  return marks.some((path) => path.length === 0) ? { [EXACT]: true } : {}
}

/** Whether it is a list or a struct. */
export function isNested(type: Type): boolean {
  return typeof type !== 'string' && type.type !== 'decimal'
}

/** As Spark's simpleString: `decimal(10,2)`, `array<int>`, `struct<a:int,b:string>`. */
export function typeText(type: Type): string {
  if (typeof type === 'string') return SHORT_NAMES[type] ?? type
  switch (type.type) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'array':
      return `array<${typeText(type.element)}>`
    case 'struct':
      return `struct<${type.fields.map(({ name, type }) => `${name}:${typeText(type)}`).join(',')}>`
  }
}

const SHORT_NAMES: Partial<Record<SimpleType, string>> = { integer: 'int', long: 'bigint' }

export function sameType(a: Type, b: Type): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  if (a.type === 'decimal') return b.type === 'decimal' && a.precision === b.precision && a.scale === b.scale
  if (a.type === 'array') return b.type === 'array' && sameType(a.element, b.element)
  return (
    b.type === 'struct' &&
    a.fields.length === b.fields.length &&
    a.fields.every(({ name, type }, i) => name === b.fields[i]!.name && sameType(type, b.fields[i]!.type))
  )
}
