/** A job's functions, as workers look them up. */
import { RunjobError } from '../base/errors.js'
import type { FunctionId } from '../plan/expression.js'
import type { JobFunctions, JobShape, ReduceFunction } from '../plan/functions.js'
import type { AnyBody } from './body.js'
import { declaredRows } from './declared.js'
import type { NativeMapper } from './mappers.js'
import { mapFor, type NormalReduce, type NormalStep, normalSteps } from './steps.js'

export type FunctionRole = 'map' | 'combine' | 'reduce' | 'partition' | 'order'

/**
 * @param step counted from 0
 * @param input whose map it is, in a job with several inputs
 */
export function functionId(step: number, role: FunctionRole, input?: string): FunctionId {
  return `${step + 1}.${role}${input ? `.${input}` : ''}`
}

const ID = /^(\d+)\.(\w+)(?:\.(.*))?$/s

export function jobFunctions(body: AnyBody): JobFunctions {
  const steps = normalSteps(body)
  return {
    setup: body.setup ?? null,
    teardown: body.teardown ?? null,
    find(id) {
      const [, number, role, input] = ID.exec(id) ?? []
      const step = steps[Number(number) - 1]
      const found = step && findIn(step, role as FunctionRole, input)
      if (typeof found !== 'function') throw new RunjobError('INTERNAL', { detail: `the job has no function ${id}` })
      return found
    },
  }
}

/** The parts of a body. */
export function bodyShape(body: AnyBody): JobShape {
  const shape: Record<string, JobShape[string]> = {}
  const add = (name: string, value: unknown) => {
    if (value === undefined || value === null) return
    shape[name] =
      typeof value === 'function' ? { source: Function.prototype.toString.call(value) } : { text: textOf(value) }
  }
  for (const [name, input] of Object.entries(body.inputs ?? { input: body.input })) {
    add(`input "${name}"`, input?.input)
    if (input) add(`schema of input "${name}"`, declaredRows(input))
  }
  normalSteps(body).forEach(({ maps, reduce, combine, ...step }, i) => {
    const place = body.steps ? `step ${i + 1}: ` : ''
    for (const [input, map] of Object.entries(maps)) add(`${place}map${input && ` of input "${input}"`}`, map)
    add(`${place}reduce`, partOf(reduce))
    add(`${place}combine`, partOf(combine))
    for (const [name, value] of Object.entries(step)) add(place + name, value)
  })
  const { setup, teardown, files, output, outputs } = body
  for (const [name, value] of Object.entries({ setup, teardown, files, output, outputs })) add(name, value)
  return shape
}

function partOf(reduce: NormalReduce | null): unknown {
  return reduce?.kind === 'function' ? reduce.call : reduce
}

/** Functions can only be compared if they occur in the text that workers load: other loaders print them in their own ways. */
export function comparableShape(shape: JobShape, moduleText: string): JobShape {
  return Object.fromEntries(
    Object.entries(shape).map(([name, part]) => {
      const isKnown = 'text' in part || (part.source !== null && moduleText.includes(part.source))
      return [name, isKnown ? part : { source: null }]
    }),
  )
}

function textOf(value: unknown): string {
  const { native } = value as Partial<NativeMapper<unknown>>
  return JSON.stringify(native === 'file' ? (value as NativeMapper<unknown>).lower([]) : value)
}

function findIn(step: NormalStep, role: FunctionRole, input = ''): unknown {
  switch (role) {
    case 'map':
      return mapFor(step, input)
    case 'reduce':
      return callOf(step.reduce)
    case 'combine':
      // A sum is its own combiner.
      return callOf(step.reduce?.kind === 'bigintSum' ? step.reduce : step.combine)
    case 'partition':
      return step.partition
    case 'order':
      return step.order
  }
}

function callOf(reduce: NormalReduce | null): ReduceFunction | null {
  if (reduce?.kind === 'bigintSum') return sumBigints
  return reduce?.kind === 'function' ? reduce.call : null
}

const sumBigints: ReduceFunction = (key, values, emit) => {
  let total = 0n
  for (const value of values) total += value as bigint
  emit(key, total)
}
