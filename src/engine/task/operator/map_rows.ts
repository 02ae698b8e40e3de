/** A user's map over the rows of a pipeline, which come as bytes. */
import type { Where } from '../../../base/errors.js'
import { decodeRows, type Row } from '../../../kernels/rows.js'
import type { MapFunction } from '../../../plan/functions.js'
import type { ElementsOperator } from '../../../plan/plan.js'
import { withMarks } from '../../../plan/type.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RecordIntake } from '../intake.js'
import { recordGuard } from '../record_guard.js'
import { mapEnd } from './map.js'

export class CalledRows implements Intake {
  readonly end: () => void
  readonly abort: () => void
  readonly #use: (row: Row) => void
  readonly #decode: (bytes: Uint8Array) => Row[]

  constructor(
    map: MapFunction,
    { columns, exact }: NonNullable<ElementsOperator['rows']>,
    next: RecordIntake,
    env: TaskEnvironment,
  ) {
    const marked = withMarks(columns, exact)
    const { context, quarantine, task, plan } = env
    const { emit, undo } = next
    const call = env.guard('map', map, (row: unknown) => map(row, emit, context))
    const guard = quarantine && recordGuard(env, quarantine, undo)
    // A row is no longer at a place of a file: operators have made it.
    const stage = plan.stages[task.stage]!.name
    const where = (): Where => (context.inputPath === '' ? { stage } : { stage, file: context.inputPath })
    this.#use = (row) => {
      const outer = env.where
      env.where = where
      if (guard)
        guard(
          () => call(row),
          () => JSON.stringify(row, (_, part) => (typeof part === 'bigint' ? String(part) : part)),
        )
      else call(row)
      env.where = outer
    }
    this.#decode = (bytes) => decodeRows(bytes, marked, {})
    this.end = mapEnd(map, next, env)
    this.abort = () => next.abort?.()
  }

  writeRows(bytes: Uint8Array): void {
    for (const row of this.#decode(bytes)) this.#use(row)
  }
}
