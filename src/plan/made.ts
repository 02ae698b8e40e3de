/**
 * Functions of the user's that data frames call, and the datasets whose `build` makes some: what a module makes is counted, so that a
 * worker, which imports the module again, finds it by its number. Nothing is sent from thread to thread as text.
 */
import { type CallSite, callSite } from '../base/caller.js'
import type { FunctionId } from './expression.js'
import type { ParamValue } from './plan.js'

/** Where something was made, which is where it is made again. */
export interface MadePlace {
  /** URL of the module; null: a text that was evaluated, such as a query. */
  module: string | null
  /** Among all that this module made, from 0. */
  index: number
  /** Among the functions that a dataset's build made, if that is what is made there; null: it is the function itself. */
  inBuild: number | null
}

/** A function of the user's. */
export interface UserFunction {
  /** In expressions and operators, until a plan has numbers of its own for its functions. */
  readonly id: FunctionId
  readonly call: (...args: never[]) => unknown
  /** Its name in plans and messages. */
  readonly name: string
  /** What is known of it, as text, which must be the same in workers. Not its name: bundles number those. */
  readonly declared: string
  readonly place: MadePlace
  /** Whether the program had begun an action before: workers import its module up to there. */
  readonly isLate: boolean
}

/** A function as workers look it up. */
export interface FunctionIdentity {
  id: FunctionId
  name: string
  declared: string
  /** As sourceOf() gives it; null: the worker's text may be another one. */
  source: string | null
  /** `module` is null for what the imported code itself makes. */
  place: MadePlace
  isLate: boolean
}

/** Values of a dataset's parameters. */
type Values = Record<string, ParamValue | undefined>

export interface Made {
  site: CallSite
  /** Of a dataset: makes the functions of its build. */
  what: UserFunction | ((params: Values) => readonly UserFunction[])
}

const REGISTRY = Symbol.for('runjob.made')
interface Building {
  place: MadePlace
  functions: UserFunction[]
}
interface Registry {
  byModule: Map<string | null, Made[]>
  /** What is being built; null: nothing is. */
  building: Building | null
  hasActed: boolean
  made: number
}
// On globalThis, because a program may load a second copy of this package.
const shared = globalThis as { [REGISTRY]?: Registry }
const registry: Registry = shared[REGISTRY] ?? { byModule: new Map(), building: null, hasActed: false, made: 0 }
shared[REGISTRY] = registry

/**
 * Notes a function where it is made: by a call of this package in the user's code.
 *
 * @param what the method that takes it, such as `udf`
 * @param type of its results, as text; null: any
 */
export function userFunction(call: (...args: never[]) => unknown, what: string, type: string | null): UserFunction {
  const name = call.name || what
  const declared = `${what}(${call.length})${type === null ? '' : ` -> ${type}`}`
  const { building, hasActed } = registry
  const head = { id: `#${++registry.made}`, call, name, declared, isLate: hasActed }
  if (building !== null) {
    const place = { ...building.place, inBuild: building.functions.length }
    const made = { ...head, place }
    building.functions.push(made)
    return made
  }
  return note((place) => ({ what: { ...head, place } })).what
}

/** Notes a dataset where it is defined. @returns calls its build; functions that this makes are counted by themselves */
export function notedBuild<T>(build: (params: Values) => T): (params: Values) => T {
  const { place } = note((place) => ({
    place,
    what: (params: Values) => building(place, () => build(params)).functions,
  }))
  return (params) => building(place, () => build(params)).made
}

/** Of a function that is not counted, which workers cannot find. */
export const NOWHERE: MadePlace = { module: null, index: -1, inBuild: null }

/** Makes what is thrown away: functions in it are not counted. */
export function uncounted<T>(make: () => T): T {
  return building(NOWHERE, make).made
}

/** Whether functions are counted from now on. */
export function setCounting(isCounting: boolean): void {
  registry.building = isCounting ? null : { place: NOWHERE, functions: [] }
}

function building<T>(place: MadePlace, build: () => T): { made: T; functions: readonly UserFunction[] } {
  const { building: outer } = registry
  const own: Building = { place, functions: [] }
  registry.building = own
  try {
    return { made: build(), functions: own.functions }
  } finally {
    registry.building = outer
  }
}

function note<T extends Pick<Made, 'what'>>(make: (place: MadePlace) => T): T {
  const site = callSite()
  const known = registry.byModule.get(site.url) ?? []
  registry.byModule.set(site.url, known)
  const made = make({ module: site.url, index: known.length, inBuild: null })
  known.push({ site, what: made.what })
  return made
}

/** Notes that the program has begun an action. */
export function noteAction(): void {
  registry.hasActed = true
}

/** Whether this program has made any function. */
export function hasMadeFunctions(): boolean {
  return registry.made > 0
}

export function isUserFunction(value: object): value is UserFunction {
  return 'declared' in value && 'place' in value && 'call' in value
}

/** What a module has made in this thread, in order. */
export function madeIn(module: string | null): readonly Made[] {
  return registry.byModule.get(module) ?? []
}

/** The text of a function as comparableText() gives it. */
export function sourceOf(call: (...args: never[]) => unknown): string {
  return comparableText(Function.prototype.toString.call(call))
}

/** Text of code, whatever its bundle does to it: it nests it deeper, and numbers names that several modules have. */
export function comparableText(code: string): string {
  return code.replace(/\n\s+/g, '\n').replace(/(?<![\w$])([A-Za-z_$][\w$]*?)\d+(?![\w$])/g, '$1')
}
