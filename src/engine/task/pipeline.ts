/** The native pipeline of an input of rows: all its operators, from what reads the input to the task's target. */

import { RunjobError, type Where } from '../../base/errors.js'
import { now } from '../../base/now.js'
import { compressPage } from '../../io/format/parquet/codec.js'
import { type InputFile, nameOf } from '../../io/input/input_file.js'
import { kernels } from '../../kernels/addon.js'
import type { JoinTable, Pipeline } from '../../kernels/kernels.js'
import {
  constantsProgram,
  type FileEnd,
  type PipelineEnd,
  type PipelineOperator,
  type PipelineSource,
  pipelineProgram,
} from '../../kernels/pipeline_program.js'
import { errorOf } from '../../kernels/udf.js'
import { columnsOf, fileColumns, isBinary, pick, rowsOf } from '../../plan/columns.js'
import { columnNames, type Expression, type LiteralExpression, type SortKey } from '../../plan/expression.js'
import { operatorNames } from '../../plan/names.js'
import type {
  BinaryFormat,
  Exchange,
  ExchangeInput,
  FileInput,
  Input,
  Operator,
  OperatorOf,
  RowOperator,
  Sink,
  SinkFormat,
} from '../../plan/plan.js'
import { isRanged, probeOf, tableJoinsIn, takesFewer } from '../../plan/stages.js'
import type { Column } from '../../plan/type.js'
import type { WorkerBudget } from '../task.js'
import type { TaskEnvironment } from './environment.js'
import { closeDrained, type Intake, type RecordIntake, type RowIntake, type SortedIntake } from './intake.js'
import { CalledRows } from './operator/map_rows.js'
import { scan } from './operator/scan.js'
import type { Tables } from './operator/table.js'
import { toDF } from './operator/to_df.js'
import type { Quarantine } from './quarantine.js'
import { scanParquet } from './source/parquet.js'
import { binaryEnd } from './target/binary_end.js'
import { ExchangeTarget } from './target/exchange.js'
import { FolderTarget } from './target/folders.js'
import type { PartTarget } from './target/part.js'
import type { Target } from './target/target.js'

/** Records of an exchange between two looks at the stop flag. */
const DRAIN_RECORDS = 16_384

const SOURCES: readonly Operator['op'][] = ['scan', 'toDF', 'rows', 'window', 'groups', 'mergeJoin']

/** Whether an input's operators are those of data frames, up to functions of elements. */
export function takesRows({ operators: [first] }: Input): boolean {
  return first !== undefined && SOURCES.includes(first.op)
}

/**
 * @param input of the task's stage: one pipeline of it
 * @param next the task's target; or, for elements, whatever takes them
 * @param tables of the pipeline's joins
 */
export function linkRows(input: Input, next: Target | RecordIntake, tables: Tables, env: TaskEnvironment): Intake {
  const last = input.operators.at(-1)!
  if (last.op !== 'elements') return linkTo(tables, input, next as Target, env)
  const before = { ...input, operators: input.operators.slice(0, -1) }
  const isParquet = isScanOfParquet(before)
  const rows = new CalledRows(last, next, env, isParquet)
  return linkTo(tables, isParquet ? withoutUnread(before, rows.columns) : before, rows, env)
}

/** Whether nothing but filters comes between a scan of Parquet and the functions. */
function isScanOfParquet(input: Input): boolean {
  const [first, ...others] = input.operators
  const isParquet = input.kind === 'files' && input.format.kind === 'parquet'
  return isParquet && first!.op === 'scan' && others.every(({ op }) => op === 'filter')
}

/** A column of Parquet is not decoded if no one reads it. @param needed by functions */
function withoutUnread(input: Input, needed: readonly Column[]): Input {
  const [scan, ...filters] = input.operators as [OperatorOf<'scan'>, ...OperatorOf<'filter'>[]]
  const names = new Set([...needed.map(({ name }) => name), ...filters.flatMap(({ where }) => columnNames(where))])
  const columns = scan.columns.filter(({ name }) => names.has(name))
  return { ...input, operators: [{ ...scan, columns }, ...filters] }
}

/** Takes what a pipeline gives. */
type Taker = Target | CalledRows

function linkTo(tables: Tables, input: Input, target: Taker, env: TaskEnvironment): Intake {
  const held = ('tableBytes' in env.task ? (env.task.tableBytes ?? 0) : 0) + tables.ownBytes
  env.budget = shared(env.budget, held, holders(input, target, env))
  const [first, ...following] = input.operators as RowOperator[]
  const names = operatorNames(env.plan, input)
  // What says where rows are from is an operator of its own.
  const makers = originOf(first!) === null ? names : [names[0]!, ...names]
  const rows = new RowTarget(
    (onFull) => openPipeline(input, target, env, tables.all, onFull),
    tables,
    originOf(first!),
    makers,
    target,
    env,
  )
  if (first!.op === 'toDF') return toDF(first!, rows, env)
  if (first!.op === 'scan') {
    const { format } = input as FileInput
    return format.kind === 'parquet'
      ? scanParquet(first!, filtersAfter(first!, following as RowOperator[], tables.all), rows)
      : scan(first!, format, rows, env)
  }
  const intake: SortedIntake = {
    drain(cursor) {
      for (;;) {
        env.checkStop()
        const taken = env.clock.time('merge', () => rows.pipeline.drain(cursor, DRAIN_RECORDS))
        rows.passOn()
        env.progress(0, taken, 0)
        if (taken === 0 || rows.pipeline.done) break
      }
      closeDrained(cursor, env)
    },
    end: () => rows.end(),
    abort: () => rows.abort(),
  }
  return intake
}

/** Hands what a pipeline gives to the task's target. */
class RowTarget implements RowIntake {
  readonly pipeline: Pipeline
  readonly #tables: Tables
  readonly #target: Taker
  readonly #env: TaskEnvironment
  readonly #origin: Origin | null
  readonly #makers: readonly string[]
  #place: (offset: number) => Where = () => ({})
  #given = 0
  #roomMs = 0

  /**
   * @param origin the columns that say where rows are from
   * @param makers names of the links of the pipeline's program
   */
  constructor(
    open: (onFull: () => void) => Pipeline,
    tables: Tables,
    origin: Origin | null,
    makers: readonly string[],
    target: Taker,
    env: TaskEnvironment,
  ) {
    this.#origin = origin
    this.#makers = makers
    this.#tables = tables
    this.#target = target
    this.#env = env
    this.pipeline = open(() => {
      const start = now()
      env.checkStop()
      this.passOn()
      this.#roomMs += now() - start
    })
  }

  begin(file: InputFile, first: () => number, place: (offset: number) => Where): void {
    this.#place = place
    if (this.#origin === null) return
    const values = this.#origin.folders.map(({ name }) => file.folders![name]!)
    if (this.#origin.place !== null) values.push(placeOf(file, first()))
    this.pipeline.setConstants(constantsProgram(values))
  }

  passOn(): void {
    if (this.#env.quarantine) this.#putAside(this.#env.quarantine)
    const target = this.#target
    if (target instanceof ExchangeTarget) {
      target.spillIfFull()
      return
    }
    const records = this.pipeline.rowsOut - this.#given
    // Parquet and Avro give bytes when a row group or block is whole, and files of partitions end in the middle of a batch.
    if (records === 0 && binaryOf(this.#env) === null && !(target instanceof FolderTarget)) return
    this.#given += records
    ;(target as PartTarget | FolderTarget | CalledRows).writeRows(this.pipeline.takeOutput(), records)
  }

  #putAside(quarantine: Quarantine): void {
    for (const { code, detail, offset, excerpt, maker } of this.pipeline.takeBad()) {
      const { plan, task } = this.#env
      const place =
        maker === undefined
          ? this.#place(offset)
          : { stage: plan.stages[task.stage]!.name, operator: this.#makers[maker]! }
      quarantine.add(errorOf(code, detail), place, excerpt)
    }
  }

  abort(): void {
    this.pipeline.close()
    this.#tables.close()
  }

  end(): void {
    const { clock, tally } = this.#env
    clock.time('map', () => this.pipeline.finish())
    this.passOn()
    const target = this.#target
    if (target instanceof ExchangeTarget) {
      tally.recordsOut = takesFewer(target.rows) ? target.collector.recordsIn : this.pipeline.rowsOut
    }
    tally.recordsMapped += this.pipeline.rowsMade
    tally.recordsLeftOut += this.pipeline.rowsLeftOut
    const { sample, measures: links } = this.pipeline
    if (links.length > 0) tally.measures = { links, roomMs: this.#roomMs }
    if (sample !== null) tally.sample = sample
    this.pipeline.close()
    this.#tables.close()
    target.end()
  }
}

/** The columns that say where rows are from. */
interface Origin {
  folders: readonly Column[]
  place: Column | null
}

/** null: there are none. */
function originOf(first: RowOperator): Origin | null {
  if (first.op !== 'scan') return null
  const { folders = [], place = null } = first
  return folders.length === 0 && place === null ? null : { folders, place }
}

function originOperators(origin: Origin | null): PipelineOperator[] {
  if (origin === null) return []
  const { folders, place } = origin
  return [{ op: 'constants', columns: place === null ? folders : [...folders, place], hasPlace: place !== null }]
}

/** From where the places in a file are counted: those of different files are far from each other. */
function placeOf(file: InputFile, first: number): LiteralExpression {
  const start = kernels.xxh64(Buffer.from(nameOf(file)), 0n) + BigInt(first)
  return { op: 'literal', value: String(BigInt.asIntN(64, start)), type: 'long' }
}

/**
 * How many collect rows or groups: the collector itself, a table of groups or of first rows before it, a row group of Parquet or a block of Avro, the
 * rows of a key of a join or of a window.
 */
function holders({ operators: [first] }: Input, target: Taker, env: TaskEnvironment): number {
  const inBinary = binaryOf(env) === null ? 0 : 1
  if (target instanceof CalledRows) return 2
  const collectors = !(target instanceof ExchangeTarget) ? inBinary : takesFewer(target.rows) ? 2 : 1
  return collectors + (first!.op === 'mergeJoin' || first!.op === 'window' ? 1 : 0)
}

/** @param held by tables */
function shared(budget: WorkerBudget, held: number, holders: number): WorkerBudget {
  const left = Math.max(budget.collectorBytes / 4, budget.collectorBytes - held)
  const share = Math.floor(left / Math.max(1, holders))
  return { ...budget, collectorBytes: share, enoughBytes: Math.min(budget.enoughBytes, share) }
}

function openPipeline(
  input: Input,
  target: Taker,
  env: TaskEnvironment,
  tables: JoinTable[],
  onFull: () => void,
): Pipeline {
  const [first, ...operators] = limited(input.operators as RowOperator[], env)
  const joins = tableJoinsIn(operators)
  const added = originOperators(originOf(first!))
  const program = pipelineProgram({
    source: sourceOf(first!, input, env),
    operators: [...added, ...operators.map((operator) => operatorOf(operator, joins, env))],
    end: target instanceof CalledRows ? { kind: 'blocks', records: 'none', columns: target.columns } : endOf(env),
  })
  const collector = target instanceof ExchangeTarget ? target.collector : null
  const { collectorBytes, enoughBytes } = env.budget
  return kernels.createPipeline(program, collector, {
    memoryBytes: collectorBytes,
    ...(collector ? { collectorBytes, enoughBytes } : {}),
    tables,
    keepBad: env.quarantine !== null,
    measured: env.profile,
    ...(binaryOf(env) ? { compress: compressPage } : {}),
    ...(target instanceof FolderTarget ? { onFile: target.onFile } : {}),
    onFull,
  })
}

/** The conditions right after a scan, in their order, up to one that counts rows: of a key filter, what bounds say. */
function filtersAfter(
  { columns }: OperatorOf<'scan'>,
  following: readonly RowOperator[],
  tables: readonly JoinTable[],
): Expression[] {
  const joins = tableJoinsIn(following)
  const end = following.findIndex((one) =>
    one.op === 'filter' ? one.leftOut : one.op !== 'keyFilter' && one.op !== 'sideFilter',
  )
  return (end < 0 ? following : following.slice(0, end)).flatMap((operator) => {
    if (operator.op === 'filter') return [operator.where]
    if (operator.op !== 'keyFilter' && operator.op !== 'sideFilter') return []
    const bounds = tables[tableOf(operator, joins)]!.keyBounds(operator.key)
    return bounds === null ? [] : [withinBounds(pick(columns, [operator.column])[0]!, bounds)]
  })
}

/** @param bounds the least and the greatest value; empty: there are none */
function withinBounds(column: Column, bounds: readonly string[]): Expression {
  const { type } = column
  const call = (fn: string, args: Expression[]): Expression => {
    return { op: 'call', fn, args, type: 'boolean', nullable: true }
  }
  const value: Expression = { op: 'column', ...column }
  const [least, greatest] = bounds.map((digits): Expression => {
    return { op: 'literal', value: type === 'integer' || type === 'date' ? Number(digits) : digits, type }
  })
  if (!least || !greatest) return call('in', [value])
  return call('and', [call('ge', [value, least]), call('le', [value, greatest])])
}

function limited(operators: readonly RowOperator[], { task }: TaskEnvironment): readonly RowOperator[] {
  const last = operators.at(-1)!
  if (task.kind !== 'map' || task.rowsNeeded === undefined || last.op !== 'limit') return operators
  return [...operators.slice(0, -1), { ...last, count: Math.min(last.count, task.rowsNeeded) }]
}

function sourceOf(operator: RowOperator, input: Input, { plan, budget, runsDir }: TaskEnvironment): PipelineSource {
  if (operator.op === 'scan') return { kind: 'batches', columns: operator.columns }
  // Of an exchange or not: rows that are made.
  if (operator.op === 'toDF') return { kind: 'rows', columns: columnsOf(plan, { ...input, operators: [operator] }) }
  const rows = rowsOf(plan, (input as ExchangeInput).exchange)
  if (operator.op === 'rows' && rows.kind === 'rows') return { kind: 'rows', columns: rows.columns }
  if (operator.op === 'window' && rows.kind === 'rows') {
    const { partition, values } = operator
    return {
      kind: 'window',
      columns: rows.columns,
      partition,
      order: rows.keys.slice(partition.length),
      values,
      holdBytes: budget.collectorBytes,
      folder: runsDir,
    }
  }
  if (operator.op === 'groups' && rows.kind === 'groups') {
    return { kind: 'groups', by: pick(rows.columns, rows.by), values: rows.values }
  }
  if (operator.op === 'mergeJoin' && rows.kind === 'sides') {
    const [left, right] = rows.sides
    return {
      kind: 'mergeJoin',
      type: operator.type,
      left: left!.columns,
      right: right!.columns,
      keys: left!.keys,
      residual: operator.residual,
      holdBytes: budget.collectorBytes,
      folder: runsDir,
    }
  }
  throw unknown(`${operator.op} of ${rows.kind}`)
}

function operatorOf(operator: RowOperator, joins: readonly RowOperator[], { plan }: TaskEnvironment): PipelineOperator {
  switch (operator.op) {
    case 'probe':
    case 'hashJoin': {
      const { type, on, residual, build } = operator
      const rows = rowsOf(plan, build)
      return {
        op: 'probe',
        table: joins.indexOf(operator),
        type,
        on,
        residual,
        build: rows.kind === 'rows' ? rows.columns : [],
      }
    }
    case 'keyFilter':
    case 'sideFilter': {
      const { key, column } = operator
      return { op: 'keyFilter', table: tableOf(operator, joins), key, column }
    }
    case 'filter':
    case 'project':
    case 'explode':
    case 'limit':
      return operator
    default:
      throw unknown(operator.op)
  }
}

/** Index among a pipeline's tables: those of its joins, then that of the other side's keys. */
function tableOf(filter: OperatorOf<'keyFilter' | 'sideFilter'>, joins: readonly RowOperator[]): number {
  return filter.op === 'sideFilter' ? joins.length : joins.indexOf(probeOf(joins, filter)!)
}

function endOf({ plan, task, budget }: TaskEnvironment): PipelineEnd {
  const { target } = plan.stages[task.stage]!
  return target.kind === 'sink' ? outputEnd(target, budget) : exchangeEnd(target, 'input' in task ? task.input : 0)
}

/** What the task writes, if that is Parquet or Avro. */
function binaryOf({ plan, task }: TaskEnvironment): BinaryFormat | null {
  const { target } = plan.stages[task.stage]!
  return target.kind === 'sink' && isBinary(target.format) ? target.format : null
}

function outputEnd(sink: Sink, { fileBytes }: WorkerBudget): PipelineEnd {
  const { format, partitionBy } = sink
  if (format.kind === 'rows') return { kind: 'blocks', records: 'none', columns: null }
  const end = fileEnd(format, fileColumns(sink)!)
  return partitionBy ? { kind: 'partitions', by: partitionBy, fileBytes, end } : end
}

function fileEnd(format: Exclude<SinkFormat, { kind: 'rows' }>, columns: readonly Column[]): FileEnd {
  if (format.kind === 'values') throw unknown('values of any type')
  if (isBinary(format)) return binaryEnd(format, columns)
  // The header row is the target's.
  return { kind: 'text', format }
}

/** @param input index of the input that the rows come from */
function exchangeEnd(exchange: Exchange, input: number): PipelineEnd {
  const { rows } = exchange
  if (rows?.kind === 'rows') {
    const sampled = isRanged(exchange) ? { sampled: true as const } : {}
    const limited = rows.rankLimit ? { rankLimit: rows.rankLimit } : {}
    return { kind: 'exchange', keys: rows.keys, side: 'none', by: rows.by ?? [], ...sampled, ...limited }
  }
  if (rows?.kind === 'sides') {
    const side = rows.sideOf[input]!
    const keys = rows.sides[side]!.keys.map((column): SortKey => ({ column, descending: false, nullsFirst: true }))
    return { kind: 'exchange', keys, side: side === 0 ? 'left' : 'right' }
  }
  if (rows?.kind === 'groups') return { kind: 'groups', by: rows.by, values: rows.values }
  throw unknown('an exchange without rows')
}

function unknown(what: string): RunjobError {
  return new RunjobError('INTERNAL', { detail: `no pipeline has ${what}` })
}
