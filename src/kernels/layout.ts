/** How values of a plan's types are laid out in the kernels' columns. */
import { codecName, valueColumns } from '../plan/codec.js'
import type { AggregateCall, CodecSpec, ValueSpec } from '../plan/plan.js'
import type { AggregateSpec, Layout, ValueKind } from './kernels.js'

/** How a value of this type is stored in a batch. */
export function layoutOf(value: ValueSpec): Layout {
  return valueColumns(value).map(({ codec }) => kindOf(codec))
}

/** Aggregates over such values. */
export function aggregateSpecs(calls: readonly AggregateCall[], value: ValueSpec): AggregateSpec[] {
  const columns = valueColumns(value)
  return calls.map(({ fn, column: name, type, k, ascending }): AggregateSpec => {
    if (name === null) return { fn, column: -1, kind: 'number' }
    const column = columns.findIndex(
      (one) => one.name === name && (type === null || codecName(one.codec) === codecName(type)),
    )
    const { codec, missing } = columns[column]!
    return {
      fn,
      column,
      kind: kindOf(codec),
      ...(missing ? { missing } : {}),
      ...(k === undefined ? {} : { k, ascending: ascending ?? false }),
    }
  })
}

function kindOf(codec: CodecSpec): ValueKind {
  return codec === 'number' ? 'number' : 'bytes'
}
