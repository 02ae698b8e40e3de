/** What Spark answers, as expressions of ours: reads golden.json of Spark's answers, where that file is. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CATALOGUE } from '../../dist/src/dataset/expression/catalogue.js'
import { parseDate, parseTimestamp } from '../../dist/src/dataset/expression/parse.js'
import type { Untyped } from '../../dist/src/dataset/expression/untyped.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { parseType } from '../../dist/src/plan/type_text.js'
import { fieldsOf, isDecimal, type Value } from './interpreter/value.js'

export const GOLDEN_PATH =
  process.env.RUNJOB_SPARK_GOLDEN ?? fileURLToPath(new URL('../../../shared/spark/golden.json', import.meta.url))

/** An answer: a value, or the class of an error. */
export type Answer = { value: Value } | { error: string }

export interface GoldenCase {
  id: string
  topic: string
  sql: string
  tree: Untyped
  columns: Column[]
  rows: Value[][]
  /** null: the expression is refused. */
  answer: { type: string; rows: Answer[] } | null
}

export interface Golden {
  cases: GoldenCase[]
  /** Reason -> ids of cases that are not tried. */
  skipped: Map<string, string[]>
}

interface Line {
  id?: string
  topic?: string
  table?: string
  columns?: [string, string][]
  rows?: unknown[][]
  expr?: string
  tree?: unknown
  type?: string
  out?: unknown[]
  error?: string
}

class Lacks extends Error {}

function lacks(what: string): never {
  throw new Lacks(what)
}

/** null where the file is not. */
export function readGolden(topics: ReadonlySet<string>): Golden | null {
  if (!existsSync(GOLDEN_PATH)) return null
  const lines = readFileSync(GOLDEN_PATH, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const tables = new Map<string, Line>()
  const cases: GoldenCase[] = []
  const skipped = new Map<string, string[]>()
  for (const line of lines) {
    if (line.id === undefined && line.table !== undefined) tables.set(line.table, line)
    if (line.expr === undefined || !topics.has(line.topic!)) continue
    try {
      cases.push(caseOf(line, tables.get(line.table!)!))
    } catch (error) {
      if (!(error instanceof Lacks)) throw error
      skipped.set(error.message, [...(skipped.get(error.message) ?? []), line.id!])
    }
  }
  return { cases, skipped }
}

function caseOf(line: Line, table: Line): GoldenCase {
  const { id, topic, expr } = line
  if (line.tree === undefined) lacks('no tree')
  const tree = treeOf(line.tree, expr!)
  const names = new Set<string>()
  collectNames(tree, names)
  // Columns of types that we lack do not matter where they are not read.
  const used = table.columns!.map(([name], i) => ({ name, i })).filter(({ name }) => names.has(name))
  const columns = used.map(({ name, i }) => ({ name, type: typeOf(table.columns![i]![1]), nullable: true }))
  const rows = table.rows!.map((row) => used.map(({ i }, at) => goldenValue(row[i], columns[at]!.type)))
  if (line.out === undefined) return { id: id!, topic: topic!, sql: expr!, tree, columns, rows, answer: null }
  const type = typeOf(line.type!)
  const answers = line.out.map((one) => answerOf(one, type))
  return { id: id!, topic: topic!, sql: expr!, tree, columns, rows, answer: { type: line.type!, rows: answers } }
}

function answerOf(json: unknown, type: Type): Answer {
  if (typeof json === 'object' && json !== null && '$error' in json) return { error: String(json.$error) }
  return { value: goldenValue(json, type) }
}

function typeOf(text: string): Type {
  if (text === 'void') return 'string'
  if (/void|tinyint|smallint|float|map|interval|variant|time\b|collate/i.test(text))
    lacks(`type ${text.replace(/<.*/, '')}`)
  return parseType(text, Error)
}

function collectNames(tree: Untyped, names: Set<string>): void {
  if (tree.kind === 'column') names.add(tree.name)
  if (tree.kind === 'call') for (const arg of tree.args) collectNames(arg, names)
  if (tree.kind === 'cast' || tree.kind === 'alias') collectNames(tree.arg, names)
}

function goldenValue(json: unknown, type: Type): Value {
  if (json === null) return null
  if (Array.isArray(json)) {
    const fields = fieldsOf(type)
    return json.map((one, i) => goldenValue(one, (fields[i] ?? fields[0]!).type))
  }
  if (isDecimal(type)) return BigInt(String(json).replace('.', ''))
  const text = String(json)
  switch (type) {
    case 'long':
      return BigInt(text)
    case 'double': {
      const bits = text.slice(text.lastIndexOf('/') + 1)
      return Buffer.from(bits, 'hex').readDoubleBE()
    }
    case 'binary':
      return Buffer.from(text, 'hex')
    case 'date':
      return parseDate(text)
    case 'timestamp':
    case 'timestamp_ntz':
      return parseTimestamp(text)
  }
  return json as Value
}

/** Names that Spark has for what the catalogue names otherwise. */
const ALIASES: Record<string, string> = {
  nvl: 'ifNull',
  equal_null: 'eqNullSafe',
  mod: 'mod',
  sign: 'signum',
  power: 'pow',
  ceiling: 'ceil',
  char_length: 'length',
  btrim: 'trim',
  ucase: 'upper',
  lcase: 'lower',
  day: 'dayOfMonth',
  date_diff: 'dateDiff',
  cardinality: 'size',
  array_size: 'size',
  char: 'chr',
  StringLocate: 'locate',
  substr: 'substring',
  date_part: 'extract',
}

const FUNCTIONS = new Map<string, string>([
  ...Object.values(CATALOGUE)
    .flat()
    .map((entry): [string, string] => [entry.spark, entry.name]),
  ...Object.entries(ALIASES),
])

function treeOf(json: unknown, sql: string): Untyped {
  const [head, ...rest] = json as [string, ...unknown[]]
  const of = (one: unknown) => treeOf(one, sql)
  switch (head) {
    case 'col':
      return { kind: 'column', name: rest[0] as string }
    case 'lit':
      return literalOf(rest[0] as string, rest[1] as string | null)
    case 'cast':
    case 'try_cast':
      return { kind: 'cast', arg: of(rest[0]), to: typeOf(rest[1] as string), try: head === 'try_cast' }
    case 'double':
      return { kind: 'cast', arg: of(rest[0]), to: 'double', try: false }
    case 'alias':
      return { kind: 'alias', arg: of(rest[0]), name: rest[1] as string }
    case 'timestampadd':
    case 'timestampdiff': {
      const [unit, ...others] = rest
      const fn = head === 'timestampadd' ? 'timestampAdd' : 'timestampDiff'
      return { kind: 'call', fn, args: [{ kind: 'literal', value: unit }, ...others.map(of)] }
    }
    case 'try_to_date':
    case 'try_to_timestamp':
      if (rest.length > 1) lacks(`${head} with a format`)
      return { kind: 'cast', arg: of(rest[0]), to: head === 'try_to_date' ? 'date' : 'timestamp', try: true }
    case 'positive':
      return of(rest[0])
    case 'like':
    case 'ilike':
      return { kind: 'call', fn: head, args: [of(rest[0]), of(rest[1]), { kind: 'literal', value: rest[2] ?? '\\' }] }
    case 'log':
      return { kind: 'call', fn: rest.length === 1 ? 'ln' : 'log', args: rest.map(of) }
    case 'from_json': {
      const [text, [, , schema = ''], [, , [, , mode] = []] = []] = rest as [unknown, string[], unknown[][]?]
      if (rest.length > 2 && mode !== 'FAILFAST') lacks('options of from_json')
      if (/NOT NULL/.test(schema)) lacks('schemas with NOT NULL')
      // Columns without a type around them.
      const type = typeOf(/^\w+</.test(schema) ? schema : `struct<${schema}>`)
      return { kind: 'call', fn: 'fromJson', args: [of(text), { kind: 'literal', value: null, type }] }
    }
    case 'named_struct': {
      const args: Untyped[] = []
      for (let i = 0; i < rest.length; i += 2) {
        const name = (rest[i] as string[])[2]!
        args.push({ kind: 'alias', arg: of(rest[i + 1]), name })
      }
      return { kind: 'call', fn: 'struct', args }
    }
    case 'get': {
      const [x, key] = rest as [unknown, unknown[]]
      if (key[0] === 'lit' && key[1] === 'string') {
        return { kind: 'call', fn: 'field', args: [of(x), { kind: 'literal', value: key[2] }] }
      }
      if (!sql.includes('get(')) lacks('subscripts, which raise beyond the end')
      return { kind: 'call', fn: 'get', args: [of(x), of(key)] }
    }
  }
  const fn = FUNCTIONS.get(head)
  if (fn === undefined) return lacks(`function ${head}`)
  return { kind: 'call', fn, args: rest.map(of) }
}

function literalOf(type: string, text: string | null): Untyped {
  if (text === null || type === 'void') return { kind: 'literal', value: null }
  const known = typeOf(type)
  if (isDecimal(known)) return { kind: 'literal', value: text, type: known }
  switch (known) {
    case 'boolean':
      return { kind: 'literal', value: text === 'true', type: known }
    case 'integer':
    case 'double':
      return { kind: 'literal', value: Number(text), type: known }
    case 'long':
      return { kind: 'literal', value: BigInt(text), type: known }
    case 'binary':
      return { kind: 'literal', value: new Uint8Array(Buffer.from(text, 'hex')), type: known }
  }
  return { kind: 'literal', value: text, type: known }
}
