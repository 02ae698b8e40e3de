/**
 * Job -> plan.
 *
 * Step i's map and everything before its exchange is stage i; its reduce starts stage i+1, which goes on with the map of step i+1 or
 * ends in the sink. So a job of n steps is n+1 stages, and a job without a reduce is one.
 */
import { RunjobError } from '../base/errors.js'
import type { AggregateSpec, ValueKind } from '../kernels/kernels.js'
import { layoutOf } from '../plan/codec.js'
import type {
  CodecSpec,
  Combine,
  Exchange,
  ExchangeSource,
  FieldValue,
  FileSource,
  Format,
  GroupOperator,
  Plan,
  RecordOperator,
  RecordSpec,
  Sink,
  SinkFormat,
  Source,
  Stage,
  ValueSpec,
} from '../plan/plan.js'
import type { AnyBody } from './define.js'
import { type Output, text, tsv } from './formats.js'
import { isBigintSum } from './functions.js'
import type { Aggregate } from './reducers.js'
import { mapFor, type NormalStep, normalSteps } from './steps.js'

export interface LowerInput {
  job: string
  body: AnyBody
  /** Names of an input's CSV columns: the format's own, or from the header of its first file. */
  columnsOf(input: string, format: Format): Promise<string[]>
}

type LoweredPlan = Pick<Plan, 'version' | 'job' | 'stages'>

/** @throws JOB_INVALID, COLUMN_UNKNOWN */
export async function lowerJob({ job, body, columnsOf }: LowerInput): Promise<LoweredPlan> {
  const inputs = Object.entries(body.inputs ?? { input: body.input! })
  const steps = normalSteps(body)
  const reducers = steps.map((step) => lowerReduce(job, step))
  const stages: Stage[] = []

  const columnNames = new Map<string, string[]>()
  for (const [name, input] of inputs) {
    if (input.input.kind === 'csv') columnNames.set(name, await columnsOf(name, input.input))
  }

  const firstSources = inputs.map(([name, input]) =>
    lowerFileSource(job, steps[0]!, reducers[0]!, name, input.input, inputs.length, columnNames.get(name)),
  )
  let sources: Source[] = firstSources
  steps.forEach((step, i) => {
    const reduce = reducers[i]!
    const name = steps.length === 1 ? 'map' : `map ${i + 1}`
    if (!reduce) {
      stages.push({ name, sources, target: lowerSink(body, mapOnlyRecord(step, firstSources), firstSources, step) })
      return
    }
    const exchange = lowerExchange(job, step, i, reduce, sources)
    stages.push({ name, sources, target: exchange })
    const group = lowerGroup(step, i, reduce, sources, columnNames)
    const next = steps[i + 1]
    const operators: RecordOperator[] = next ? [lowerRecordMap(job, next, i + 1)] : []
    const record = groupRecord(group, reduce, exchange)
    sources = [{ kind: 'exchange', stage: stages.length - 1, group, record, operators }]
    if (!next) {
      stages.push({ name: 'reduce', sources, target: lowerSink(body, record, firstSources, step, columnNames) })
    }
  })
  for (const [i, stage] of stages.entries()) {
    if (i > 0 && i < stages.length - 1) stage.name = `reduce ${i} + map ${i + 1}`
  }
  return { version: 1, job, stages }
}

/** What a step's reduce needs from its records. */
interface LoweredReduce {
  /** Value columns that native aggregates read; null: the value itself is the one column. */
  columns: { name: string; codec: CodecSpec; kind: ValueKind }[] | null
  aggregates: AggregateSpec[] | null
  /** Type of the values that come out. */
  result: ValueSpec | null
}

function lowerReduce(job: string, step: NormalStep): LoweredReduce | null {
  const { reduce } = step
  if (reduce === null) return null
  if (typeof reduce === 'function' || isBigintSum(step))
    return { columns: null, aggregates: null, result: step.outValue }
  if (reduce.reducer !== 'aggregate') return { columns: null, aggregates: null, result: null }

  const isSingle = typeof reduce.columns.fn === 'string'
  const named = (isSingle ? { '': reduce.columns } : reduce.columns) as Record<string, Aggregate<unknown>>
  const columns: NonNullable<LoweredReduce['columns']> = []
  const aggregates: AggregateSpec[] = []
  const results: { name: string; codec: CodecSpec }[] = []
  for (const [name, one] of Object.entries(named)) {
    const codec = one.codec ?? (one.column === null ? step.value : 'number')
    const kind: ValueKind = codec === 'number' ? 'number' : 'bytes'
    if (kind === 'bytes' && (one.fn === 'sum' || one.fn === 'mean')) {
      throw new RunjobError('JOB_INVALID', { job, problem: `${one.fn}() needs numbers, not ${JSON.stringify(codec)}` })
    }
    if (one.fn === 'top' && codec !== 'number' && codec !== 'string') {
      throw new RunjobError('JOB_INVALID', { job, problem: 'topK() takes numbers or text' })
    }
    let column = -1
    if (one.column !== null) {
      column = columns.findIndex((known) => known.name === one.column && known.kind === kind)
      if (column < 0) column = columns.push({ name: one.column, codec, kind }) - 1
    } else if (one.fn !== 'count') {
      column = 0
    }
    aggregates.push({
      fn: one.fn,
      column,
      kind,
      ...(one.k === undefined ? {} : { k: one.k, ascending: one.ascending ?? false }),
    })
    results.push({ name, codec: resultCodec(one, codec) })
  }
  const usesValue = Object.values(named).some((one) => one.column === null && one.fn !== 'count')
  if (usesValue && columns.length > 0) {
    throw new RunjobError('JOB_INVALID', { job, problem: 'name the column of every aggregate, or of none' })
  }
  return {
    columns: usesValue ? null : columns,
    aggregates,
    result: isSingle ? results[0]!.codec : { columns: results },
  }
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

function lowerFileSource(
  job: string,
  step: NormalStep,
  reduce: LoweredReduce | null,
  input: string,
  format: Format,
  inputCount: number,
  columnNames: string[] | undefined,
): FileSource {
  const map = mapFor(step, input)
  if (map === undefined) throw new RunjobError('JOB_INVALID', { job, problem: `input "${input}" has no map` })
  if (typeof map === 'function') {
    const fn = inputCount > 1 ? { step: 0, role: 'map' as const, input } : { step: 0, role: 'map' as const }
    return { kind: 'files', input, format, operators: [{ op: 'map', fn, record: mapRecord(step, reduce) }] }
  }
  if (map.native !== 'file') throw new RunjobError('JOB_INVALID', { job, problem: 'byValue() is for a later step' })

  const isJoin = step.reduce !== null && typeof step.reduce !== 'function' && step.reduce.reducer === 'join'
  const columns: FieldValue[] = (reduce?.columns ?? []).map(({ kind, name }) => ({ kind, column: name }))
  const operator = map.lower(columns)
  const wanted = operator.op === 'fields' ? 'csv' : 'text'
  if (format.kind !== wanted) {
    throw new RunjobError('JOB_INVALID', {
      job,
      problem: `${operator.op}() reads ${wanted}() input, not ${format.kind}()`,
    })
  }
  if (operator.op !== 'fields') {
    const aggregates = reduce?.aggregates ?? []
    if (reduce === null ? operator.op !== 'grep' : operator.op === 'grep') {
      const problem = operator.op === 'grep' ? 'grep() takes no reduce' : `${operator.op}() needs a reduce`
      throw new RunjobError('JOB_INVALID', { job, problem })
    }
    if (typeof step.reduce === 'function') {
      throw new RunjobError('JOB_INVALID', {
        job,
        problem: `${operator.op}() with a reduce of your own: add combine: sum() and its values are counts, or write the map too`,
      })
    }
    if (aggregates.some(({ fn }) => fn !== 'count' && fn !== 'sum') || (reduce?.columns?.length ?? 0) > 0) {
      throw new RunjobError('JOB_INVALID', {
        job,
        problem: `${operator.op}() has no values: use count(), sum(), unique() or sorted()`,
      })
    }
    return { kind: 'files', input, format, operators: [operator] }
  }

  for (const name of [...operator.keys, ...columns.map((value) => (value.kind === 'row' ? '' : value.column))]) {
    if (name !== '' && !columnNames!.includes(name)) {
      throw new RunjobError('COLUMN_UNKNOWN', { name, columns: columnNames! })
    }
  }
  if (isJoin) {
    operator.tag = input === 'left' ? 1 : 0
    operator.values = [{ kind: 'row', except: operator.keys }]
  } else if (
    reduce === null ||
    typeof step.reduce === 'function' ||
    (reduce.aggregates === null && step.reduce?.reducer !== 'distinct')
  ) {
    throw new RunjobError('JOB_INVALID', {
      job,
      problem: 'fields() needs a native aggregate, unique() or join(); or write the map yourself',
    })
  } else if (
    reduce.aggregates?.some(({ column, fn }) => column < 0 && fn !== 'count') ||
    (reduce.aggregates && reduce.columns === null)
  ) {
    throw new RunjobError('JOB_INVALID', {
      job,
      problem: "fields() needs the column that each aggregate reads, such as sum('price')",
    })
  }
  return { kind: 'files', input, format, operators: [operator] }
}

/** Key and value as the map of one step emits them. */
export function emittedRecord(job: string, step: NormalStep): RecordSpec {
  return mapRecord(step, lowerReduce(job, step))
}

/** The aggregates by which a step combines natively before a reduce of the user's; null where it does not. */
export function nativeCombine(job: string, step: NormalStep): AggregateSpec[] | null {
  const { combine } = step
  return combine === null || typeof combine === 'function'
    ? null
    : lowerReduce(job, { ...step, reduce: combine })!.aggregates
}

/** Key and value as a user's map emits them. */
function mapRecord(step: NormalStep, reduce: LoweredReduce | null): RecordSpec {
  if (!reduce?.columns) return { key: step.key, value: reduce && isValueless(step) ? { columns: [] } : step.value }
  return { key: step.key, value: { columns: reduce.columns.map(({ name, codec }) => ({ name, codec })) } }
}

/** Distinct keys and counts of records read no value. */
function isValueless(step: NormalStep): boolean {
  const { reduce } = step
  return reduce !== null && typeof reduce !== 'function' && reduce.reducer === 'distinct'
}

function nativeOp(sources: FileSource[]): string {
  return sources[0]!.operators[0]!.op
}

/** Key and value as the exchange of a step takes them in. */
function exchangeRecord(step: NormalStep, reduce: LoweredReduce, sources: Source[]): RecordSpec {
  const source = sources[0]!
  const operator = source.operators[0]!
  switch (operator.op) {
    case 'fields': {
      const key: CodecSpec = operator.keys.length === 1 ? 'string' : { tuple: operator.keys.map(() => 'string') }
      if (operator.tag !== null) return { key, value: { columns: [{ name: 'row', codec: 'string', raw: true }] } }
      return { key, value: { columns: (reduce.columns ?? []).map(({ name, codec }) => ({ name, codec })) } }
    }
    case 'words':
    case 'lines':
      return { key: 'string', value: { columns: [] } }
    case 'byNumber':
      // Re-keyed, a record stays what it was.
      return (source as ExchangeSource).record
    default:
      return mapRecord(step, reduce)
  }
}

function lowerExchange(
  job: string,
  step: NormalStep,
  index: number,
  reduce: LoweredReduce,
  sources: Source[],
): Exchange {
  const rekeys = sources[0]!.operators[0]!.op === 'byNumber'
  const record = exchangeRecord(step, reduce, sources)
  if (rekeys && !layoutOf(record.value).includes('number')) {
    throw new RunjobError('JOB_INVALID', {
      job,
      problem: 'byValue() sorts by a number, and the step before gives none',
    })
  }
  const isJoin = step.reduce !== null && typeof step.reduce !== 'function' && step.reduce.reducer === 'join'
  const isTake = step.reduce !== null && typeof step.reduce !== 'function' && step.reduce.reducer === 'take'
  return {
    kind: 'exchange',
    record,
    layout: layoutOf(record.value),
    partitionBy: typeof step.partition === 'function' ? 'user' : step.partition,
    partition: typeof step.partition === 'function' ? { step: index, role: 'partition' } : null,
    // One partition keeps the first n of all; range bounds come from a sample of files, which a later step does not read.
    partitions: isTake || (index > 0 && step.partition === 'range') ? 1 : step.partitions,
    // byNumber turns the number itself round, so that ties still sort by ascending key.
    descending: step.descending && !rekeys,
    grouping: step.order !== null || isJoin ? 'prefix' : 'whole',
    order: step.order === null ? null : { step: index, role: 'order' },
    combine: lowerCombine(step, index, reduce, sources),
  }
}

function lowerCombine(step: NormalStep, index: number, reduce: LoweredReduce, sources: Source[]): Combine | null {
  if (step.combine !== null) {
    if (typeof step.combine === 'function') return { kind: 'user', fn: { step: index, role: 'combine' } }
    return { kind: 'aggregate', aggregates: nativeCombine('', step)! }
  }
  if (isBigintSum(step)) return { kind: 'user', fn: { step: index, role: 'combine' } }
  if (step.reduce === null || typeof step.reduce === 'function') return null
  switch (step.reduce.reducer) {
    case 'aggregate':
      return { kind: 'aggregate', aggregates: countOfWords(reduce.aggregates!, sources) }
    case 'distinct':
      return { kind: 'distinct' }
    case 'take':
      return { kind: 'take', count: step.reduce.count }
    default:
      return null
  }
}

// A word or line stands for the number 1: its sum is its count.
function countOfWords(aggregates: AggregateSpec[], sources: Source[]): AggregateSpec[] {
  if (!['words', 'lines'].includes(sources[0]!.operators[0]!.op)) return aggregates
  return aggregates.map((aggregate) => ({ ...aggregate, fn: 'count', column: -1, kind: 'number' }))
}

function lowerGroup(
  step: NormalStep,
  index: number,
  reduce: LoweredReduce,
  sources: Source[],
  columnNames: Map<string, string[]>,
): GroupOperator {
  if (step.reduce === null) throw new RunjobError('INTERNAL', { problem: 'a group operator without a reduce' })
  if (typeof step.reduce === 'function' || isBigintSum(step)) {
    return { op: 'reduce', fn: { step: index, role: 'reduce' }, record: { key: step.outKey, value: step.outValue } }
  }
  switch (step.reduce.reducer) {
    case 'aggregate':
      return { op: 'aggregate', aggregates: countOfWords(reduce.aggregates!, sources) }
    case 'records':
      return { op: 'records' }
    case 'distinct':
      return { op: 'distinct' }
    case 'take':
      return { op: 'take', count: step.reduce.count, rekeyed: sources[0]!.operators[0]!.op === 'byNumber' }
    case 'join': {
      const right = joinSide(sources, columnNames, 'right')
      return { op: 'join', leftOuter: step.reduce.leftOuter, missingRight: ','.repeat(Math.max(0, right.length - 1)) }
    }
  }
}

function joinSide(sources: Source[], columnNames: Map<string, string[]>, side: 'left' | 'right'): string[] {
  const operator = sources.find((source) => source.kind === 'files' && source.input === side)?.operators[0]
  if (operator?.op !== 'fields') {
    throw new RunjobError('JOB_INVALID', { problem: 'join() needs inputs `left` and `right`, both mapped by fields()' })
  }
  return columnNames.get(side)!.filter((name) => !operator.keys.includes(name))
}

function lowerRecordMap(job: string, step: NormalStep, index: number): RecordOperator {
  const map = step.maps['']
  if (map === undefined) throw new RunjobError('JOB_INVALID', { job, problem: 'a later step has one map' })
  if (typeof map !== 'function') {
    if (map.native !== 'record') throw new RunjobError('JOB_INVALID', { job, problem: 'a file mapper in a later step' })
    return map.op
  }
  return { op: 'map', fn: { step: index, role: 'map' }, record: mapRecord(step, lowerReduce(job, step)) }
}

/** Key and value as a group operator gives them. */
function groupRecord(group: GroupOperator, reduce: LoweredReduce, { record }: Exchange): RecordSpec {
  switch (group.op) {
    case 'aggregate':
      return { key: record.key, value: reduce.result! }
    case 'reduce':
      return group.record
    case 'distinct':
      return { key: record.key, value: { columns: [] } }
    case 'join':
      return {
        key: record.key,
        value: { columns: ['left', 'right'].map((name) => ({ name, codec: 'string' as const, raw: true })) },
      }
    case 'take':
    case 'records':
      return record
  }
}

function mapOnlyRecord(step: NormalStep, firstSources: FileSource[]): RecordSpec {
  return nativeOp(firstSources) === 'grep'
    ? { key: 'string', value: { columns: [] } }
    : { key: step.key, value: step.value }
}

function lowerSink(
  body: AnyBody,
  record: RecordSpec,
  firstSources: FileSource[],
  step: NormalStep,
  columnNames?: Map<string, string[]>,
): Sink {
  const bareKeys = typeof record.value === 'object' && 'columns' in record.value && record.value.columns.length === 0
  const isWords = nativeOp(firstSources) === 'words'
  // A word holds no tab and no line end, so nothing needs escaping and a backslash stays as it is.
  const output = body.output ?? (bareKeys ? text() : tsv({ escape: !isWords }))
  let format: SinkFormat = output.output
  if (format.kind === 'csv' && format.header === null && columnNames) {
    format = { ...format, header: csvHeader(record, firstSources, step, columnNames) }
  }
  return {
    kind: 'sink',
    format,
    gzip: output.gzip,
    record,
    named: Object.fromEntries(
      Object.entries(body.outputs ?? {}).map(([name, { output: named, gzip }]: [string, Output]) => [
        name,
        { format: named, gzip, record: namedRecord(named) },
      ]),
    ),
  }
}

/** A named output takes values of any type: JSON lines keep them, the others write them as text. */
function namedRecord(format: SinkFormat): RecordSpec {
  return format.kind === 'jsonl' ? { key: 'json', value: 'json' } : { key: 'string', value: 'string' }
}

/** Native operators on CSV know what their columns are called. */
function csvHeader(
  record: RecordSpec,
  sources: FileSource[],
  step: NormalStep,
  columnNames: Map<string, string[]>,
): string[] | null {
  const operator = sources[0]!.operators[0]!
  if (operator.op !== 'fields' || step.reduce === null || typeof step.reduce === 'function') return null
  if (step.reduce.reducer === 'join') {
    const left = joinSide(sources, columnNames, 'left')
    const right = joinSide(sources, columnNames, 'right')
    const taken = new Set([...operator.keys, ...left])
    return [...operator.keys, ...left, ...right.map((name) => (taken.has(name) ? `right_${name}` : name))]
  }
  return [...operator.keys, ...valueNames(record.value, step)]
}

function valueNames(value: ValueSpec, step: NormalStep): string[] {
  if (typeof value === 'object' && 'columns' in value) return value.columns.map(({ name }) => name)
  const reduce = step.reduce
  const fn = reduce && typeof reduce !== 'function' && reduce.reducer === 'aggregate' ? reduce.columns.fn : null
  return [typeof fn === 'string' ? fn : 'value']
}
