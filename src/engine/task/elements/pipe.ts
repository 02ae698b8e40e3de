/** The steps between one exchange and the next as one function: each element goes through all of them before the next one comes. */
import type { MapFunction, ReduceFunction } from '../../../plan/functions.js'
import type { ElementStep } from '../../../plan/plan.js'
import { type Opening, ofNoRecord, type Push, type Receiver, type Surroundings } from './receiver.js'
import { type Change, type Find, linksOf } from './steps.js'

/** Gives `push` the elements of a record, unless `receiver` is full. */
export type Use = (push: Push, receiver: Pick<Receiver, 'isFull'>) => void

interface Pipe {
  readonly isFull: boolean
  record(use: Use): void
  end(): void
}

/** What it keeps from record to record is of one task. */
function openPipe(
  steps: readonly ElementStep[],
  find: Find,
  open: Opening,
  task: Surroundings,
  change: Change | null,
): Pipe {
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
    record(use) {
      if (receiver.isFull) return
      try {
        use(push, receiver)
      } catch (error) {
        if (task.isEnough()) return
        const undone = keepers.map((keeper) => keeper.discard?.() ?? true)
        throw undone.every(Boolean) ? error : ofNoRecord(error)
      }
      for (const keeper of keepers) keeper.settle?.()
    },
    end() {
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
  /** If the elements of one record fail, so do all. */
  together(use: Use): void
}

/** @param elementOf of what the engine gives */
export function mapOf(
  steps: readonly ElementStep[],
  find: Find,
  open: Opening,
  task: Surroundings,
  elementOf: (record: unknown) => unknown,
  change: Change | null,
): ElementsMap {
  const pipe = openPipe(steps, find, open, task, change)
  let given: unknown
  const use = (push: Push): void => push(elementOf(given))
  const map = (one: unknown): void => {
    given = one
    pipe.record(use)
  }
  return Object.defineProperty(Object.assign(map, { end: pipe.end, together: pipe.record }), 'isFull', {
    get: () => pipe.isFull,
  })
}

/** What becomes of a key and its values. */
export type Group = (key: unknown, values: Iterable<unknown>, push: Push) => void

export function reduceOf(
  steps: readonly ElementStep[],
  find: Find,
  open: Opening,
  task: Surroundings,
  group: Group,
): ReduceFunction {
  const { record, end } = openPipe(steps, find, open, task, null)
  const reduce = (key: unknown, values: Iterable<unknown>): void => record((push) => group(key, values, push))
  return Object.assign(reduce, { end })
}
