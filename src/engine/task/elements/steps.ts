/** Steps from one element to the next. */
import { userError } from '../../../base/errors.js'
import { describe } from '../../../base/schema.js'
import type { FunctionId } from '../../../plan/expression.js'
import type { ElementStep } from '../../../plan/plan.js'
import { type Call, called, invalid, noElement, noResult, pairOf } from './called.js'
import { type Push, type Receiver, type Surroundings, staged } from './receiver.js'

/** Of the user's functions. */
export type Find = (id: FunctionId) => Call

/** What is handed to mapPartitions() at a time: consecutive elements. */
const BATCH_ELEMENTS = 4096

/** Makes what takes elements, and gives to `next`: a Receiver keeps some until more have come. */
type Link = (next: Push, task: Surroundings) => Push | Receiver

/** What becomes of an element before the steps that follow the first `after`, which are filters. */
export interface Change {
  after: number
  of(element: unknown): unknown
}

const known = new WeakMap<Find, WeakMap<object, readonly Link[]>>()

/**
 * The links of these steps. All tasks of a thread have the same: what V8 has learned of the user's functions in one task is of use in the next.
 *
 * @param change made for these steps
 */
export function linksOf(steps: readonly ElementStep[], find: Find, change: Change | null): readonly Link[] {
  const ofFunctions = known.get(find) ?? new WeakMap<object, readonly Link[]>()
  const links = ofFunctions.get(change ?? steps) ?? makeLinks(steps, find, change)
  ofFunctions.set(change ?? steps, links)
  known.set(find, ofFunctions)
  return links
}

function makeLinks(steps: readonly ElementStep[], find: Find, change: Change | null): Link[] {
  const links: Link[] = []
  let calls: CallStep[] = []
  const close = (): void => {
    if (calls.length > 0) links.push(callsLink(calls, find, links.length === 0 ? change : null))
    calls = []
  }
  for (const step of steps) {
    if (step.op !== 'sample' && step.op !== 'mapPartitions') {
      calls.push(step as CallStep)
      if (step.op !== 'flatMap') continue
    }
    close()
    if (step.op === 'sample') links.push((next, task) => sample(step, next, task))
    else if (step.op === 'mapPartitions') links.push((next, task) => batched(step.fn, find, next, task))
  }
  close()
  return links
}

type CallStep = Extract<ElementStep, { fn: FunctionId }> & {
  op: Exclude<ElementStep['op'], 'mapPartitions' | 'sample'>
}

/** How a call of `f` makes the next element of `e`, if it makes one. */
const CALLS: Record<CallStep['op'], (result: (of: string) => string) => string> = {
  map: (result) => `${result('e')}; e = r`,
  mapGroups: (result) => `${result('e')}; e = r`,
  keyBy: (result) => `${result('e')}; e = [r, e]`,
  mapValues: (result) => `const [key, value] = pairOf(e, method); ${result('value')}; e = [key, r]`,
  filter: (result) => `${result('e')}; if (r !== true) { if (r === false) return; throw notBoolean(r) }`,
  flatMap: (result) => `${result('e')}; pushAll(method, r, next)`,
}

/**
 * Steps of which each makes an element at most, but for the last one, as one function. It is compiled for them alone: a function that others
 * share would not know what it calls.
 */
function callsLink(steps: readonly CallStep[], find: Find, change: Change | null): Link {
  const fns = steps.map(({ op, fn }) => (op === 'mapGroups' ? ofGroup(find(fn)) : find(fn)))
  const methods = steps.map(({ op }) => `${op}()`)
  const texts = steps.map(({ op }, i) => {
    const result = (of: string) => `
      let r
      try { r = f${i}(${of}, task.ctx) } catch (error) { throw userError(error, method) }
      if (r === undefined || (typeof r === 'object' && r !== null && typeof r.then === 'function')) throw noElement(method, r)`
    return `${change?.after === i ? 'e = changed(e)' : ''}
    { const method = methods[${i}]; ${CALLS[op](result)} }`
  })
  const givesMany = steps.at(-1)!.op === 'flatMap'
  const source = `
    const [${fns.map((_, i) => `f${i}`).join(', ')}] = fns
    return (next, task) => (e) => { ${texts.join('')}
      ${change?.after === steps.length ? 'e = changed(e)' : ''}
      ${givesMany ? '' : 'next(e)'}
    }`
  const names = { fns, methods, changed: change?.of, userError, noElement, notBoolean, pairOf, pushAll }
  return new Function(...Object.keys(names), source)(...Object.values(names)) as Link
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
function batched(fn: FunctionId, find: Find, next: Push, task: Surroundings): Receiver {
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
