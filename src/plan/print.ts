/** The parts of a plan in words. */
import { formatCount } from '../base/units.js'
import { isBinary } from './columns.js'
import type { Expression, LiteralExpression, NamedExpression, SortKey } from './expression.js'
import type {
  AggregateCall,
  ElementsInto,
  ElementsOperator,
  Exchange,
  ExchangeRows,
  FrameEnd,
  GroupValue,
  Operator,
  Sink,
  WindowFrame,
  WindowValue,
} from './plan.js'
import { type Column, typeText } from './type.js'

/** How the expressions of data frames are written. */
export type TextOf = (expression: Expression) => string

/** Folders that are named. */
const FOLDERS_NAMED = 5

/** Which folders get rows is known once they are there. */
function replacedText(folders: readonly string[]): string {
  if (folders.length === 0) return 'replaces no folder: there is none'
  if (folders.length > FOLDERS_NAMED) return `replaces those of ${formatCount(folders.length)} folders that get rows`
  return `replaces ${folders.length === 1 ? `${folders[0]} if it gets` : `those of ${folders.join(', ')} that get`} rows`
}

export function sinkText(
  { name, format, compress, singleFile, partitionBy }: Sink,
  folders?: readonly string[],
): string {
  return [
    `output${name && ` ${name}`}: ${format.kind}`,
    ...(isBinary(format) ? [format.codec] : []),
    ...(compress ? [compress] : []),
    ...(singleFile ? ['one file'] : []),
    ...(partitionBy ? [`in folders by ${partitionBy.join(', ')}`] : []),
    ...(folders ? [replacedText(folders)] : []),
  ].join(', ')
}

export function exchangeText(exchange: Exchange, partitions: number, textOf: TextOf): string {
  const { partitionBy, descending, grouping, combine, rows } = exchange
  if (rows) {
    // How many ranges there are follows from the rows.
    const divided = partitionBy === 'range' ? 'by range' : counted(partitions, 'partition')
    return `exchange: ${[divided, ...rowsTexts(exchange, rows, textOf)].join(', ')}`
  }
  return [
    `exchange: ${counted(partitions, 'partition')} by ${partitionBy === 'user' ? 'a function' : `${partitionBy} of the key`}`,
    ...(descending ? ['descending'] : []),
    ...(grouping === 'prefix' ? ['ordered inside a key'] : []),
    ...(combine ? [combine.op === 'combine' ? `combined by function ${combine.fn}` : 'combined'] : []),
  ].join(', ')
}

function rowsTexts({ combine }: Exchange, rows: ExchangeRows, textOf: TextOf): string[] {
  switch (rows.kind) {
    case 'rows':
      return [
        ...(rows.by ? [`by ${rows.by.join(', ')}`] : []),
        rows.keys.length > 0 ? `sorted by ${rows.keys.map(sortText).join(', ')}` : 'in input order',
        ...(rows.rankLimit ? [`up to ${rows.rankLimit.fn} ${formatCount(rows.rankLimit.most)}`] : []),
        ...(combine?.op === 'take' ? [`first ${formatCount(combine.count)}`] : []),
      ]
    case 'groups':
      return [
        rows.by.length > 0 ? `grouped by ${rows.by.join(', ')}` : 'one group',
        ...(rows.values.length > 0 ? [rows.values.map((value) => groupText(value, textOf)).join(', ')] : []),
      ]
    case 'sides':
      if (rows.sides[0]!.keys.length === 0) return ['all rows of both sides']
      return [`left by ${rows.sides[0]!.keys.join(', ')}`, `right by ${rows.sides[1]!.keys.join(', ')}`]
  }
}

function sortText({ column, descending, nullsFirst }: SortKey): string {
  const isUsual = nullsFirst === !descending
  return `${column}${descending ? ' descending' : ''}${isUsual ? '' : nullsFirst ? ' nulls first' : ' nulls last'}`
}

function groupText({ column, fn, args }: GroupValue, textOf: TextOf): string {
  return `${column.name} = ${fn}(${args.map(textOf).join(', ')})`
}

function windowText({ column, fn, args, frame }: WindowValue, textOf: TextOf): string {
  return `${column.name} = ${fn}(${args.map(textOf).join(', ')})${frame === null ? '' : ` of ${frameText(frame, textOf)}`}`
}

/** As SQL says it, but for rows that are the whole partition. */
export function frameText({ unit, start, end }: WindowFrame, textOf: TextOf): string {
  const isNegative = (by: number | LiteralExpression) =>
    typeof by === 'number' ? by < 0 : String(by.value).startsWith('-')
  const text = (by: FrameEnd, open: string): string => {
    if (by === null) return `unbounded ${open}`
    if (by === 0) return 'current row'
    const distance = typeof by === 'number' ? formatCount(Math.abs(by)) : textOf(by).replace(/^-/, '')
    return `${distance} ${isNegative(by) ? 'preceding' : 'following'}`
  }
  if (start === null && end === null) return 'the partition'
  return `${unit} between ${text(start, 'preceding')} and ${text(end, 'following')}`
}

function projectText({ name, value }: NamedExpression, textOf: TextOf): string {
  return value.op === 'column' && value.name === name ? name : `${name} = ${textOf(value)}`
}

export function operatorText(operator: Operator, textOf: TextOf): string {
  switch (operator.op) {
    case 'words':
      return operator.lowercase ? 'words in lower case' : 'words'
    case 'lines':
      return 'lines'
    case 'fields':
      return `fields ${operator.keys.join(', ')}: ${operator.values.map(valueText).join(', ') || 'no values'}`
    case 'grep':
      return `grep ${operator.invert ? 'without ' : ''}${JSON.stringify(operator.pattern)}`
    case 'map': {
      const columns = operator.rows?.columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ')
      return `map by function ${operator.fn}${columns === undefined ? '' : ` of rows of ${columns}`}`
    }
    case 'reduce':
      return `reduce by function ${operator.fn}`
    case 'elements':
      return elementsText(operator)
    case 'aggregate':
      return operator.aggregates.map(aggregateText).join(', ') || 'each key once'
    case 'join':
      return `${operator.type} join`
    case 'take':
      return `first ${formatCount(operator.count)}`
    case 'byNumber':
      return `number in front of the key${operator.descending ? ', descending' : ''}`
    case 'dropNumber':
      return 'number off the key'
    case 'scan': {
      const names = (columns: readonly Column[]) => columns.map(({ name }) => name).join(', ')
      const folders = operator.folders ? `; of folders ${names(operator.folders)}` : ''
      return `scan ${names(operator.columns) || 'no columns'}${folders}${operator.place ? '; and its place' : ''}`
    }
    case 'toDF':
      return `rows of ${operator.columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ')}`
    case 'rows':
      return 'rows'
    case 'groups':
      return 'groups'
    case 'window':
      return `window ${operator.values.map((value) => windowText(value, textOf)).join(', ')}`
    case 'mergeJoin':
      return `${operator.type} join${residualText(operator.residual, textOf)}`
    case 'probe':
    case 'hashJoin': {
      const keys = operator.on.map((left, i) => `${left} = ${operator.buildOn[i]}`).join(', ')
      const table = operator.op === 'probe' ? 'with one table' : 'with a table a partition'
      return `${operator.type} join ${table} on ${keys || 'nothing'}${residualText(operator.residual, textOf)}`
    }
    case 'filter':
      return `filter ${textOf(operator.where)}${operator.leftOut ? ', and count the others' : ''}`
    case 'keyFilter':
      return `filter ${operator.column} by the keys ${operator.buildOn[operator.key]} of the table`
    case 'sideFilter':
      return `filter ${operator.column} by the keys of the other side`
    case 'project':
      return `project ${operator.columns.map((column) => projectText(column, textOf)).join(', ') || 'no columns'}`
    case 'explode': {
      const { list, outer, position, element } = operator
      const made = [...(position === null ? [] : [position]), element].map(({ name }) => name).join(', ')
      return `explode ${textOf(list)} as ${made}${outer ? ', also without elements' : ''}`
    }
    case 'limit':
      return `limit ${formatCount(operator.count)}`
  }
}

function elementsText({ from, steps, into }: ElementsOperator): string {
  const first = 'fold' in from ? `merge for ${from.fold.method}` : 'how' in from ? `${from.how} join` : from.kind
  const called = steps.map((step) =>
    step.op === 'sample' ? `sample ${step.fraction}` : `${step.op} by function ${step.fn}`,
  )
  return [...(first === 'records' ? [] : [first]), ...called, lastText(into)].join(', ')
}

function lastText(into: ElementsInto): string {
  switch (into.kind) {
    case 'pairs':
      return `pairs for ${into.method}`
    case 'folded':
      return `fold for ${into.fold.method}`
    case 'sorted':
    case 'sortedRows':
      return into.by === null ? 'by their keys' : `by function ${into.by.fn}`
    case 'reduced':
      return `reduce by function ${into.fn}`
    case 'texts':
      return 'lines'
    case 'count':
      return 'count'
    default:
      return 'elements'
  }
}

function residualText(residual: Expression | null, textOf: TextOf): string {
  return residual === null ? '' : ` where ${textOf(residual)}`
}

function valueText(value: { column: string } | { columns: string[] }): string {
  return 'column' in value ? value.column : `row of ${counted(value.columns.length, 'column')}`
}

function aggregateText({ fn, column, k }: AggregateCall): string {
  return `${fn}${k === undefined ? '' : ` ${k}`}${column === null ? '' : ` of ${column}`}`
}

export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
