/** The steps between one exchange and the next as one function: each element goes through all of them before the next one comes. */
import type { Emit, MapFunction, ReduceFunction, TaskContext } from '../../../plan/functions.js'
import type { ElementStep } from '../../../plan/plan.js'
import { type Opening, ofNoRecord, type Push, type Receiver, type Surroundings } from './receiver.js'
import { type Change, type Find, linksOf } from './steps.js'

/** What is known of the task before it begins. */
export type Place = Pick<Surroundings, 'number' | 'isEnough' | 'mayDiscard'>

interface Pipe {
  readonly isFull: boolean
  record(emit: Emit, ctx: TaskContext, use: (push: Push) => void): void
  end(emit: Emit, ctx: TaskContext): void
}

/** What it keeps from record to record is of one task. */
function openPipe(steps: readonly ElementStep[], find: Find, open: Opening, place: Place, change: Change | null): Pipe {
  const task = { ...place } as Surroundings
  const receiver = open(task)
  /** From the first step to the receiver: those that keep something. */
  const keepers: Receiver[] = [receiver]
  const push = linksOf(steps, find, change).reduceRight<Push>((next, link) => {
    const linked = link(next, task)
    if (typeof linked === 'function') return linked
    keepers.unshift(linked)
    return linked.push
  }, receiver.push)
  return {
    get isFull() {
      return receiver.isFull ?? false
    },
    record(emit, ctx, use) {
      if (receiver.isFull) return
      task.emit = emit
      task.ctx = ctx
      try {
        use(push)
      } catch (error) {
        if (place.isEnough()) return
        const undone = keepers.map((keeper) => keeper.discard?.() ?? true)
        throw undone.every(Boolean) ? error : ofNoRecord(error)
      }
      for (const keeper of keepers) keeper.settle?.()
    },
    end(emit, ctx) {
      task.emit = emit
      task.ctx = ctx
      for (const keeper of keepers) {
        // What those before have given.
        keeper.settle?.()
        keeper.end?.()
      }
    },
  }
}

/** A map for which several records may be one. */
export interface ElementsMap extends MapFunction {
  /** Calls `use` with what takes their elements. If one fails, so do all. */
  together(use: (push: Push) => void, emit: Emit, ctx: TaskContext): void
}

/** @param elementOf of what the engine gives */
export function mapOf(
  steps: readonly ElementStep[],
  find: Find,
  open: Opening,
  place: Place,
  elementOf: (record: unknown) => unknown,
  change: Change | null,
): ElementsMap {
  const pipe = openPipe(steps, find, open, place, change)
  let given: unknown
  const use = (push: Push): void => push(elementOf(given))
  const map = (one: unknown, emit: Emit, ctx: TaskContext): void => {
    given = one
    pipe.record(emit, ctx, use)
  }
  const together: ElementsMap['together'] = (use, emit, ctx) => pipe.record(emit, ctx, use)
  return Object.defineProperty(Object.assign(map, { end: pipe.end, together }), 'isFull', { get: () => pipe.isFull })
}

/** What becomes of a key and its values. */
export type Group = (key: unknown, values: Iterable<unknown>, push: Push) => void

export function reduceOf(
  steps: readonly ElementStep[],
  find: Find,
  open: Opening,
  place: Place,
  group: Group,
): ReduceFunction {
  const { record, end } = openPipe(steps, find, open, place, null)
  const reduce = (key: unknown, values: Iterable<unknown>, emit: Emit, ctx: TaskContext): void => {
    record(emit, ctx, (push) => group(key, values, push))
  }
  return Object.assign(reduce, { end })
}
