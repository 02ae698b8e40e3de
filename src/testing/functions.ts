/** A job's map and reduce, called in this thread with what a worker would give them. */
import { resolve } from 'node:path'
import { RunjobError, userError } from '../base/errors.js'
import { createEmitter, type Emitter } from '../engine/emitter.js'
import { guarded } from '../engine/environment.js'
import { forEachGroup, RecordReader } from '../engine/record_reader.js'
import type { AnyBody, AnyJob, Job } from '../job/define.js'
import { jobFunctions } from '../job/functions.js'
import { emittedRecord } from '../job/lower.js'
import { resolveParams } from '../job/params.js'
import { mapFor, type NormalStep, normalSteps } from '../job/steps.js'
import { kernels } from '../kernels/index.js'
import type { Collector, RecordBatch } from '../kernels/kernels.js'
import { decode, isColumns, layoutOf, valueColumns } from '../plan/codec.js'
import type { JobFunctions, MapFunction, OrderFunction, ReduceFunction, TaskContext } from '../plan/functions.js'
import type { FunctionRef, ParamValue, RecordSpec } from '../plan/plan.js'

export interface FunctionOptions<P = unknown> {
  /** Values of the job's parameters. */
  params?: P
  /** Which step of a chain, counted from 0. */
  step?: number
  /** Which input's map, in a job with several inputs. */
  input?: string
  /** What `ctx.inputPath` says. */
  inputPath?: string
}

type Pair = [key: unknown, value: unknown]

/**
 * Calls a job's map with each record and gives what it emits, in order, checked and converted by the job's codecs as in a run.
 *
 * `setup` and `teardown` run as well. Counters, and records for named outputs, are checked and dropped: runInMemory() gives them.
 *
 * @throws what a run would throw: USER_ERROR, EMIT_TYPE, …; JOB_INVALID where the map is a native one, which a whole job tests
 */
export function runMap<P, R, K, V>(
  job: Job<P, unknown, unknown, R, K, V>,
  records: readonly NoInfer<R>[],
  options?: FunctionOptions<P> & { step?: never },
): Promise<[key: K, value: V][]>
export function runMap<P>(job: Job<P>, records: readonly unknown[], options: FunctionOptions<P>): Promise<Pair[]>
export function runMap(given: unknown, records: readonly unknown[], options: FunctionOptions = {}): Promise<Pair[]> {
  const job = given as AnyJob
  return withFunctions(job, options, ({ step, functions, ref, context }) => {
    const input = options.input ?? ''
    if (typeof mapFor(step, input) !== 'function')
      throw notTestable(job, mapFor(step, input) ? 'map' : `map of input "${input}"`)
    const map = functions.find(ref('map', input)) as MapFunction
    const { emit, pairs } = gather(emittedRecord(job.name, step))
    const call = guarded('map', nowhere, (record: unknown) => map(record, emit, context))
    for (const record of records) call(record)
    return pairs()
  })
}

/**
 * Calls a job's reduce with one key and its values and gives what it emits. Values come in the order given, or, if the job says so, in
 * that of `order`; they can be read once, as in a run. Without values reduce is not called.
 *
 * @throws what a run would throw: USER_ERROR, EMIT_TYPE, VALUES_READ_TWICE, …; JOB_INVALID where the reduce is a native one
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
export function runReduce(
  given: unknown,
  key: unknown,
  values: readonly unknown[],
  options: FunctionOptions = {},
): Promise<Pair[]> {
  const job = given as AnyJob
  return withFunctions(job, options, (tools) => reduceWith(job, tools)(key, values))
}

/** The reduce of a step as a plain function. */
export function reduceWith(job: AnyJob, tools: FunctionTools): (key: unknown, values: readonly unknown[]) => Pair[] {
  const { step } = tools
  if (typeof step.reduce !== 'function') throw notTestable(job, 'reduce')
  return groupFunction(job, tools, 'reduce', { key: step.outKey, value: step.outValue })
}

/** A user's reduce or combine over one group, by way of the batches and decoders of a run. */
export function groupFunction(
  job: AnyJob,
  { step, functions, ref, context }: FunctionTools,
  role: 'reduce' | 'combine',
  emitted: RecordSpec,
): (key: unknown, values: readonly unknown[]) => Pair[] {
  const record = emittedRecord(job.name, step)
  const call = functions.find(ref(role)) as ReduceFunction
  const order = step.order && (functions.find(ref('order')) as OrderFunction)
  // Their buffers are large, and a check of a combiner calls hundreds of times.
  let collector: Collector
  const emitter = createEmitter({ record, order, flush: (batch, count) => collector.add(batch, count) })
  const { emit, pairs } = gather(emitted)
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
        guarded(role, nowhere, (group: unknown, members: Iterable<unknown>) => call(group, members, emit, context)),
      )
      cursor.close()
      return pairs()
    } finally {
      collector.close()
    }
  }
}

/** What a test of one step works with. */
export interface FunctionTools {
  step: NormalStep
  functions: JobFunctions
  context: TaskContext
  ref(role: FunctionRef['role'], input?: string): FunctionRef
}

/** Sets the job up, hands over its functions, and tears it down. */
export async function withFunctions<T>(
  job: AnyJob,
  options: FunctionOptions,
  use: (tools: FunctionTools) => T,
): Promise<T> {
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
  const files = Object.fromEntries(Object.entries(body.files ?? {}).map(([name, path]) => [name, resolve(path)]))
  const state = await outside('setup', () => functions.setup?.({ params, files }))
  const context: TaskContext = {
    params,
    files,
    inputPath: options.inputPath ?? '',
    task: 'test',
    attempt: 0,
    count() {},
    write: (output) => checkOutput(body, output),
    state,
  }
  try {
    return use({ step, functions, context, ref: (role, input) => ({ step: index, role, ...(input ? { input } : {}) }) })
  } finally {
    await outside('teardown', () => functions.teardown?.(state))
  }
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

/** Keeps what is emitted until it is asked for, as whoever reads it behind the codecs would see it. */
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
  const read = (column: RecordBatch['columns'][number], codec: RecordSpec['key'], i: number): unknown =>
    column instanceof Float64Array ? column[i] : decode(codec, sliceOf(column, i))
  return Array.from({ length: count }, (_, i): Pair => {
    const values = specs.map(({ name, codec }, c) => [name, read(columns[c]!, codec, i)] as const)
    if (!isColumns(record.value)) return [decode(record.key, sliceOf(keys, i)), values[0]![1]]
    return [decode(record.key, sliceOf(keys, i)), values.length === 0 ? undefined : Object.fromEntries(values)]
  })
}

function sliceOf({ bytes, ends }: RecordBatch['keys'], i: number): Uint8Array {
  return bytes.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!)
}

/** Records of a test lie in no file. */
const nowhere = () => ({})

function notTestable(job: AnyJob, what: string): RunjobError {
  return new RunjobError('JOB_INVALID', {
    job: job.name,
    problem: `its ${what} is not a function`,
    help: 'Native operators have no function to call: try the whole job with runInMemory().',
  })
}
