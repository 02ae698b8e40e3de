/** Puts the first number of the value before the key; and removes it again. */
import { kernels } from '../../../kernels/addon.js'
import type { Cursor } from '../../../kernels/kernels.js'
import { layoutOf } from '../../../kernels/layout.js'
import { NUMBER_KEY_BYTES } from '../../../plan/codec.js'
import type { OperatorOf, RecordSpec } from '../../../plan/plan.js'
import { createEmitter, type Emitter } from '../emitter.js'
import type { TaskEnvironment } from '../environment.js'
import { type BatchIntake, closeDrained, type RecordIntake, type SortedIntake, through } from '../intake.js'

export function byNumber(
  { descending }: OperatorOf<'byNumber'>,
  takes: RecordSpec,
  next: BatchIntake,
  env: TaskEnvironment,
): SortedIntake & Pick<RecordIntake, 'emit' | 'undo'> {
  const rekey = { key: 'byNumber' as const, descending }
  let batches: Batches | null = null
  const emitter = (): Emitter => {
    batches ??= new Batches(takes, env, (cursor) => next.collect(cursor, rekey))
    return batches.emitter
  }
  return {
    drain(cursor) {
      next.collect(cursor, rekey)
      closeDrained(cursor, env)
    },
    get emit() {
      return emitter().emit
    },
    get undo() {
      return emitter()
    },
    end() {
      batches?.end()
      next.end()
    },
  }
}

/** Emitted records, which native code processes one batch at a time. */
class Batches {
  readonly emitter: Emitter
  readonly #collector

  constructor(record: RecordSpec, env: TaskEnvironment, use: (cursor: Cursor) => void) {
    const collector = kernels.createCollector({
      mode: 'append',
      aggregates: [],
      layout: layoutOf(record.value),
      partitionBy: 'hash',
      partitions: 1,
    })
    this.#collector = collector
    this.emitter = createEmitter({
      record,
      undoable: env.quarantine !== null,
      gate: env.gate,
      flush(batch, count) {
        collector.add(batch, count)
        const cursor = collector.sorted()
        use(cursor)
        cursor.close()
        collector.clear()
      },
    })
  }

  end(): void {
    this.emitter.flush()
    this.#collector.close()
  }
}

export function dropNumber(next: SortedIntake): SortedIntake {
  return through(next, (cursor) => cursor.dropPrefix(NUMBER_KEY_BYTES))
}
