/** Where a task's records go on their way to the next stage: a collector, spilled to sorted runs when its budget is full. */
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { kernels } from '../kernels/index.js'
import type { Collector, CollectorOptions, Cursor, SpillInfo } from '../kernels/kernels.js'
import { codecName, encode } from '../plan/codec.js'
import type { Emit, OrderFunction, PartitionFunction, ReduceFunction } from '../plan/functions.js'
import type { Exchange } from '../plan/plan.js'
import { expectCount } from './accounting.js'
import { createEmitter, type Emitter } from './emitter.js'
import type { TaskEnvironment } from './environment.js'
import { forEachGroup, RecordReader } from './record_reader.js'
import { type RunEntry, runName } from './task.js'

export class ExchangeTarget {
  readonly collector: Collector
  readonly runs: RunEntry[] = []
  readonly #exchange: Exchange
  readonly #partitions: number
  readonly #env: TaskEnvironment
  #recordsSpilled = 0
  #recordsCollected = 0

  constructor(exchange: Exchange, partitions: number, bounds: Uint8Array[] | null, env: TaskEnvironment) {
    this.#exchange = exchange
    this.#partitions = partitions
    this.#env = env
    this.collector = kernels.createCollector(collectorOptions(exchange, partitions, bounds))
  }

  /** For records that a user's function emits. */
  emitter(): Emitter {
    const { record, order, partition } = this.#exchange
    return createEmitter({
      record,
      order: order && (this.#env.functions.find(order) as OrderFunction),
      partition: partition && {
        choose: this.#env.functions.find(partition) as PartitionFunction,
        partitions: this.#partitions,
      },
      undoable: this.#env.quarantine !== null,
      flush: (batch, count) => {
        this.#env.clock.time('collect', () => this.collector.add(batch, count))
        this.spillIfFull()
      },
    })
  }

  /** Call after every batch or block. */
  spillIfFull(): void {
    const { collectorBytes, enoughBytes } = this.#env.budget
    // The user's combiner may make fewer records of more.
    const enough = this.#exchange.combine?.kind === 'user' ? collectorBytes : enoughBytes
    if (this.collector.isFull(collectorBytes, enough)) this.#env.clock.time('spill', () => this.#spill())
  }

  get spillBytes(): number {
    return this.runs.reduce((sum, run) => sum + run.fileBytes, 0)
  }

  /** What the collector took in and no run holds. */
  get recordsCombined(): number {
    return this.#recordsCollected - this.#recordsSpilled
  }

  /** Writes what is left, and frees the collector at once: garbage collection does not see native memory. */
  finish(): void {
    if (this.collector.entries > 0) this.#env.clock.time('spill', () => this.#spill())
    this.#recordsCollected = this.collector.recordsIn
    this.collector.close()
  }

  #spill(): void {
    const { task, attempt } = this.#env
    const name = runName(task.id, attempt, this.runs.length)
    const path = join(this.#env.runsDir, name)
    const meta = JSON.stringify({ task: task.id, attempt, spill: this.runs.length, plan: this.#env.planHash })
    const { combine } = this.#exchange
    const before = this.collector.recordsOut
    const info =
      combine?.kind === 'user'
        ? this.#combineInto(path, meta, this.#env.functions.find(combine.fn) as ReduceFunction)
        : this.collector.spill(path, meta)
    if (combine?.kind !== 'user') expectCount(`run ${name}`, info.records, this.collector.recordsOut - before)
    this.#recordsSpilled += info.records
    this.runs.push(runEntry(name, info))
    this.#env.progress(0, 0, info.fileBytes)
  }

  /** A combiner in JavaScript: it reads the sorted groups and writes what it emits for each, under the same key. */
  #combineInto(path: string, meta: string, combine: ReduceFunction): SpillInfo {
    const { record, layout } = this.#exchange
    const writer = kernels.createRunWriter(path, this.#partitions, this.collector.bytes)
    try {
      const cursor = this.collector.sorted()
      // Records come sorted by partition, and a batch never spans two.
      let batchPartition = cursor.partition
      let partition = batchPartition
      const emitter = createEmitter({ record, flush: (batch, count) => writer.add(partition, batch, layout, count) })
      const reader = new RecordReader(cursor, {
        record,
        prefixGrouping: false,
        beforeBatch: () => {
          batchPartition = cursor.partition
        },
        onBatch: () => this.#env.checkStop(),
      })
      let group: unknown
      const emit: Emit = (key, value) => {
        if (!sameKey(record.key, key, group)) {
          throw new RunjobError('JOB_INVALID', { problem: 'combine must emit under the key it was given' })
        }
        emitter.emit(key, value)
      }
      const { context } = this.#env
      const call = this.#env.guard('combine', (key: unknown, values: Iterable<unknown>) =>
        combine(key, values, emit, context),
      )
      forEachGroup(reader, (key, values) => {
        if (batchPartition !== partition) {
          emitter.flush()
          partition = batchPartition
        }
        group = key
        call(key, values)
      })
      emitter.flush()
      expectCount('the combiner', cursor.recordsOut, this.collector.entries)
      cursor.close()
      this.collector.clear()
      const info = writer.finish(meta)
      expectCount('a combined run', info.records, emitter.count)
      return info
    } catch (error) {
      writer.abort()
      throw error
    }
  }
}

function collectorOptions(exchange: Exchange, partitions: number, bounds: Uint8Array[] | null): CollectorOptions {
  const { combine } = exchange
  const isHash = combine?.kind === 'aggregate' || combine?.kind === 'distinct'
  return {
    mode: isHash ? 'hash' : 'append',
    aggregates: combine?.kind === 'aggregate' ? combine.aggregates : [],
    layout: exchange.layout,
    partitionBy: exchange.partitionBy === 'user' ? 'given' : bounds ? 'range' : 'hash',
    partitions,
    ...(bounds ? { bounds } : {}),
    descending: exchange.descending,
    prefixGrouping: exchange.grouping === 'prefix',
    ...(combine?.kind === 'take' ? { take: combine.count } : {}),
  }
}

export function runEntry(name: string, info: SpillInfo): RunEntry {
  const { records, bytes, fileBytes, partitions } = info
  return { name, records, bytes, fileBytes, partitions }
}

/**
 * What merging the runs of an exchange into fewer runs must do on the way, so that the result is as if the collector had held it all.
 */
export function mergeCombining(cursor: Cursor, { combine }: Exchange): Cursor {
  switch (combine?.kind) {
    case 'aggregate':
      return cursor.aggregate(combine.aggregates, false)
    case 'distinct':
      return cursor.aggregate([], false)
    case 'take':
      return cursor.take(combine.count)
    default:
      return cursor
  }
}

function sameKey(codec: Exchange['record']['key'], a: unknown, b: unknown): boolean {
  if (a === b) return true
  return codecName(codec) !== 'string' && Buffer.compare(encode(codec, a), encode(codec, b)) === 0
}
