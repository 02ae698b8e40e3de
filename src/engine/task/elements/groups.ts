/** What becomes of a key and its values, which come in the order of the input. */
import { RunjobError } from '../../../base/errors.js'
import { encodeAny } from '../../../plan/any.js'
import type { ElementsFold, ElementsJoin } from '../../../plan/plan.js'
import { foldOf } from './folds.js'
import type { Group } from './pipe.js'
import type { Find } from './steps.js'
import { GroupValues } from './values.js'

export const grouped: Group = (key, values, push) => push([key, new GroupValues(values)])

export function folded(fold: ElementsFold, find: Find): Group {
  const { merge } = foldOf(fold, find)
  return (key, values, push) => {
    let all: unknown
    for (const value of values) all = all === undefined ? value : merge(all, value)
    push([key, all])
  }
}

type Sided = [side: 0 | 1, value: unknown]

const LEFT = 1

/**
 * The right values are held, and come first; left ones pass by.
 *
 * @param limitBytes of right values, as they are encoded
 */
export function joined(how: ElementsJoin, limitBytes: number): Group {
  return (key, values, push) => {
    const sides = values[Symbol.iterator]() as Iterator<Sided>
    const { held, next } = rightValues(sides, limitBytes)
    if (how === 'group') {
      push([key, [new GroupValues(leftValues(next, sides)), held]])
      return
    }
    if (next.done && (how === 'right' || how === 'full')) for (const right of held) push([key, [null, right]])
    for (const value of leftValues(next, sides)) {
      if (held.length === 0 && (how === 'left' || how === 'full')) push([key, [value, null]])
      for (const right of held) push([key, [value, right]])
    }
  }
}

function rightValues(sides: Iterator<Sided>, limitBytes: number): { held: unknown[]; next: IteratorResult<Sided> } {
  const held: unknown[] = []
  let bytes = 0
  for (;;) {
    const next = sides.next()
    if (next.done || next.value[0] === LEFT) return { held, next }
    const [, value] = next.value
    bytes += encodeAny(value, 'exact').length
    if (bytes > limitBytes) throw new RunjobError('JOIN_GROUP_TOO_LARGE')
    held.push(value)
  }
}

function* leftValues(first: IteratorResult<Sided>, sides: Iterator<Sided>): Iterable<unknown> {
  for (let next = first; !next.done; next = sides.next()) yield next.value[1]
}
