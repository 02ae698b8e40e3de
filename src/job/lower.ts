/**
 * Job -> plan.
 *
 * Step i's map and everything before its exchange is stage i; its reduce starts stage i+1, which continues with the map of step i+1 or
 * ends in the sink. So a job of n steps is n+1 stages, and a job without a reduce is one.
 */
import { RunjobError, toRunjobError } from '../base/errors.js'
import type { Columns } from '../io/format/csv/columns.js'
import { isNumberedName } from '../io/format/csv/columns.js'
import { codecName, isColumns, isRow } from '../plan/codec.js'
import type {
  AggregateCall,
  CodecSpec,
  ColumnSpec,
  Combine,
  CsvFormat,
  Exchange,
  FieldValue,
  FileInput,
  Format,
  Input,
  Operator,
  Plan,
  RecordSpec,
  Stage,
  ValueSpec,
} from '../plan/plan.js'
import type { AnyBody } from './body.js'
import { declaredRows } from './declared.js'
import type { Input as JobInput } from './formats.js'
import { functionId } from './functions.js'
import { joinOperator } from './join.js'
import type { NativeMapper, NativeRekey } from './mappers.js'
import { lowerSink, type OutputChoice, uniqueNames } from './output.js'
import type { Aggregate } from './reducers.js'
import { mapFor, type NormalReduce, type NormalStep, normalSteps, onlyAggregate, passOn } from './steps.js'

export interface LowerInput {
  job: string
  body: AnyBody
  /** Columns of an input, from its first file. */
  columnsOf(input: string, format: CsvFormat): Promise<Columns>
  output?: OutputChoice
}

type LoweredPlan = Pick<Plan, 'version' | 'job' | 'stages'>

/**
 * Lowers a job that checkJob has found valid: only files, and what is asked of the output, may not fit it.
 *
 * @throws COLUMN_UNKNOWN; JOB_INVALID, OPTION_INVALID where the output cannot hold the records
 */
export async function lowerJob({ job, body, columnsOf, output = {} }: LowerInput): Promise<LoweredPlan> {
  const inputs = Object.entries(body.inputs ?? { input: body.input! })
  const steps = normalSteps(body)
  const reducers = steps.map(lowerReduce)
  const stages: Stage[] = []

  const columns = new Map<string, Columns>()
  for (const [name, input] of inputs) {
    const format = formatOf(input)
    if (format.kind === 'csv') columns.set(name, await columnsOf(name, format))
  }

  const files = inputs.map(([name, input], i) => {
    const place = { isFirst: i === 0, isOnly: inputs.length === 1 }
    try {
      return lowerFileInput(job, steps[0]!, reducers[0]!, name, input, place, columns.get(name))
    } catch (error) {
      throw toRunjobError(error).withWhere(inputs.length > 1 ? { input: name } : {})
    }
  })
  const isWords = mapperOf(files).op === 'words'
  const sink = (record: RecordSpec, isNative: boolean, names: string[] | null) =>
    lowerSink({ job, body, record, isNative, isWords, names, choice: output })
  let stage: Pick<Stage, 'name' | 'inputs'> = { name: steps.length === 1 ? 'map' : 'map 1', inputs: files }
  /** Records that the step's map gets; null: records of files. */
  let given: RecordSpec | null = null
  for (const [i, step] of steps.entries()) {
    const reduce = reducers[i]!
    if (!reduce) {
      const record = mapOnlyRecord(step, files)
      stages.push({ ...stage, target: sink(record, mapperOf(files).op !== 'map', null) })
      break
    }
    const exchange = lowerExchange(step, i, reduce, stage, given)
    stages.push({ ...stage, target: exchange })
    const group = lowerGroup(step, i, reduce, exchange, stage.inputs)
    given = givenBy(group, exchange.record)
    const next = steps[i + 1]
    const operators = next ? [...group, lowerRecordMap(next, i + 1)] : group
    const name = next ? `reduce ${i + 1} + map ${i + 2}` : 'reduce'
    stage = { name, inputs: [{ kind: 'exchange', exchange: exchange.id, operators }] }
    if (!next) {
      const isNative = group.every(({ op }) => op !== 'reduce')
      // A function in between may have changed the keys.
      const isPassedOn = steps.slice(1).every(({ maps: { '': map } }) => map === passOn || typeof map !== 'function')
      const names = isPassedOn ? csvHeader(given, files[0]!, columns, step) : null
      stages.push({ ...stage, target: sink(given, isNative, names) })
    }
  }
  return { version: 2, job, stages }
}

/** What a step's reduce needs from its records. */
interface LoweredReduce {
  /** Value columns that native aggregates read; null: the value itself is the one column. */
  columns: ColumnSpec[] | null
  aggregates: AggregateCall[] | null
  /** Type of the results. */
  result: ValueSpec | null
}

function lowerReduce(step: NormalStep): LoweredReduce | null {
  const { reduce } = step
  if (reduce === null) return null
  if (isCalled(reduce)) return { columns: null, aggregates: null, result: step.outValue }
  if (reduce.kind !== 'aggregate') return { columns: null, aggregates: null, result: null }

  const { isSingle, answers } = reduce
  const columns = columnsOf(Object.values(answers), step)
  const aggregates: AggregateCall[] = []
  const results: ColumnSpec[] = []
  for (const [name, one] of Object.entries(answers)) {
    const column = one.column === null ? null : columns.find((known) => reads(one, known))!
    const codec = column ? column.codec : (one.codec ?? step.value)
    const missing = column?.missing
    aggregates.push({
      fn: one.fn,
      column: one.column ?? (one.fn === 'count' ? null : 'value'),
      type: one.column === null ? null : one.codec,
      ...(one.k === undefined ? {} : { k: one.k, ascending: one.ascending ?? false }),
    })
    const result = resultCodec(one, codec)
    results.push({ name, codec: result, ...(missing && result === codec ? { missing } : {}) })
  }
  const usesValue = Object.values(answers).some((one) => one.column === null && one.fn !== 'count')
  return {
    columns: usesValue ? null : columns,
    aggregates,
    result: isSingle ? singleResult(results[0]!) : { columns: results },
  }
}

/** A reduce in JavaScript. */
function isCalled(reduce: NormalReduce | null): boolean {
  return reduce?.kind === 'function' || reduce?.kind === 'bigintSum'
}

/** The columns that aggregates read, each once. */
function columnsOf(all: Aggregate<unknown>[], step: NormalStep): NonNullable<LoweredReduce['columns']> {
  const columns: NonNullable<LoweredReduce['columns']> = []
  const isNative = Object.values(step.maps).some((map) => typeof map !== 'function' && map.native === 'file')
  // A count can use a column that others read, so counts come last.
  for (const one of [...all.filter(({ fn }) => fn !== 'count'), ...all.filter(({ fn }) => fn === 'count')]) {
    if (one.column === null || columns.some((known) => reads(one, known))) continue
    const presence = one.codec === null
    const codec = one.codec ?? 'string'
    const missing = codec === 'number' ? undefined : isNative ? 'empty' : codec === 'bytes' ? undefined : 'marker'
    columns.push({
      name: one.column,
      codec,
      ...(missing ? { missing } : {}),
      ...(presence ? { presence } : {}),
    })
  }
  return columns
}

/** Whether an aggregate can take its values from that column. */
function reads({ column, codec }: Aggregate<unknown>, known: ColumnSpec): boolean {
  return known.name === column && (codec === null || (!known.presence && codecName(known.codec) === codecName(codec)))
}

function singleResult({ codec, missing }: ColumnSpec): ValueSpec {
  return missing ? { codec, missing } : codec
}

function resultCodec(one: Aggregate<unknown>, codec: CodecSpec): CodecSpec {
  switch (one.fn) {
    case 'count':
    case 'sum':
    case 'mean':
    case 'distinct':
      return 'number'
    case 'top':
      return 'json'
    default:
      return codec
  }
}

function lowerFileInput(
  job: string,
  step: NormalStep,
  reduce: LoweredReduce | null,
  input: string,
  given: JobInput<unknown>,
  place: { isFirst: boolean; isOnly: boolean },
  fileColumns: Columns | undefined,
): FileInput {
  const map = mapFor(step, input)
  const format = formatOf(given)
  if (typeof map === 'function') {
    const fn = functionId(0, 'map', place.isOnly ? undefined : input)
    const rows = declaredRows(given)
    if (format.kind === 'csv') for (const { name } of rows?.columns ?? []) fileColumns!.indexOf(name)
    const operators: Operator[] = [{ op: 'map', fn, gives: mapRecord(step, reduce), ...(rows && { rows }) }]
    return { kind: 'files', files: input, format, operators }
  }
  const columns: FieldValue[] = (reduce?.columns ?? []).map(({ codec, name }) => ({
    kind: codec === 'number' ? 'number' : 'bytes',
    column: name,
  }))
  const operator = (map as NativeMapper<unknown>).lower(columns)
  if (operator.op === 'fields') {
    const keyPlaces = operator.keys.map((name) => fileColumns!.indexOf(name))
    if (new Set(keyPlaces).size < keyPlaces.length) {
      throw new RunjobError('JOB_INVALID', {
        job,
        problem: `fields() has one column twice in its key: ${operator.keys.join(', ')}`,
      })
    }
    for (const { name } of reduce?.columns ?? []) fileColumns!.indexOf(name)
    if (step.reduce?.kind === 'join') {
      const { names, positions } = fileColumns!
      operator.tag = place.isFirst ? 1 : 0
      operator.values = [{ kind: 'row', columns: names.filter((_, i) => !keyPlaces.includes(positions[i]!)) }]
    }
  }
  return { kind: 'files', files: input, format, operators: [operator] }
}

/** Files without a header row have the columns of the schema, in its order, unless it names them by number. */
function formatOf(given: JobInput<unknown>): Format {
  const { input } = given
  const rows = declaredRows(given)
  if (input.kind !== 'csv' || input.header || input.columns !== null || rows === null) return input
  const names = rows.columns.map(({ name }) => name)
  return names.some(isNumberedName) ? input : { ...input, columns: names }
}

/** Key and value as the map of one step emits them. */
export function emittedRecord(step: NormalStep): RecordSpec {
  return mapRecord(step, lowerReduce(step))
}

/** What a native reduce of one key computes, and the type of its result; null if it does not aggregate. */
export function nativeAggregates(step: NormalStep): { aggregates: AggregateCall[]; result: ValueSpec } | null {
  const { aggregates = null, result = null } = lowerReduce(step) ?? {}
  return aggregates && result && { aggregates, result }
}

/** The aggregates with which a step combines natively before a user's reduce; null if it does not. */
export function nativeCombine(step: NormalStep): AggregateCall[] | null {
  return lowerReduce({ ...step, reduce: step.combine })?.aggregates ?? null
}

/** Key and value as a user's map emits them. */
function mapRecord(step: NormalStep, reduce: LoweredReduce | null): RecordSpec {
  if (!reduce?.columns) return { key: step.key, value: reduce && isValueless(step) ? { columns: [] } : step.value }
  return { key: step.key, value: { columns: reduce.columns } }
}

/** Distinct keys and counts of records read no value. */
function isValueless(step: NormalStep): boolean {
  return step.reduce?.kind === 'distinct'
}

/** The operator that makes a step's records: the map of its first input. */
function mapperOf(inputs: readonly Input[]): Operator {
  return inputs[0]!.operators.at(-1)!
}

/** Key and value as the exchange of a step takes them. */
function exchangeRecord(
  step: NormalStep,
  reduce: LoweredReduce,
  operator: Operator,
  given: RecordSpec | null,
): RecordSpec {
  switch (operator.op) {
    case 'fields': {
      const key: CodecSpec = operator.keys.length === 1 ? 'string' : { tuple: operator.keys.map(() => 'string') }
      if (operator.tag !== null) return { key, value: 'string' }
      return { key, value: { columns: reduce.columns ?? [] } }
    }
    case 'words':
    case 'lines':
      return { key: 'string', value: { columns: [] } }
    case 'byNumber':
      // A new key leaves the rest of the record unchanged.
      return given!
    default:
      return mapRecord(step, reduce)
  }
}

function lowerExchange(
  step: NormalStep,
  index: number,
  reduce: LoweredReduce,
  { name, inputs }: Pick<Stage, 'name' | 'inputs'>,
  given: RecordSpec | null,
): Exchange {
  const mapper = mapperOf(inputs)
  const rekeys = mapper.op === 'byNumber'
  const record = exchangeRecord(step, reduce, mapper, given)
  const kind = step.reduce?.kind
  return {
    kind: 'exchange',
    id: name,
    record,
    partitionBy: typeof step.partition === 'function' ? 'user' : step.partition,
    partition: typeof step.partition === 'function' ? functionId(index, 'partition') : null,
    // A single partition keeps the first n of all; range bounds come from a sample of files, which a later step does not read.
    partitions: kind === 'take' || (index > 0 && step.partition === 'range') ? 1 : step.partitions,
    // byNumber inverts only the number, so that ties still sort by ascending key.
    descending: step.descending && !rekeys,
    grouping: step.order !== null || kind === 'join' ? 'prefix' : 'whole',
    order: step.order === null ? null : functionId(index, 'order'),
    combine: lowerCombine(step, index, reduce, mapper),
  }
}

function lowerCombine(step: NormalStep, index: number, reduce: LoweredReduce, mapper: Operator): Combine | null {
  // A sum of bigints is its own combiner.
  if (isCalled(step.combine) || step.reduce?.kind === 'bigintSum')
    return { op: 'combine', fn: functionId(index, 'combine') }
  if (step.combine !== null) return { op: 'aggregate', aggregates: nativeCombine(step)! }
  switch (step.reduce?.kind) {
    case 'aggregate':
      return { op: 'aggregate', aggregates: countOfWords(reduce.aggregates!, mapper) }
    case 'distinct':
      return { op: 'aggregate', aggregates: [] }
    case 'take':
      return { op: 'take', count: step.reduce.count }
    default:
      return null
  }
}

// A word or line has the value 1: its sum is its count.
function countOfWords(aggregates: AggregateCall[], { op }: Operator): AggregateCall[] {
  if (op !== 'words' && op !== 'lines') return aggregates
  return aggregates.map(() => ({ fn: 'count', column: null, type: null }))
}

/** The operators of a step's reduce on the sorted records. */
function lowerGroup(
  step: NormalStep,
  index: number,
  reduce: LoweredReduce,
  { record, combine }: Exchange,
  inputs: readonly Input[],
): Operator[] {
  switch (step.reduce?.kind) {
    case 'aggregate': {
      const aggregates = countOfWords(reduce.aggregates!, mapperOf(inputs))
      return [{ op: 'aggregate', aggregates, gives: { key: record.key, value: reduce.result! } }]
    }
    case 'records':
      return []
    case 'distinct':
      return [{ op: 'aggregate', aggregates: [], gives: { key: record.key, value: { columns: [] } } }]
    case 'take': {
      const take: Operator = { op: 'take', count: step.reduce.count }
      return mapperOf(inputs).op === 'byNumber' ? [take, { op: 'dropNumber' }] : [take]
    }
    case 'join':
      return [joinOperator(step.reduce.type, record.key, inputs)]
    default: {
      const gives = { key: step.outKey, value: step.outValue }
      const call: Operator = { op: 'reduce', fn: functionId(index, 'reduce'), gives }
      // A native combiner left states in the runs, but the user's reduce wants values. A key's states become one value:
      // several values would be sums that are rounded where the splits happen to be.
      return combine?.op === 'aggregate' ? [{ ...combine, gives: record }, call] : [call]
    }
  }
}

/** Key and value as the last of these operators emits them. */
function givenBy(operators: readonly Operator[], record: RecordSpec): RecordSpec {
  return operators.reduce((given, operator) => ('gives' in operator ? operator.gives : given), record)
}

function lowerRecordMap(step: NormalStep, index: number): Operator {
  const map = step.maps['']
  if (typeof map !== 'function') return (map as NativeRekey).op
  return { op: 'map', fn: functionId(index, 'map'), gives: mapRecord(step, lowerReduce(step)) }
}

function mapOnlyRecord(step: NormalStep, files: FileInput[]): RecordSpec {
  return mapperOf(files).op === 'grep'
    ? { key: 'string', value: { columns: [] } }
    : { key: step.key, value: step.value }
}

/** Native operators on CSV know the names of their columns. */
function csvHeader(
  record: RecordSpec,
  { files: input, operators }: FileInput,
  columns: ReadonlyMap<string, Columns>,
  step: NormalStep,
): string[] | null {
  const operator = operators[0]!
  if (operator.op !== 'fields' || step.reduce === null || isCalled(step.reduce)) return null
  const keys = operator.keys.map((name) => columns.get(input)!.nameOf(name))
  return uniqueNames([...keys, ...valueNames(record.value, step)])
}

function valueNames(value: ValueSpec, step: NormalStep): string[] {
  if (isColumns(value)) return value.columns.map(({ name }) => name)
  if (isRow(value)) return value.row.flat()
  return [onlyAggregate(step.reduce)?.fn ?? 'value']
}
