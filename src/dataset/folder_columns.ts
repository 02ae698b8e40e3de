/** The columns that folders give: their types, declared or by Spark's rules of inference, and a value for each file. */
import { RunjobError } from '../base/errors.js'
import type { FolderValue } from '../io/input/folders.js'
import type { LiteralExpression } from '../plan/expression.js'
import { type Column, sameType, type Type, typeText } from '../plan/type.js'
import { decimalType, isDecimal, LONG_DECIMAL, widerDecimal } from './expression/decimal_types.js'
import { literalOf, nullOf } from './expression/literal.js'
import { parseDate, parseInteger, parseLong } from './expression/parse.js'

export interface FolderFile {
  path: string
  values: readonly FolderValue[]
}

/** By name of the column. */
export type FolderLiterals = Readonly<Record<string, LiteralExpression>>

export interface FolderColumns {
  columns: Column[]
  /** Of each file. */
  values: FolderLiterals[]
}

/**
 * @param declared the schema of what is read, if there is one: other columns of folders are not read
 * @param infer whether columns that are not declared may be more than text
 * @returns null: folders give no column
 * @throws DATASET_INVALID if files have other columns in their folders, naming two, or a value is not of its declared type
 */
export function folderColumns(
  files: readonly FolderFile[],
  declared: readonly Column[] | null,
  infer: boolean,
): FolderColumns | null {
  const first = files.find(({ values }) => namesOf(values).some(isRead))
  if (!first) return null
  const wanted = namesOf(first.values).filter(isRead)
  for (const { path, values } of files) {
    const names = namesOf(values).filter(isRead)
    if (names.join('\n') !== wanted.join('\n')) throw unlike(first.path, wanted, path, names)
  }
  const columns = wanted.map((name): Column => {
    const known = declared?.find((column) => column.name === name)
    if (known) return known
    const texts = new Set(files.map(({ values }) => textOf(values, name)))
    return { name, type: infer ? inferred(texts) : 'string', nullable: true }
  })
  const values = files.map(({ path, values }) =>
    Object.fromEntries(columns.map((column) => [column.name, literal(textOf(values, column.name), column, path)])),
  )
  return { columns, values }

  function isRead(name: string): boolean {
    return declared === null || declared.some((column) => column.name === name)
  }
}

function namesOf(values: readonly FolderValue[]): string[] {
  return values.map(({ name }) => name)
}

function textOf(values: readonly FolderValue[], name: string): string | null {
  return values.find((value) => value.name === name)!.text
}

function unlike(one: string, names: readonly string[], other: string, otherNames: readonly string[]): RunjobError {
  const said = (list: readonly string[]) => (list.length === 0 ? 'none' : list.join(', '))
  return new RunjobError(
    'DATASET_INVALID',
    {
      problem: `folders give other columns to other files: ${said(names)} to ${one}, but ${said(otherNames)} to ${other}`,
      hint: 'Read files of one kind: name an inner folder, or a glob in quotes.',
    },
    { where: { file: other } },
  )
}

function literal(text: string | null, { name, type, nullable }: Column, path: string): LiteralExpression {
  const refuse = (problem: string, hint: string): never => {
    throw new RunjobError('DATASET_INVALID', { problem: `${path}: ${problem}`, hint }, { where: { file: path } })
  }
  if (text === null) {
    if (!nullable)
      refuse(`its folders say that ${name} is missing`, `Declare it nullable(…), or filter the folder away by a glob.`)
    return nullOf(type)
  }
  return (
    literalOrNull(text, type) ??
    refuse(
      `the folder ${name}=${text} is not of type ${typeText(type)}`,
      `Declare another type for ${name}, such as string().`,
    )
  )
}

/** Source: Spark's PartitioningUtils. Here a date has all its digits, and a number of more than 38 is text. */
function inferred(texts: Iterable<string | null>): Type {
  let type: Type | null = null
  for (const text of texts) {
    if (text === null) continue
    const own = typeOf(text)
    type = type === null ? own : common(type, own)
  }
  return type ?? 'string'
}

function typeOf(text: string): Type {
  if (/^[+-]?\d+$/.test(text)) {
    if (parseInteger(text) !== null) return 'integer'
    if (parseLong(text) !== null) return 'long'
    const digits = text.replace(/^[+-]?0*/, '').length
    return digits <= 38 ? decimalType(digits, 0) : 'string'
  }
  if (/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|NaN|Infinity)$/i.test(text)) return 'double'
  if (/^\d{4}-\d\d-\d\d$/.test(text) && parseDate(text) !== null) return 'date'
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/.test(text) && literalOrNull(text, 'timestamp'))
    return 'timestamp'
  return 'string'
}

function literalOrNull(text: string, type: Type): LiteralExpression | null {
  try {
    return literalOf(text, type) ?? null
  } catch {
    return null
  }
}

/** The type of both; text if numbers would lose digits, or are beside something else. */
function common(a: Type, b: Type): Type {
  const [one, other] = rankOf(a) <= rankOf(b) ? [a, b] : [b, a]
  if (sameType(one, other)) return one
  if (one === 'integer' && rankOf(other) < NUMBERS) return other
  if (isDecimal(other) && (one === 'long' || isDecimal(one))) {
    return widerDecimal(isDecimal(one) ? one : LONG_DECIMAL, other)!
  }
  return one === 'date' && other === 'timestamp' ? 'timestamp' : 'string'
}

const RANKS: readonly unknown[] = ['integer', 'long', 'decimal', 'double', 'date', 'timestamp', 'string']
/** Ranks below are those of numbers. */
const NUMBERS = 4

function rankOf(type: Type): number {
  return RANKS.indexOf(typeof type === 'string' ? type : type.type)
}
