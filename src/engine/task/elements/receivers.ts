/** Where elements go at the end of a pipe: into an exchange, or into the output. */
import { describe } from '../../../base/schema.js'
import { encodeAny } from '../../../plan/any.js'
import type { ElementsFold, ElementsInto } from '../../../plan/plan.js'
import { type Call, called, invalid, pairOf } from './called.js'
import { FoldTable } from './fold_table.js'
import { foldOf } from './folds.js'
import { type Opening, type Surroundings, staged } from './receiver.js'
import type { Find } from './steps.js'

/** A key that all elements have, which therefore stay in their order. */
const NO_KEY = null

export function receiverOf(into: ElementsInto, find: Find): Opening {
  switch (into.kind) {
    case 'pairs':
      return pairs(into.method, into.side)
    case 'folded':
      return folded(into.fold, find)
    case 'encoded':
      return (task) => ({ push: (element) => task.emit([encodeAny(element, 'exact', 'element')], undefined) })
    case 'keys':
      return (task) => ({ push: (element) => task.emit(element, undefined) })
    case 'sorted':
      return sorted(into.by && called('sortBy()', find(into.by.fn)))
    case 'sortedRows':
      return sortedRows(into.by && called('sortBy()', find(into.by.fn)))
    case 'values':
      return firstOnes(into.most ?? Number.POSITIVE_INFINITY)
    case 'texts':
      return (task) => ({ push: (element) => task.emit(textOf(element), undefined) })
    case 'count':
      return counted
    case 'reduced':
      return reduced(called('reduce()', find(into.fn)))
    case 'marked':
      return (task) => ({
        push: (element) => task.emit([element], undefined),
        end: () => task.emit(null, undefined),
      })
  }
}

/** @param side of a join */
function pairs(method: string, side: 0 | 1 | undefined): Opening {
  return (task) => ({
    push(element) {
      const [key, value] = pairOf(element, method)
      task.emit(key, side === undefined ? value : [side, value])
    },
  })
}

function folded(fold: ElementsFold, find: Find): Opening {
  return (task) => {
    const table = new FoldTable(foldOf(fold, find), (key, value) => task.emit(key, value))
    const add = (pair: unknown): void => {
      const [key, value] = pair as [unknown, unknown]
      table.add(key, value)
    }
    const stage = staged(task, add, () => table.flush())
    return {
      ...stage,
      push(element) {
        const pair = pairOf(element, fold.method)
        // It would be the first of its key, or not, by where a task begins.
        if (pair[1] === undefined && fold.method === 'reduceByKey()') {
          throw invalid('reduceByKey(): the value of a pair is undefined', 'null is a value that is missing.')
        }
        stage.push(pair)
      },
    }
  }
}

/** @param by null: the keys of pairs */
function sorted(by: Call | null): Opening {
  return (task) => ({
    push: (element) => task.emit(sortKey(by, element, task), element),
  })
}

function sortedRows(by: Call | null): Opening {
  return (task) => ({
    push(element) {
      // The next one has the same memory.
      const key = Buffer.from(encodeAny(sortKey(by, element, task), 'key'))
      task.emit([key, encodeAny(element, 'exact')], undefined)
    },
  })
}

function sortKey(by: Call | null, element: unknown, { ctx }: Surroundings): unknown {
  return by === null ? pairOf(element, 'sortByKey()')[0] : by(element, ctx)
}

/** @param most so many are enough */
function firstOnes(most: number): Opening {
  return (task) => {
    let taken = 0
    let settled = 0
    return {
      push(element) {
        if (taken >= most) return
        task.emit(NO_KEY, element)
        taken++
      },
      settle() {
        settled = taken
      },
      discard() {
        taken = settled
        return true
      },
      get isFull() {
        return taken >= most
      },
    }
  }
}

function textOf(element: unknown): string {
  switch (typeof element) {
    case 'string':
      if (/[\n\r]/.test(element)) throw invalid('write.text(): an element has a line end, and would be two lines')
      return element
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(element)
    default:
      throw invalid(
        `write.text() takes text, numbers and booleans, not ${describe(element)}`,
        'Make texts of them, .map(pair => pair.join("\\t")), or use write.json().',
      )
  }
}

const counted: Opening = (task) => {
  let count = 0
  let settled = 0
  return {
    push: () => {
      count++
    },
    settle: () => {
      settled = count
    },
    discard: () => {
      count = settled
      return true
    },
    end: () => task.emit(count, undefined),
  }
}

function reduced(merge: Call): Opening {
  return (task) => {
    let all: unknown
    const add = (element: unknown): void => {
      all = all === undefined ? element : merge(all, element)
    }
    return staged(task, add, () => {
      if (all !== undefined) task.emit(all, undefined)
    })
  }
}
