/** Steps from one element to the next. */
import { userError } from '../../../base/errors.js'
import { describe } from '../../../base/schema.js'
import type { FunctionId } from '../../../plan/expression.js'
import type { ElementStep } from '../../../plan/plan.js'
import { type Call, called, invalid, noResult, pairOf } from './called.js'
import { type Push, type Receiver, type Surroundings, staged } from './receiver.js'

/** Of the user's functions. */
export type Find = (id: FunctionId) => Call

/** What is handed to mapPartitions() at a time: consecutive elements. */
const BATCH_ELEMENTS = 4096

/** A step that keeps nothing. */
export function linkOf(step: ElementStep, find: Find, next: Push, task: Surroundings): Push {
  if (step.op === 'sample') return sample(step, next, task)
  const { op, fn } = step
  const method = `${op}()`
  const found = find(fn)
  const call = called(method, op === 'mapGroups' ? ofGroup(found) : found)
  switch (op) {
    case 'map':
    case 'mapGroups':
      return (element) => next(call(element, task.ctx))
    case 'keyBy':
      return (element) => next([call(element, task.ctx), element])
    case 'mapValues':
      return (element) => {
        const [key, value] = pairOf(element, method)
        next([key, call(value, task.ctx)])
      }
    case 'filter':
      return (element) => {
        const isKept = call(element, task.ctx)
        if (typeof isKept !== 'boolean') throw notBoolean(isKept)
        if (isKept) next(element)
      }
    default:
      return (element) => pushAll(method, call(element, task.ctx), next)
  }
}

/** Lots are so many. */
const LOTS = 2 ** 32

/** An element draws a lot by its place: the part, the number of the task, and that of the element in it. */
function sample(step: ElementStep & { op: 'sample' }, next: Push, { number }: Surroundings): Push {
  const { fraction, seed, nth, part } = step
  const high = Math.floor(seed / LOTS)
  const start = mixed(number ^ mixed(part ^ mixed(nth ^ mixed((seed | 0) ^ mixed(high)))))
  const chosen = Math.round(fraction * LOTS)
  let place = 0
  return (element) => {
    if (mixed(mixed(place++) ^ start) >>> 0 < chosen) next(element)
  }
}

/** Each bit depends on all. Source: A. Appleby, MurmurHash3, fmix32. */
function mixed(bits: number): number {
  let h = bits
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** A function that gets a key of a data frame, as an object, and its rows by themselves. */
function ofGroup(call: Call): Call {
  const ofThree = call as (key: unknown, rows: unknown, ctx: unknown) => unknown
  return (group, ctx) => {
    const [names, rows] = group as [[name: string, value: unknown][], unknown]
    return ofThree(Object.fromEntries(names), rows, ctx)
  }
}

/** mapPartitions(): consecutive elements together. */
export function batched(fn: FunctionId, find: Find, next: Push, task: Surroundings): Receiver {
  const method = 'mapPartitions()'
  const call = called(method, find(fn))
  let batch: unknown[] = []
  const flush = (): void => {
    const elements = batch
    batch = []
    if (elements.length > 0) pushAll(method, call(elements, task.ctx), next)
  }
  const add = (element: unknown): void => {
    batch.push(element)
    if (batch.length === BATCH_ELEMENTS) flush()
  }
  return staged(task, add, flush)
}

function notBoolean(result: unknown): Error {
  return invalid(
    `filter(): the function returned ${describe(result)}, not true or false`,
    'Compare, or use Boolean(…).',
  )
}

function pushAll(method: string, list: unknown, next: Push): void {
  if (Array.isArray(list)) {
    for (const element of list) {
      if (element === undefined) throw noResult(method)
      next(element)
    }
    return
  }
  if (typeof list !== 'object' || list === null || !(Symbol.iterator in list)) {
    throw invalid(
      `${method}: the function must return a list, not ${describe(list)}`,
      'An array, a Set, or what a generator gives. Text is no list: wrap it, [text].',
    )
  }
  const iterator = (list as Iterable<unknown>)[Symbol.iterator]()
  for (;;) {
    let result: IteratorResult<unknown>
    try {
      result = iterator.next()
    } catch (error) {
      throw userError(error, method)
    }
    if (result.done) return
    if (result.value === undefined) throw noResult(method)
    next(result.value)
  }
}
