/** One task, in a worker: its source, through its operators, into its target. */
import { join } from 'node:path'
import { RunjobError, type Where } from '../base/errors.js'
import { kernels } from '../kernels/index.js'
import type { Cursor } from '../kernels/kernels.js'
import { layoutOf, NUMBER_KEY_BYTES } from '../plan/codec.js'
import type { Emit, MapFunction, ReduceFunction } from '../plan/functions.js'
import type { Exchange, ExchangeSource, FileSource, FunctionRef, GroupOperator, RecordSpec } from '../plan/plan.js'
import { createEmitter, type Emitter } from './emitter.js'
import type { TaskEnvironment } from './environment.js'
import { ExchangeTarget, mergeCombining, runEntry } from './exchange_target.js'
import { readFiles } from './file_source.js'
import { PartTarget } from './part_target.js'
import { recordGuard } from './record_guard.js'
import { forEachGroup, RecordReader } from './record_reader.js'
import { runName, type TaskResult, type TaskSpec } from './task.js'

const COLLECT_RECORDS = 16_384
const SAMPLE_KEYS = 8192
/** A bound need not be a key: the beginning of one divides as well. */
const BOUND_BYTES = 1024

export async function runTask(env: TaskEnvironment, bounds: Uint8Array[] | null): Promise<TaskResult> {
  const { task } = env
  const result: TaskResult = {
    id: task.id,
    source: task.source,
    attempt: env.attempt,
    recordsIn: 0,
    recordsOut: 0,
    recordsFiltered: 0,
    recordsMapped: 0,
    recordsQuarantined: 0,
    quarantine: null,
    recordsCombined: 0,
    bytesIn: task.bytes,
    bytesOut: 0,
    runs: [],
    merged: task.kind === 'merge' ? task.runs : [],
    parts: [],
    boundaries: [],
    counters: {},
    topAsked: env.top,
    top: [],
    keys: [],
    worker: env.slot,
    startedAt: Date.now(),
    times: env.clock.times(),
  }
  switch (task.kind) {
    case 'map':
    case 'reduce':
      await runStageTask(env, bounds, result)
      break
    case 'merge':
      mergeRuns(env, task, result)
      break
    case 'sample':
      await sampleKeys(env, task, result)
      break
  }
  result.times = env.clock.times()
  return result
}

async function runStageTask(env: TaskEnvironment, bounds: Uint8Array[] | null, result: TaskResult): Promise<void> {
  const { task, plan } = env
  const stage = plan.stages[task.stage]!
  const source = stage.sources[task.source]!
  if (stage.target.kind === 'exchange') {
    const target = new ExchangeTarget(stage.target, env.partitions[task.stage]!, bounds, env)
    if (source.kind === 'files') await readFiles(source, env, result, { kind: 'exchange', target })
    else readExchangeInto(source, stage.target, target, env, result)
    target.finish()
    result.recordsCombined = target.recordsCombined
    result.runs = target.runs
    result.bytesOut = target.runs.reduce((sum, run) => sum + run.bytes, 0)
    return
  }
  const number = task.kind === 'reduce' ? task.partition : Number(task.id.slice(-5))
  const target = new PartTarget(stage.target, task.kind === 'reduce' ? 'r' : 'm', number, env)
  env.writeNamed = (output, key, value) => target.writeNamed(output, key, value)
  try {
    if (source.kind === 'files') await readFiles(source, env, result, { kind: 'part', target })
    else await readExchangeToPart(source, target, env, result)
    result.recordsOut = target.records
    result.parts = await target.close()
    result.top = target.top
    result.bytesOut = result.parts.reduce((sum, part) => sum + part.bytes, 0)
  } catch (error) {
    await target.abort()
    throw error
  }
}

/** The sorted records of this task's partition, grouped as the source says, if native code can do that. */
function openPartition(source: ExchangeSource, env: TaskEnvironment): { grouped: Cursor; exchange: Exchange } {
  const { task, plan } = env
  const exchange = plan.stages[source.stage]!.target
  if (exchange.kind !== 'exchange' || task.kind !== 'reduce')
    throw new RunjobError('INTERNAL', { detail: 'no exchange to read' })
  const paths = task.runs.map((run) => join(env.runsDir, run))
  const merged = kernels.openRuns(paths, task.partition, { descending: exchange.descending })
  return { grouped: group(merged, source.group, exchange, env), exchange }
}

function group(cursor: Cursor, operator: GroupOperator, exchange: Exchange, env: TaskEnvironment): Cursor {
  switch (operator.op) {
    case 'records':
      return cursor
    case 'distinct':
      return cursor.aggregate([], true)
    case 'aggregate':
      return cursor.aggregate(operator.aggregates, true)
    case 'take': {
      const taken = cursor.take(operator.count)
      return operator.rekeyed ? taken.dropPrefix(NUMBER_KEY_BYTES) : taken
    }
    case 'join':
      return cursor.join({
        leftOuter: operator.leftOuter,
        missingRight: Buffer.from(operator.missingRight),
        groupLimitBytes: env.budget.joinGroupBytes,
      })
    case 'reduce':
      // A native combiner left states in the runs; the user's reduce wants values.
      return exchange.combine?.kind === 'aggregate' ? cursor.finalize(exchange.combine.aggregates) : cursor
  }
}

/** Calls `emit` for each record that comes out of the group operator. */
function readGroups(
  source: ExchangeSource,
  grouped: Cursor,
  exchange: Exchange,
  env: TaskEnvironment,
  emit: Emit,
): void {
  const { clock } = env
  const onBatch = (records: number) => {
    env.checkStop()
    env.progress(0, records, 0)
  }
  if (source.group.op === 'reduce') {
    const reduce = env.functions.find(source.group.fn) as ReduceFunction
    const prefixGrouping = exchange.grouping === 'prefix'
    const reader = new RecordReader(grouped, { record: exchange.record, prefixGrouping, onBatch, clock })
    const { context } = env
    const reduceGroup = env.guard('reduce', (key: unknown, values: Iterable<unknown>) => {
      env.where = () => ({ key: printable(key) })
      return reduce(key, values, emit, context)
    })
    clock.time('reduce', () => forEachGroup(reader, reduceGroup))
    return
  }
  const reader = new RecordReader(grouped, { record: source.record, prefixGrouping: false, onBatch, clock })
  while (reader.advance()) emit(reader.key, reader.value)
}

function printable(key: unknown): string {
  const text = typeof key === 'string' ? key : String(key)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

async function readExchangeToPart(
  source: ExchangeSource,
  target: PartTarget,
  env: TaskEnvironment,
  result: TaskResult,
): Promise<void> {
  const { grouped, exchange } = openPartition(source, env)
  if (source.group.op === 'reduce') {
    readGroups(source, grouped, exchange, env, target.emit)
    result.recordsIn = grouped.runRecords
    grouped.close()
  } else {
    result.recordsIn = await target.drain(grouped, (from, write) => readGroups(source, from, exchange, env, write))
  }
}

/** From one exchange into the next: natively re-keyed, or through the next step's map. */
function readExchangeInto(
  source: ExchangeSource,
  next: Exchange,
  target: ExchangeTarget,
  env: TaskEnvironment,
  result: TaskResult,
): void {
  const { grouped, exchange } = openPartition(source, env)
  const operator = source.operators[0]
  if (operator?.op === 'byNumber') {
    const options = { key: 'byNumber' as const, descending: operator.descending, layout: layoutOf(next.record.value) }
    const move = (from: Cursor): void => {
      for (;;) {
        env.checkStop()
        const moved = from.collect(target.collector, options, COLLECT_RECORDS)
        if (moved === 0) break
        result.recordsOut += moved
        env.progress(0, moved, 0)
        target.spillIfFull()
      }
    }
    if (source.group.op === 'reduce') reduceInto(source, grouped, exchange, env, move)
    else move(grouped)
  } else if (operator?.op === 'map') {
    const emitter: Emitter = target.emitter()
    readGroups(source, grouped, exchange, env, recordMap(operator.fn, emitter, env, result))
    emitter.flush()
    result.recordsOut = emitter.count
  } else {
    throw new RunjobError('INTERNAL', { detail: 'no way from this exchange into the next' })
  }
  result.recordsIn = grouped.runRecords
  grouped.close()
}

/** Gives the records that a step emits to the map of the next one. */
function recordMap(fn: FunctionRef, emitter: Emitter, env: TaskEnvironment, result: TaskResult): Emit {
  const map = env.functions.find(fn) as MapFunction
  const { context, quarantine, task } = env
  const { emit } = emitter
  const guard = quarantine && recordGuard(env, quarantine, emitter)
  const stage = env.plan.stages[task.stage]!.name
  const partition = (task as Extract<TaskSpec, { kind: 'reduce' }>).partition
  let current: unknown
  const where = (): Where => ({ stage, partition, key: printable(current) })
  const call: Emit = env.guard('map', (key, value) => map([key, value], emit, context))
  return (key, value) => {
    // A reduce that emits has a place of its own, and goes on from there.
    const outer = env.where
    env.where = where
    current = key
    result.recordsMapped++
    if (guard)
      guard(
        () => call(key, value),
        () => recordText(key, value),
      )
    else call(key, value)
    env.where = outer
  }
}

/** A record of any types, for people. */
function recordText(key: unknown, value: unknown): string {
  try {
    return JSON.stringify([key, value], (_, part) => (typeof part === 'bigint' ? String(part) : part))
  } catch {
    // What a function emits to the next one need not be JSON.
    return printable(key)
  }
}

/** What a user's reduce emits, as records that kernels can take further: a batch at a time. */
function reduceInto(
  source: ExchangeSource,
  grouped: Cursor,
  exchange: Exchange,
  env: TaskEnvironment,
  move: (from: Cursor) => void,
): void {
  const layout = layoutOf(source.record.value)
  const batches = kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout,
    partitionBy: 'hash',
    partitions: 1,
  })
  const emitter = createEmitter({
    record: source.record,
    flush(batch, count) {
      batches.add(batch, count)
      const cursor = batches.sorted()
      move(cursor)
      cursor.close()
      batches.clear()
    },
  })
  readGroups(source, grouped, exchange, env, emitter.emit)
  emitter.flush()
  batches.close()
}

function mergeRuns(env: TaskEnvironment, task: Extract<TaskSpec, { kind: 'merge' }>, result: TaskResult): void {
  const exchange = env.plan.stages[task.stage]!.target
  if (exchange.kind !== 'exchange') throw new RunjobError('INTERNAL', { detail: 'no runs to merge' })
  const partitions = env.partitions[task.stage]!
  const paths = task.runs.map((run) => join(env.runsDir, run))
  const name = runName(task.id, env.attempt, 0)
  const writer = kernels.createRunWriter(join(env.runsDir, name), partitions, task.bytes)
  try {
    for (let partition = 0; partition < partitions; partition++) {
      env.checkStop()
      const merged = kernels.openRuns(paths, partition, { descending: exchange.descending })
      const combined = mergeCombining(merged, exchange)
      env.clock.time('merge', () => combined.writeTo(writer, partition))
      result.recordsIn += combined.runRecords
      result.recordsOut += combined.recordsOut
      combined.close()
    }
    const entry = runEntry(
      name,
      writer.finish(JSON.stringify({ task: task.id, attempt: env.attempt, spill: 0, plan: env.planHash })),
    )
    result.runs = [entry]
    result.recordsCombined = result.recordsIn - result.recordsOut
    result.bytesOut = entry.bytes
  } catch (error) {
    writer.abort()
    throw error
  }
}

/** Keys of the records at the task's places, thinned to a few thousand. */
async function sampleKeys(
  env: TaskEnvironment,
  task: Extract<TaskSpec, { kind: 'sample' }>,
  result: TaskResult,
): Promise<void> {
  const stage = env.plan.stages[task.stage]!
  const source = stage.sources[task.source] as FileSource
  const exchange = stage.target as Exchange
  // Without combining: a key's weight is the number of its records.
  const sampled: Exchange = { ...exchange, combine: null, partitionBy: 'hash', partition: null }
  // The sample is small, and what is spilled could not be looked at.
  const budget = { ...env.budget, collectorBytes: Number.POSITIVE_INFINITY, enoughBytes: Number.POSITIVE_INFINITY }
  const target = new ExchangeTarget(sampled, 1, null, { ...env, budget })
  await readFiles(source, env, result, { kind: 'exchange', target })
  const count = target.collector.entries
  if (count === 0) return
  const cursor = target.collector.sorted()
  const record: RecordSpec = { key: 'bytes', value: exchange.record.value }
  const reader = new RecordReader(cursor, { record, prefixGrouping: false })
  const step = Math.max(1, Math.ceil(count / SAMPLE_KEYS))
  for (let i = 0; reader.advance(); i++)
    if (i % step === 0) result.keys.push((reader.key as Uint8Array).slice(0, BOUND_BYTES))
  cursor.close()
  target.collector.close()
}
