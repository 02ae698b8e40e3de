/** The records of a task for a later stage: a collector, spilled to sorted runs when it is over budget. */
import { join } from 'node:path'
import { RunjobError, userError } from '../../../base/errors.js'
import { kernels } from '../../../kernels/addon.js'
import type {
  CollectOptions,
  Collector,
  CollectorOptions,
  Cursor,
  Layout,
  SpillInfo,
} from '../../../kernels/kernels.js'
import { aggregateSpecs, layoutOf } from '../../../kernels/layout.js'
import { codecName, encode } from '../../../plan/codec.js'
import type { Emit, OrderFunction, PartitionFunction, ReduceFunction } from '../../../plan/functions.js'
import type { Exchange, ExchangeRows } from '../../../plan/plan.js'
import { expectCount } from '../../counts.js'
import { type RunEntry, runName } from '../../task.js'
import { checkedEmit } from '../calls.js'
import { createEmitter, type Emitter } from '../emitter.js'
import type { TaskEnvironment } from '../environment.js'
import { type BatchIntake, closeDrained } from '../intake.js'
import { forEachGroup, RecordReader } from '../record_reader.js'
import type { Undoable } from '../undoable.js'
import type { Target, Written } from './target.js'

const COLLECT_RECORDS = 16_384

export class ExchangeTarget implements Target, BatchIntake {
  readonly collector: Collector
  readonly #exchange: Exchange
  readonly #layout: Layout
  readonly #partitions: number
  readonly #env: TaskEnvironment
  readonly #runs: RunEntry[] = []
  /** Created on first use by a function, because its buffers are large. */
  #emitter: Emitter | null = null
  #recordsSpilled = 0

  constructor(exchange: Exchange, partitions: number, bounds: Uint8Array[] | null, env: TaskEnvironment) {
    this.#exchange = exchange
    this.#layout = layoutOf(exchange.record.value)
    this.#partitions = partitions
    this.#env = env
    this.collector = kernels.createCollector(collectorOptions(exchange, partitions, bounds))
  }

  get rows(): ExchangeRows | undefined {
    return this.#exchange.rows
  }

  get emit(): Emit {
    return this.#openEmitter().emit
  }

  get undo(): Undoable {
    return this.#openEmitter()
  }

  #openEmitter(): Emitter {
    const { record, order, sides, partition } = this.#exchange
    const { clock, functions, gate, quarantine } = this.#env
    this.#emitter ??= createEmitter({
      record,
      order: sides ? sideOf : order === null ? null : blaming('order', functions.find(order) as OrderFunction),
      partition:
        partition === null
          ? null
          : {
              choose: blaming('partition', functions.find(partition) as PartitionFunction),
              partitions: this.#partitions,
            },
      undoable: quarantine !== null,
      gate,
      flush: (batch, count) => {
        clock.time('collect', () => this.collector.add(batch, count))
        this.spillIfFull()
      },
    })
    return this.#emitter
  }

  drain(cursor: Cursor): void {
    this.collect(cursor, { key: 'same' })
    closeDrained(cursor, this.#env)
  }

  collect(cursor: Cursor, rekey: Omit<CollectOptions, 'layout'>): void {
    const options = { ...rekey, layout: this.#layout }
    for (;;) {
      this.#env.checkStop()
      const moved = cursor.collect(this.collector, options, COLLECT_RECORDS)
      if (moved === 0) return
      this.#env.tally.recordsOut += moved
      this.#env.progress(0, moved, 0)
      this.spillIfFull()
    }
  }

  spillIfFull(): void {
    const { collectorBytes, enoughBytes } = this.#env.budget
    // The user's combiner may reduce the number of records.
    const enough = this.#exchange.combine?.op === 'combine' ? collectorBytes : enoughBytes
    if (this.collector.isFull(collectorBytes, enough)) this.#env.clock.time('spill', () => this.#spill())
  }

  end(): void {
    const emitter = this.#emitter
    if (emitter === null) return
    const { tally } = this.#env
    emitter.flush()
    tally.recordsOut += emitter.count
    if (emitter.columnUses && emitter.count > 0) tally.columns = emitter.columnUses.list()
  }

  /** Writes the rest, and frees the collector at once, because garbage collection does not see native memory. */
  async finish(): Promise<Written> {
    if (this.collector.entries > 0) this.#env.clock.time('spill', () => this.#spill())
    const { recordsIn } = this.collector
    this.collector.close()
    return {
      recordsOut: this.#env.tally.recordsOut,
      // Records that the collector took but no run holds.
      recordsCombined: recordsIn - this.#recordsSpilled,
      bytesOut: this.#runs.reduce((sum, run) => sum + run.bytes, 0),
      runs: this.#runs,
      parts: [],
      top: [],
    }
  }

  async abort(): Promise<void> {
    this.collector.close()
  }

  #spill(): void {
    const { task, attempt } = this.#env
    const name = runName(task.id, attempt, this.#runs.length)
    const path = join(this.#env.runsDir, name)
    const meta = JSON.stringify({ task: task.id, attempt, spill: this.#runs.length, plan: this.#env.planHash })
    const { combine } = this.#exchange
    const before = this.collector.recordsOut
    const info =
      combine?.op === 'combine'
        ? this.#combineInto(path, meta, this.#env.functions.find(combine.fn) as ReduceFunction)
        : this.collector.spill(path, meta)
    if (combine?.op !== 'combine') expectCount(`run ${name}`, info.records, this.collector.recordsOut - before)
    this.#recordsSpilled += info.records
    this.#runs.push(runEntry(name, info))
    this.#env.progress(0, 0, info.fileBytes)
  }

  /** A combiner in JavaScript: reads the sorted groups, and writes what it emits for each under the same key. */
  #combineInto(path: string, meta: string, combine: ReduceFunction): SpillInfo {
    const { record } = this.#exchange
    const writer = kernels.createRunWriter(path, this.#partitions, this.collector.bytes)
    try {
      const cursor = this.collector.sorted()
      // Records are sorted by partition, and a batch never spans two partitions.
      let batchPartition = cursor.partition
      let partition = batchPartition
      const emitter = createEmitter({
        record,
        flush: (batch, count) => writer.add(partition, batch, this.#layout, count),
      })
      const reader = new RecordReader(cursor, {
        record,
        prefixGrouping: false,
        beforeBatch: () => {
          batchPartition = cursor.partition
        },
        onBatch: () => this.#env.checkStop(),
      })
      let group: unknown
      const emit = checkedEmit(this.#env.gate, (key, value) => {
        if (!sameKey(record.key, key, group)) {
          throw new RunjobError('JOB_INVALID', { problem: 'combine must emit under the key it was given' })
        }
        emitter.emit(key, value)
      })
      const { context } = this.#env
      const call = this.#env.guard('combine', combine, (key: unknown, values: Iterable<unknown>) =>
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

const sideOf: OrderFunction = (value) => (value as [side: number, value: unknown])[0]

/** A function that emit calls inside another one: its errors must name it, not the caller. */
function blaming<A extends unknown[], R>(role: string, use: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    try {
      return use(...args)
    } catch (error) {
      throw userError(error, role)
    }
  }
}

function collectorOptions(exchange: Exchange, partitions: number, bounds: Uint8Array[] | null): CollectorOptions {
  const { combine, record, rows } = exchange
  const isHash = combine?.op === 'aggregate'
  return {
    mode: isHash ? 'hash' : 'append',
    aggregates: isHash ? aggregateSpecs(combine.aggregates, record.value) : [],
    layout: layoutOf(record.value),
    partitionBy:
      exchange.partitionBy === 'user' || (rows?.kind === 'rows' && rows.by) ? 'given' : bounds ? 'range' : 'hash',
    partitions,
    ...(bounds ? { bounds } : {}),
    descending: exchange.descending,
    // The side of a row is one byte behind the columns of its key, which need no end.
    ...(rows?.kind === 'sides' ? { suffixBytes: 1 } : { prefixGrouping: exchange.grouping === 'prefix' }),
    ...(combine?.op === 'take' ? { take: combine.count } : {}),
  }
}

export function runEntry(name: string, info: SpillInfo): RunEntry {
  const { records, bytes, fileBytes, partitions } = info
  return { name, records, bytes, fileBytes, partitions }
}

function sameKey(codec: Exchange['record']['key'], a: unknown, b: unknown): boolean {
  if (a === b) return true
  return codecName(codec) !== 'string' && Buffer.compare(encode(codec, a), encode(codec, b)) === 0
}
