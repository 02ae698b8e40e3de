/** A user's map: over the records of files, of another function or of an exchange. */
import type { Where } from '../../../base/errors.js'
import { jsonOf } from '../../../base/text.js'
import type { Columns } from '../../../io/format/csv/columns.js'
import type { Emit, MapFunction } from '../../../plan/functions.js'
import type { Format, OperatorOf, RecordSpec } from '../../../plan/plan.js'
import { withMarks } from '../../../plan/type.js'
import { checkedEmit } from '../calls.js'
import type { TaskEnvironment } from '../environment.js'
import { type ByteIntake, closeDrained, type RecordIntake, type SortedIntake } from '../intake.js'
import { printable } from '../printable.js'
import { recordGuard } from '../record_guard.js'
import { forEachRecord } from '../record_reader.js'
import { fieldsRead } from '../source/fields_only.js'
import { openLines } from '../source/line_reader.js'
import type { ParquetIntake } from '../source/parquet.js'
import { openRows } from '../source/row_reader.js'
import { rowClassFor } from '../source/rows.js'
import { typedParquet } from '../source/typed_parquet.js'
import { rowsFor, typedReader } from '../source/typed_rows.js'

/** Input size from which parsing a map pays off: loading the parser takes as long as cutting out all fields of this many bytes. */
const FIELDS_READ_FROM_BYTES = 1 << 20

export function mapOfFiles(
  map: MapFunction,
  rows: OperatorOf<'map'>['rows'],
  format: Format,
  next: RecordIntake,
  env: TaskEnvironment,
): ByteIntake | ParquetIntake {
  const { context, quarantine } = env
  const { emit, undo } = next
  const call = env.guard('map', map, (record: unknown) => map(record, emit, context))
  const guard = quarantine && recordGuard(env, quarantine, undo)
  const end = mapEnd(map, next, env)
  // Which columns of Parquet are read must not depend on the size of a task: only these can be at fault.
  const isAsked = format.kind === 'parquet' || (format.kind !== 'text' && env.task.bytes >= FIELDS_READ_FROM_BYTES)
  const read = isAsked ? fieldsRead(map) : null
  if (rows) {
    const columns = withMarks(rows.columns, rows.exact)
    const uses = { call, guard, ...rowsFor(map, columns, read) }
    if (format.kind === 'parquet') return typedParquet(env, uses, next)
    const reader = typedReader(columns, format, env, uses)
    const close = () => reader.close()
    return {
      open: reader.open,
      end: () => {
        close()
        end()
      },
      abort: () => {
        close()
        next.abort?.()
      },
    }
  }
  const fields = read && !read.any ? [...read.names] : null
  const classOf = (columns: Columns) => rowClassFor(map, columns, read !== null)
  return {
    open: async (file, start) =>
      format.kind === 'csv'
        ? openRows(format, file, start, env, { call, guard, classOf })
        : openLines(format, file, start, env, { call, guard, fields }),
    get done() {
      return (map.isFull || next.done) ?? false
    },
    end,
  }
}

/** Call at the end of a task's records: what the map has kept comes out, then the next one ends. */
export function mapEnd(map: MapFunction, next: RecordIntake, env: TaskEnvironment): () => void {
  const { emit, undo } = next
  const { context } = env
  const finish = map.end && env.guard('map', map.end, () => map.end!(emit, context))
  return () => {
    if (finish) {
      env.where = () => ({ stage: env.plan.stages[env.task.stage]!.name })
      // Of no record: it is kept as a whole.
      undo.beginRecord()
      finish()
      undo.keepRecord()
    }
    next.end()
  }
}

/** @param isGuarded a map before it takes back what a bad record has done */
export function mapOfRecords(
  map: MapFunction,
  { takes, isGuarded }: { takes: RecordSpec; isGuarded: boolean },
  next: RecordIntake,
  env: TaskEnvironment,
): RecordIntake & SortedIntake {
  const { context, quarantine, task, tally } = env
  const { emit, undo } = next
  const guard = quarantine && !isGuarded ? recordGuard(env, quarantine, undo) : null
  const stage = env.plan.stages[task.stage]!.name
  const partition = 'partition' in task ? task.partition : undefined
  let current: unknown
  const where = (): Where => ({ stage, ...(partition === undefined ? {} : { partition }), key: printable(current) })
  const call: Emit = env.guard('map', map, (key, value) => map([key, value], emit, context))
  const use: Emit = (key, value) => {
    // A reduce that emits has a place of its own, and continues from it.
    const outer = env.where
    env.where = where
    current = key
    if (!isGuarded) tally.recordsMapped++
    if (guard)
      guard(
        () => call(key, value),
        () => recordText(key, value),
      )
    else call(key, value)
    env.where = outer
  }
  return {
    emit: checkedEmit(env.gate, use),
    undo,
    drain(cursor) {
      forEachRecord(cursor, takes, env, use)
      closeDrained(cursor, env)
    },
    end: mapEnd(map, next, env),
  }
}

/** A record of any types, for people. */
function recordText(key: unknown, value: unknown): string {
  try {
    return jsonOf([key, value])
  } catch {
    // What a function emits to the next one may not be JSON.
    return printable(key)
  }
}
