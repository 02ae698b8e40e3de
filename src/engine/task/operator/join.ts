/** The rows of two inputs that have the same key. */
import { decode } from '../../../plan/codec.js'
import type { ExchangeInput, OperatorOf } from '../../../plan/plan.js'
import { exchangeOf } from '../../../plan/stages.js'
import type { ReduceSpec } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'
import { type SortedIntake, through } from '../intake.js'
import { printable } from '../printable.js'
import { RecordReader } from '../record_reader.js'
import { openPartition } from '../source/exchange.js'

export function join(operator: OperatorOf<'join'>, next: SortedIntake, { budget }: TaskEnvironment): SortedIntake {
  const { type, tupleKey, leftFields, rightFields } = operator
  const groupLimitBytes = budget.joinGroupBytes
  return through(next, (cursor) => cursor.join({ type, tupleKey, leftFields, rightFields, groupLimitBytes }))
}

/** Keys shown per side, and records read to find them. */
const SHOWN_KEYS = 3
const LOOKED_AT = 4096

/** Some keys of each side of a join that gave nothing, for the user who expected a match; null: no join. */
export function keysOfSides(env: TaskEnvironment, task: ReduceSpec): Record<'left' | 'right', string[]> | null {
  const input = env.plan.stages[task.stage]!.inputs[task.input] as ExchangeInput
  if (input.operators[0]?.op !== 'join') return null
  const exchange = exchangeOf(env.plan, input.exchange)
  const keys = { left: new Set<string>(), right: new Set<string>() }
  const merged = openPartition(exchange, task, env)
  // The last byte of a composite key is the side, 1 for the left one (native/operator/join.cc).
  const reader = new RecordReader(merged, {
    record: { key: 'bytes', value: exchange.record.value },
    prefixGrouping: false,
  })
  for (let i = 0; i < LOOKED_AT && reader.advance(); i++) {
    const bytes = reader.key as Uint8Array
    const side = bytes.at(-1) === 1 ? keys.left : keys.right
    if (side.size >= SHOWN_KEYS) continue
    const [group] = decode({ tuple: ['bytes'] }, bytes.subarray(0, -1)) as [Uint8Array]
    const key = decode(exchange.record.key, group)
    side.add(printable(Array.isArray(key) ? key.join(', ') : key))
  }
  merged.close()
  return { left: [...keys.left], right: [...keys.right] }
}
