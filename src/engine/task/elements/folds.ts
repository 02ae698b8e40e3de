/** How values become one. */
import { decodeAny } from '../../../plan/any.js'
import type { ElementsFold } from '../../../plan/plan.js'
import { called } from './called.js'
import type { Find } from './steps.js'

export interface Fold {
  /** What others are added to. */
  first(value: unknown): unknown
  add(folded: unknown, value: unknown): unknown
  /** Two that were folded apart. */
  merge(a: unknown, b: unknown): unknown
}

const asItIs = (value: unknown): unknown => value
const sum = (a: unknown, b: unknown): unknown => (a as number) + (b as number)

export function foldOf(fold: ElementsFold, find: Find): Fold {
  switch (fold.method) {
    case 'countByKey()':
      return { first: () => 1, add: (count) => (count as number) + 1, merge: sum }
    case 'reduceByKey()': {
      const merge = called(fold.method, find(fold.merge.fn))
      return { first: asItIs, add: merge, merge }
    }
    case 'aggregateByKey()': {
      const zero = Buffer.from(fold.zero, 'base64')
      const add = called(fold.method, find(fold.add.fn))
      const merge = called(fold.method, find(fold.merge.fn))
      // A copy for each, because `add` may change it.
      return { first: (value) => add(decodeAny(zero), value), add, merge }
    }
  }
}
