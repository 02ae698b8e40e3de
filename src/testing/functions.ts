/** Calls a job's map and reduce in this thread, with the arguments that a worker would pass. */
import { setImmediate as turn } from 'node:timers/promises'
import { RunjobError, userError } from '../base/errors.js'
import {
  check,
  checkedOptions,
  describe,
  isPlainObject,
  isText,
  requireArguments,
  type Schema,
  unknownHelp,
} from '../base/schema.js'
import { addCount } from '../engine/counts.js'
import { checkedCalls, checkedEmit, type Gate, guarded } from '../engine/task/calls.js'
import { createEmitter, type Emitter } from '../engine/task/emitter.js'
import { forEachGroup, RecordReader } from '../engine/task/record_reader.js'
import type { AnyBody } from '../job/body.js'
import { declaredRows } from '../job/declared.js'
import { type AnyJob, type Job, requireJob } from '../job/define.js'
import { type FunctionRole, functionId, jobFunctions } from '../job/functions.js'
import { emittedRecord, nativeAggregates } from '../job/lower.js'
import { mapFor, type NormalStep, normalSteps } from '../job/steps.js'
import { kernels } from '../kernels/addon.js'
import type { Collector, RecordBatch } from '../kernels/kernels.js'
import { aggregateSpecs, layoutOf } from '../kernels/layout.js'
import { decode, isColumns, isMissingText, valueColumns } from '../plan/codec.js'
import type { FunctionId } from '../plan/expression.js'
import type { JobFunctions, MapFunction, OrderFunction, ReduceFunction, TaskContext } from '../plan/functions.js'
import { resolveParams } from '../plan/params.js'
import type { AggregateCall, ColumnSpec, Format, ParamValue, RecordSpec, ValueSpec } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import { sideFilePaths } from '../run/load.js'
import { recordMaker } from './records.js'

export interface FunctionOptions<P = unknown> {
  /** Values of the job's parameters. */
  params?: P
  /** Which step of a chain, counted from 0. */
  step?: number
  /** Which input's map, in a job with several inputs. */
  input?: string
  /** Value of `ctx.inputPath`. */
  inputPath?: string
}

export const PARAMS = check('a plain object of values by name', isPlainObject)

const OPTIONS: Schema<FunctionOptions> = {
  params: PARAMS,
  step: check('the number of a step, from 0', (value) => Number.isInteger(value)),
  input: isText,
  inputPath: isText,
}

type Pair = [key: unknown, value: unknown]

/**
 * Calls a job's map with each record and returns what it emits, in order, checked and converted by the job's codecs as in a run. Records of
 * csv() are objects with text properties, or values of its schema; the map gets rows as in a run, which throw if it reads another column.
 *
 * `setup` and `teardown` run as well. Counters, and records for named outputs, are checked and dropped: runInMemory() returns them.
 *
 * @throws what a run would throw: USER_ERROR, EMIT_TYPE, …; JOB_INVALID if the map is native: test the whole job instead
 */
export function runMap<P, R, K, V>(
  job: Job<P, unknown, unknown, R, K, V>,
  records: readonly NoInfer<R>[],
  options?: FunctionOptions<P> & { step?: never },
): Promise<[key: K, value: V][]>
export function runMap<P>(job: Job<P>, records: readonly unknown[], options: FunctionOptions<P>): Promise<Pair[]>
export async function runMap(...args: unknown[]): Promise<Pair[]> {
  requireArguments('runMap', 3, args, 'OPTION_INVALID')
  const [job, records, given = {}] = args as [AnyJob, unknown[], FunctionOptions | undefined]
  requireList('the records of runMap()', records)
  const options = checkedOptions(OPTIONS, given)
  return withFunctions(job, options, ({ step, functions, id, context, format, columns, gate }) => {
    const input = options.input ?? ''
    if (options.input !== undefined && !job.inputNames.includes(input)) {
      const problem = `${job.name} has no input "${input}"${unknownHelp(input, job.inputNames)}`
      throw new RunjobError('OPTION_INVALID', { name: 'input', problem })
    }
    if (typeof mapFor(step, input) !== 'function')
      throw notTestable(job, mapFor(step, input) ? 'map' : `map of input "${input}"`)
    const map = functions.find(id('map', input)) as MapFunction
    const { emit, pairs } = gather(emittedRecord(step))
    const checked = checkedEmit(gate, emit)
    const call = guarded(
      'map',
      map,
      gate,
      () => ({ job: job.name }),
      (record: unknown) => map(record, checked, context),
    )
    const read = format ? recordMaker(format, columns, options.inputPath) : (record: unknown) => record
    for (const record of records) call(read(record))
    return pairs()
  })
}

/**
 * Calls a job's reduce with one key and its values and returns what it emits. Values come in the given order or, if the job has `order`, in
 * that order; they can be read once, as in a run. Without values, reduce is not called. Native reduces that aggregate, such as `sum()`, work
 * as well.
 *
 * @throws what a run would throw: USER_ERROR, EMIT_TYPE, VALUES_READ_TWICE, …; JOB_INVALID if the reduce works on all keys at once
 */
export function runReduce<P, OutK, OutV, K, V>(
  job: Job<P, OutK, OutV, unknown, K, V>,
  key: NoInfer<K>,
  values: readonly NoInfer<V>[],
  options?: Pick<FunctionOptions<P>, 'params'>,
): Promise<[key: OutK, value: OutV][]>
export function runReduce<P>(
  job: Job<P>,
  key: unknown,
  values: readonly unknown[],
  options: FunctionOptions<P>,
): Promise<Pair[]>
export async function runReduce(...args: unknown[]): Promise<Pair[]> {
  requireArguments('runReduce', 4, args, 'OPTION_INVALID')
  const [job, key, values, options = {}] = args as [AnyJob, unknown, unknown[], FunctionOptions | undefined]
  requireList('the values of runReduce()', values)
  return withFunctions(job, checkedOptions(OPTIONS, options), (tools) => reduceWith(job, tools)(key, values))
}

/** Native reduces that do not aggregate. */
const WHOLE: Record<string, string> = { records: 'sorted()', distinct: 'unique()', take: 'take()', join: 'join()' }

/** The reduce of a step as a plain function. */
export function reduceWith(job: AnyJob, tools: FunctionTools): (key: unknown, values: readonly unknown[]) => Pair[] {
  const { step } = tools
  if (step.reduce?.kind === 'function' || step.reduce?.kind === 'bigintSum') {
    return groupFunction(job, tools, 'reduce', { key: step.outKey, value: step.outValue })
  }
  const native = nativeAggregates(step)
  if (native) return nativeGroup(emittedRecord(step), native.aggregates, native.result)
  const help = 'It works on the records of all keys: test the whole job with runInMemory().'
  const problem = step.reduce ? `its reduce, ${WHOLE[step.reduce.kind]}, has no answer for one key` : 'it has no reduce'
  throw new RunjobError('JOB_INVALID', { job: job.name, problem, help })
}

/** Aggregates of one group, computed by the kernels, for `sum()` and the like. */
export function nativeGroup(
  record: RecordSpec,
  calls: AggregateCall[],
  result: ValueSpec,
): (key: unknown, values: readonly unknown[]) => Pair[] {
  const aggregates = aggregateSpecs(calls, record.value)
  let collector: Collector
  const emitter = createEmitter({ record, flush: (batch, count) => collector.add(batch, count) })
  return (key, values) => {
    collector = kernels.createCollector({
      mode: 'hash',
      aggregates,
      layout: layoutOf(record.value),
      partitionBy: 'hash',
      partitions: 1,
    })
    try {
      for (const value of values) emitter.emit(key, value)
      emitter.flush()
      const cursor = collector.sorted().finalize(aggregates)
      const reader = new RecordReader(cursor, { record: { key: record.key, value: result }, prefixGrouping: false })
      const pairs: Pair[] = []
      while (reader.advance()) pairs.push([reader.key, reader.value])
      cursor.close()
      return pairs
    } finally {
      collector.close()
    }
  }
}

/** A user's reduce or combine over one group, through the batches and decoders of a run. */
export function groupFunction(
  job: AnyJob,
  { step, functions, id, context, gate }: FunctionTools,
  role: 'reduce' | 'combine',
  emitted: RecordSpec,
): (key: unknown, values: readonly unknown[]) => Pair[] {
  const record = emittedRecord(step)
  const call = functions.find(id(role)) as ReduceFunction
  const order = step.order && (functions.find(id('order')) as OrderFunction)
  // Their buffers are large, and checking a combiner makes hundreds of calls.
  let collector: Collector
  const emitter = createEmitter({ record, order, flush: (batch, count) => collector.add(batch, count) })
  const { emit, pairs } = gather(emitted)
  const checked = checkedEmit(gate, emit)
  return (key, values) => {
    collector = kernels.createCollector({
      mode: 'append',
      aggregates: [],
      layout: layoutOf(record.value),
      partitionBy: 'hash',
      partitions: 1,
      prefixGrouping: order !== null,
    })
    try {
      for (const value of values) emitter.emit(key, value)
      emitter.flush()
      const cursor = collector.sorted()
      const reader = new RecordReader(cursor, { record, prefixGrouping: order !== null })
      forEachGroup(
        reader,
        guarded(
          role,
          call,
          gate,
          () => ({ job: job.name }),
          (group: unknown, members: Iterable<unknown>) => call(group, members, checked, context),
        ),
      )
      cursor.close()
      return pairs()
    } finally {
      collector.close()
    }
  }
}

/** What a test of one step needs. */
export interface FunctionTools {
  step: NormalStep
  functions: JobFunctions
  context: TaskContext
  gate: Gate
  /** Of a function of the step. */
  id(role: FunctionRole, input?: string): FunctionId
  /** Of the records that the step's map gets; null if these come from the step before. */
  format: Format | null
  /** Of the rows of a schema; null: there is none. */
  columns: readonly Column[] | null
}

/** Sets up the job, passes its functions on, and tears it down. */
export async function withFunctions<T>(
  job: AnyJob,
  options: FunctionOptions,
  use: (tools: FunctionTools) => T,
): Promise<T> {
  requireJob(job)
  const params = resolveParams(job.params, (options.params ?? {}) as Record<string, ParamValue | undefined>)
  const body = job.body(params)
  const steps = normalSteps(body)
  const index = options.step ?? 0
  const step = steps[index]
  if (!step || (options.step === undefined && steps.length > 1)) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'step',
      value: options.step,
      problem: `${job.name} has ${steps.length} steps: give a number from 0 to ${steps.length - 1}`,
    })
  }
  const functions = jobFunctions(body)
  const files = sideFilePaths(job, body, process.cwd())
  const state = await outside('setup', () => functions.setup?.({ params, files }))
  const late: { error: RunjobError | null } = { error: null }
  const gate: Gate = {
    isOpen: false,
    onLate: (error) => {
      late.error ??= error
    },
  }
  const context: TaskContext = {
    params,
    files,
    inputPath: options.inputPath ?? '',
    task: 'test',
    attempt: 0,
    ...checkedCalls(gate, {
      count: (name, by = 1) => void addCount(name, 0, by),
      write: (output) => checkOutput(body, output),
    }),
    state,
  }
  try {
    const input = index > 0 ? undefined : (body.input ?? body.inputs?.[options.input ?? ''])
    const format = input?.input ?? null
    const columns = input ? (declaredRows(input)?.columns ?? null) : null
    const id: FunctionTools['id'] = (role, input) => functionId(index, role, input)
    const answer = use({ step, functions, context, gate, id, format, columns })
    // Failures of promises in the meantime.
    await turn()
    if (late.error) throw late.error
    return answer
  } finally {
    await outside('teardown', () => functions.teardown?.(state))
  }
}

/** @throws OPTION_INVALID: text is iterable, too, but its characters are not records */
export function requireList(what: string, value: unknown): void {
  if (Array.isArray(value)) return
  throw new RunjobError('OPTION_INVALID', { name: what, given: describe(value), problem: 'an array is expected' })
}

async function outside(role: string, call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    throw userError(error, role)
  }
}

function checkOutput(body: AnyBody, output: string): void {
  const known = Object.keys(body.outputs ?? {})
  if (!known.includes(output)) throw new RunjobError('OUTPUT_UNKNOWN', { name: output, known })
}

/** Keeps emitted records, in the form that a reader sees after the codecs. */
function gather(record: RecordSpec): { emit: Emitter['emit']; pairs(): Pair[] } {
  const gathered: Pair[] = []
  const emitter = createEmitter({
    record,
    flush: (batch, count) => gathered.push(...decodeBatch(batch, count, record)),
  })
  return {
    emit: emitter.emit,
    pairs() {
      emitter.flush()
      return gathered.splice(0)
    },
  }
}

function decodeBatch({ keys, columns }: RecordBatch, count: number, record: RecordSpec): Pair[] {
  const specs = valueColumns(record.value)
  const read = (column: RecordBatch['columns'][number], { codec, missing }: ColumnSpec, i: number): unknown => {
    if (column instanceof Float64Array) return Number.isNaN(column[i]) ? null : column[i]
    const bytes = sliceOf(column, i)
    return missing && isMissingText(bytes, missing) ? null : decode(codec, bytes)
  }
  return Array.from({ length: count }, (_, i): Pair => {
    const values = specs.map((spec, c) => [spec.name, read(columns[c]!, spec, i)] as const)
    if (!isColumns(record.value)) return [decode(record.key, sliceOf(keys, i)), values[0]![1]]
    return [decode(record.key, sliceOf(keys, i)), values.length === 0 ? undefined : Object.fromEntries(values)]
  })
}

function sliceOf({ bytes, ends }: RecordBatch['keys'], i: number): Uint8Array {
  return bytes.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!)
}

function notTestable(job: AnyJob, what: string): RunjobError {
  return new RunjobError('JOB_INVALID', {
    job: job.name,
    problem: `its ${what} is not a function`,
    help: 'Native operators have no function to call: test the whole job with runInMemory().',
  })
}
