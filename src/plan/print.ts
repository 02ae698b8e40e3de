/** A plan for people: a tree of its stages, from each output down to the files. */
import { formatBytes, formatCount, formatDuration } from '../base/units.js'
import type { Expression, LiteralExpression, NamedExpression, SortKey } from './expression.js'
import type {
  AggregateCall,
  ElementsInto,
  ElementsOperator,
  Exchange,
  ExchangeRows,
  FileInput,
  FrameEnd,
  GroupValue,
  Operator,
  Plan,
  Sink,
  WindowFrame,
  WindowValue,
} from './plan.js'
import { exchangeOf, stageFilling, tableJoinsIn } from './stages.js'
import { type Column, typeText } from './type.js'

/** What is known about a plan's data before it runs. */
export interface PlanSizes {
  /** Files of each of the job's inputs, and their bytes. */
  inputs: ReadonlyMap<string, { files: number; bytes: number }>
  /** Partitions of each stage's exchange. */
  partitions: readonly number[]
  /** Estimated output of each stage. */
  bytes: readonly number[]
  /** By output: the folders of values that it has, if those that get rows will be replaced. */
  folders: ReadonlyMap<string, readonly string[]>
}

/** What a stage did when the plan ran. */
export interface StageRun {
  tasks: number
  recordsOut: number
  bytesOut: number
  spills: number
  spillBytes: number
  elapsedMs: number
  /** Of each input. */
  inputs?: { rowGroups: number; rowGroupsSkipped: number; operators: OperatorRun[] }[]
}

/** What an operator did, or after all operators the target, in all tasks of the stage together. */
interface OperatorRun {
  rowsIn: number
  rowsOut: number
  ms: number
}

/** How the expressions of data frames are written. */
export type TextOf = (expression: Expression) => string

/** A line and its children. */
interface Node {
  text: string
  children: Node[]
}

/** @param runs of its stages, if it ran */
export function printPlan(plan: Plan, sizes: PlanSizes, textOf: TextOf, runs?: readonly StageRun[]): string {
  const shown = new Set<number>()
  const stageNode = (index: number): Node => {
    const { name, inputs } = plan.stages[index]!
    if (shown.has(index)) return { text: `stage ${name}, as above`, children: [] }
    shown.add(index)
    const run = runs?.[index]
    const children = inputs.map((input, i): Node => {
      const own = run?.inputs?.[i]
      const source = input.kind === 'files' ? fileNode(input, own) : exchangeNode(input.exchange)
      const operators = input.operators.map(
        (operator, n) => operatorText(operator, textOf) + operatorRunText(own?.operators[n]),
      )
      // Last first: the tree is read from its root.
      return operators.reduce<Node>((below, text, i) => {
        const operator = input.operators[i]!
        const built = tableJoinsIn([operator]).map(({ build }) => exchangeNode(build))
        return { text, children: [below, ...built] }
      }, source)
    })
    const done = run ? `: ${counted(run.tasks, 'task')}, ${formatDuration(run.elapsedMs)}` : ''
    return { text: `stage ${name}${done}`, children }
  }
  const fileNode = ({ files: name, format }: FileInput, run: InputRun | undefined): Node => {
    const { files = 0, bytes = 0 } = sizes.inputs.get(name) ?? {}
    const groups =
      run && run.rowGroups > 0
        ? ` (${run.rowGroups - run.rowGroupsSkipped} of ${counted(run.rowGroups, 'row group')} read)`
        : ''
    return { text: `${name}: ${format.kind}, ${counted(files, 'file')}, ${formatBytes(bytes)}${groups}`, children: [] }
  }
  const exchangeNode = (exchange: string): Node => {
    const index = stageFilling(plan, exchange)
    const text = exchangeText(exchangeOf(plan, exchange), sizes.partitions[index]!, textOf)
    return { text: text + estimate(index), children: [stageNode(index)] }
  }
  // The output of functions and aggregates is unknown.
  const estimate = (index: number): string => {
    const run = runs?.[index]
    if (run) return targetRunText(run)
    return sizes.bytes[index] ? `, about ${formatBytes(sizes.bytes[index])}` : ''
  }
  const outputs = plan.stages.flatMap(({ target }, index): Node[] =>
    target.kind === 'sink'
      ? [{ text: sinkText(target, sizes.folders.get(target.name)) + estimate(index), children: [stageNode(index)] }]
      : [],
  )
  return [plan.job, ...linesOf(outputs, '')].join('\n')
}

type InputRun = NonNullable<StageRun['inputs']>[number]

function operatorRunText(run: OperatorRun | undefined): string {
  return run ? ` (${rowsText(run.rowsIn, run.rowsOut)}, ${formatDuration(run.ms)})` : ''
}

function targetRunText({ recordsOut, bytesOut, spills, spillBytes, inputs = [] }: StageRun): string {
  const targets = inputs.flatMap(({ operators }) => operators.at(-1) ?? [])
  const rows = targets.reduce((sum, { rowsIn }) => sum + rowsIn, 0)
  const ms = targets.reduce((sum, target) => sum + target.ms, 0)
  return ` (${[
    targets.length > 0 ? rowsText(rows, recordsOut) : counted(recordsOut, 'record'),
    formatBytes(bytesOut),
    ...(spills > 0 ? [`${counted(spills, 'spill')} of ${formatBytes(spillBytes)}`] : []),
    ...(targets.length > 0 ? [formatDuration(ms)] : []),
  ].join(', ')})`
}

function rowsText(rowsIn: number, rowsOut: number): string {
  return rowsIn === rowsOut ? counted(rowsIn, 'row') : `${counted(rowsIn, 'row')} in, ${formatCount(rowsOut)} out`
}

function linesOf(nodes: readonly Node[], indent: string): string[] {
  return nodes.flatMap(({ text, children }, i) => {
    const isLast = i === nodes.length - 1
    return [`${indent}${isLast ? '└─' : '├─'} ${text}`, ...linesOf(children, `${indent}${isLast ? '   ' : '│  '}`)]
  })
}

/** Folders that are named. */
const FOLDERS_NAMED = 5

/** Which folders get rows is known once they are there. */
function replacedText(folders: readonly string[]): string {
  if (folders.length === 0) return 'replaces no folder: there is none'
  if (folders.length > FOLDERS_NAMED) return `replaces those of ${formatCount(folders.length)} folders that get rows`
  return `replaces ${folders.length === 1 ? `${folders[0]} if it gets` : `those of ${folders.join(', ')} that get`} rows`
}

function sinkText({ name, format, compress, singleFile, partitionBy }: Sink, folders?: readonly string[]): string {
  return [
    `output${name && ` ${name}`}: ${format.kind}`,
    ...(format.kind === 'parquet' ? [format.codec] : []),
    ...(compress ? [compress] : []),
    ...(singleFile ? ['one file'] : []),
    ...(partitionBy ? [`in folders by ${partitionBy.join(', ')}`] : []),
    ...(folders ? [replacedText(folders)] : []),
  ].join(', ')
}

function exchangeText(exchange: Exchange, partitions: number, textOf: TextOf): string {
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
        ...(combine?.op === 'take' ? [`first ${formatCount(combine.count)}`] : []),
      ]
    case 'groups':
      return [
        rows.by.length > 0 ? `grouped by ${rows.by.join(', ')}` : 'one group',
        ...(rows.values.length > 0 ? [rows.values.map((value) => groupText(value, textOf)).join(', ')] : []),
      ]
    case 'sides':
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

function operatorText(operator: Operator, textOf: TextOf): string {
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
  const called = steps.map(({ op, fn }) => `${op} by function ${fn}`)
  return [...(first === 'records' ? [] : [first]), ...called, lastText(into)].join(', ')
}

function lastText(into: ElementsInto): string {
  switch (into.kind) {
    case 'pairs':
      return `pairs for ${into.method}`
    case 'folded':
      return `fold for ${into.fold.method}`
    case 'sorted':
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

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
