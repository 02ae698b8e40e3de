/**
 * Names of the functions in a plan: their number in the order of their first use, and where they were made, so that equal programs have equal
 * plans, and those that choose other functions have others.
 */
import type { FunctionId } from './expression.js'
import type { MadePlace, UserFunction } from './made.js'
import type { Stage } from './plan.js'

export interface Numbered {
  stages: Stage[]
  /** Those that the stages call, by their ids there. */
  functions: Map<FunctionId, UserFunction>
}

/** @param made all functions that the stages may call */
export function numbered(stages: Stage[], made: Iterable<UserFunction>): Numbered {
  const known = new Map([...made].map((one) => [one.id, one]))
  const functions = new Map<FunctionId, UserFunction>()
  if (known.size === 0) return { stages, functions }
  const ids = new Map<FunctionId, FunctionId>()
  const idOf = (one: UserFunction): FunctionId => {
    const id = ids.get(one.id) ?? `${ids.size + 1} ${placeText(one.place)}`
    ids.set(one.id, id)
    functions.set(id, one)
    return id
  }
  const copy = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') {
      const called = key === 'fn' || key === 'function' ? known.get(value) : undefined
      return called ? idOf(called) : value
    }
    if (Array.isArray(value)) return value.map((one) => copy(one))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, copy(one, name)]))
  }
  return { stages: copy(stages) as Stage[], functions }
}

/** Without the folder: a program is the same wherever it lies. */
function placeText({ module, index, inBuild }: MadePlace): string {
  const name = module?.slice(module.lastIndexOf('/') + 1) ?? ''
  return `${name}#${index}${inBuild === null ? '' : `.${inBuild}`}`
}
