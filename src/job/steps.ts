/** A job's body as a list of steps of one untyped shape, for lowering and for the workers. */

import type { MapFunction, OrderFunction, PartitionFunction, ReduceFunction } from '../plan/functions.js'
import type { CodecSpec, JoinType } from '../plan/plan.js'
import type { AnyBody } from './body.js'
import type { NativeMapper, NativeRekey } from './mappers.js'
import type { Aggregate, NativeReducer } from './reducers.js'

export type AnyMap = NativeMapper<unknown> | NativeRekey | MapFunction
type AnyReduce = NativeReducer<unknown> | ReduceFunction

export type NormalReduce =
  | { kind: 'function'; call: ReduceFunction }
  /** `sum()` over the codec bigint: of any size, so computed in JavaScript. */
  | { kind: 'bigintSum' }
  /** By name of the result; the single one of `sum()` and the like is ''. */
  | { kind: 'aggregate'; isSingle: boolean; answers: Record<string, Aggregate<unknown>> }
  | { kind: 'records' }
  | { kind: 'distinct' }
  | { kind: 'take'; count: number }
  | { kind: 'join'; type: JoinType }

export interface NormalStep {
  key: CodecSpec
  value: CodecSpec
  /** By input name in the first step of a job with several inputs, otherwise under ''. */
  maps: Record<string, AnyMap>
  reduce: NormalReduce | null
  combine: NormalReduce | null
  partition: 'hash' | 'range' | PartitionFunction
  order: OrderFunction | null
  descending: boolean
  partitions: number | null
  outKey: CodecSpec
  outValue: CodecSpec
}

interface LooseStep {
  key?: { spec: CodecSpec }
  value?: { spec: CodecSpec }
  map?: AnyMap | Record<string, AnyMap>
  reduce?: AnyReduce
  combine?: AnyReduce
  partition?: 'hash' | 'range' | PartitionFunction
  order?: OrderFunction
  sort?: 'ascending' | 'descending'
  partitions?: number
  outKey?: { spec: CodecSpec }
  outValue?: { spec: CodecSpec }
}

/** A later step without a map passes records on. */
export const passOn: MapFunction = (record, emit) => {
  const [key, value] = record as [unknown, unknown]
  emit(key, value)
}

export function normalSteps(body: AnyBody): NormalStep[] {
  const steps = (body.steps?.map(({ step }) => step) ?? [body]) as LooseStep[]
  return steps.map((step) => {
    const key = step.key?.spec ?? 'string'
    const value = step.value?.spec ?? 'number'
    return {
      key,
      value,
      maps: mapsOf(step.map),
      reduce: step.reduce ? normalReduce(step.reduce, value) : null,
      combine: step.combine ? normalReduce(step.combine, value) : null,
      partition: step.partition ?? 'hash',
      order: step.order ?? null,
      descending: step.sort === 'descending',
      partitions: step.partitions ?? null,
      outKey: step.outKey?.spec ?? key,
      outValue: step.outValue?.spec ?? value,
    }
  })
}

function mapsOf(map: LooseStep['map']): Record<string, AnyMap> {
  if (map === undefined) return { '': passOn }
  return isMap(map) ? { '': map } : map
}

function isMap(map: AnyMap | Record<string, AnyMap>): map is AnyMap {
  return map === null || typeof map !== 'object' || 'native' in map
}

/** @param value codec of the values */
function normalReduce(reduce: AnyReduce, value: CodecSpec): NormalReduce {
  if (typeof reduce === 'function') return { kind: 'function', call: reduce }
  switch (reduce.reducer) {
    case 'aggregate': {
      const { columns } = reduce
      if (value === 'bigint' && columns.fn === 'sum') return { kind: 'bigintSum' }
      const isSingle = typeof columns.fn === 'string'
      const answers = (isSingle ? { '': columns } : columns) as Record<string, Aggregate<unknown>>
      return { kind: 'aggregate', isSingle, answers }
    }
    case 'records':
    case 'distinct':
      return { kind: reduce.reducer }
    case 'take':
      return { kind: 'take', count: reduce.count }
    case 'join':
      return { kind: 'join', type: reduce.type }
  }
}

/** The map of one input. */
export function mapFor(step: NormalStep, input: string): AnyMap | undefined {
  return step.maps[''] ?? step.maps[input]
}

/** The aggregate of a reduce such as `sum()`, which has only one. */
export function onlyAggregate(reduce: NormalReduce | null): Aggregate<unknown> | undefined {
  return reduce?.kind === 'aggregate' && reduce.isSingle ? reduce.answers[''] : undefined
}
