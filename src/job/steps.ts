/** A job's body as a list of steps of one untyped shape, which lowering and the workers read. */

import type { MapFunction, OrderFunction, PartitionFunction, ReduceFunction } from '../plan/functions.js'
import type { CodecSpec } from '../plan/plan.js'
import type { AnyBody } from './define.js'
import type { NativeMapper, NativeRekey } from './mappers.js'
import type { NativeReducer } from './reducers.js'

export type AnyMap = NativeMapper<unknown> | NativeRekey | MapFunction
export type AnyReduce = NativeReducer<unknown> | ReduceFunction

export interface NormalStep {
  key: CodecSpec
  value: CodecSpec
  /** By input name in the first step of a job with several inputs, else under ''. */
  maps: Record<string, AnyMap>
  reduce: AnyReduce | null
  combine: AnyReduce | null
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
const passOn: MapFunction = (record, emit) => {
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
      reduce: step.reduce ?? null,
      combine: step.combine ?? null,
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

/** The map of one input. */
export function mapFor(step: NormalStep, input: string): AnyMap | undefined {
  return step.maps[''] ?? step.maps[input]
}
