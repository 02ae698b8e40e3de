/** What collections mean, in memory. */
import type { Query } from '../../dist/src/collection/query.js'
import type { Query as FrameQuery } from '../../dist/src/dataset/query.js'

const TYPES = ['null', 'boolean', 'number', 'bigint', 'Date', 'string', 'bytes', 'array', 'object']

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (value instanceof Date) return 'Date'
  if (value instanceof Uint8Array) return 'bytes'
  return Array.isArray(value) ? 'array' : typeof value
}

/** The order of keys. */
export function compareAny(a: unknown, b: unknown): number {
  const [left, right] = [TYPES.indexOf(typeOf(a)), TYPES.indexOf(typeOf(b))]
  if (left !== right) return left - right
  switch (typeOf(a)) {
    case 'null':
      return 0
    case 'number':
    case 'boolean':
    case 'Date':
      return compareNumbers(Number(a), Number(b))
    case 'bigint':
      return (a as bigint) < (b as bigint) ? -1 : Number(a !== b)
    case 'string':
      return compareLists([...(a as string)].map(codePoint), [...(b as string)].map(codePoint))
    case 'bytes':
    case 'array':
      return compareLists([...(a as Uint8Array)], [...(b as Uint8Array)])
    default:
      return compareLists(entriesOf(a), entriesOf(b))
  }
}

const codePoint = (text: string) => text.codePointAt(0)

function entriesOf(object: unknown): unknown[] {
  const entries = Object.entries(object as object).filter(([, value]) => value !== undefined)
  return entries.sort(([a], [b]) => compareAny(a, b)).flat()
}

function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : Number(a > b)
}

function compareLists(a: unknown[], b: unknown[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareAny(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}

export function sameKey(a: unknown, b: unknown): boolean {
  return compareAny(a, b) === 0
}

/** As keys come out of an exchange. */
function keyOut(key: unknown): unknown {
  if (key === 0) return 0
  if (Array.isArray(key)) return key.map(keyOut)
  if (typeOf(key) !== 'object') return key
  const names = Object.keys(key as object).sort()
  return Object.fromEntries(names.map((name) => [name, keyOut((key as Record<string, unknown>)[name])]))
}

/** Rows of elements are what was given: here no value takes another form. */
function rowsOf(frame: FrameQuery, lines: readonly string[]): unknown[] {
  switch (frame.kind) {
    case 'elements':
      return elementsOf(frame.collection, lines)
    case 'keyed': {
      const names = frame.by.map(({ value }) => (value as { name: string }).name)
      const keyOf = (row: Record<string, unknown>) => names.map((name) => [name, row[name]])
      return (rowsOf(frame.input, lines) as Record<string, unknown>[]).map((row) => [keyOf(row), row])
    }
    default:
      return [...lines]
  }
}

type Pair = [key: unknown, value: unknown]

function groupsOf(pairs: readonly unknown[]): [key: unknown, values: unknown[]][] {
  const groups: [unknown, unknown[]][] = []
  // Stable: values keep their order.
  for (const [key, value] of (pairs as Pair[]).toSorted(([a], [b]) => compareAny(a, b))) {
    const last = groups.at(-1)
    if (last && sameKey(last[0], key)) last[1].push(value)
    else groups.push([keyOut(key), [value]])
  }
  return groups
}

const ctx = { params: {}, inputPath: '', task: '', attempt: 0, count() {} }

/** Joins of joins may give more than anyone wants to wait for. */
const MOST_ELEMENTS = 20_000

/**
 * @param lines of what is read
 * @returns null: too many
 */
export function expectedOf(query: Query, lines: readonly string[]): unknown[] | null {
  try {
    return elementsOf(query, lines)
  } catch (error) {
    if (error instanceof TooMany) return null
    throw error
  }
}

class TooMany extends Error {}

function elementsOf(query: Query, lines: readonly string[]): unknown[] {
  const of = (input: Query) => {
    const elements = elementsOf(input, lines)
    if (elements.length > MOST_ELEMENTS) throw new TooMany()
    return elements
  }
  switch (query.kind) {
    case 'rows':
      return rowsOf(query.frame as FrameQuery, lines)
    case 'union':
      return query.inputs.flatMap(of)
    case 'sample':
      throw new Error('which elements are in a share is not known here')
    case 'step': {
      const call = (value: unknown) => (query.fn.call as (...args: unknown[]) => unknown)(value, ctx)
      const input = of(query.input)
      switch (query.op) {
        case 'map':
          return input.map(call)
        case 'filter':
          return input.filter(call)
        case 'flatMap':
          return input.flatMap((element) => [...(call(element) as Iterable<unknown>)])
        case 'mapPartitions':
          return [...(call(input) as Iterable<unknown>)]
        case 'keyBy':
          return input.map((element) => [call(element), element])
        case 'mapValues':
          return (input as Pair[]).map(([key, value]) => [key, call(value)])
        case 'mapGroups': {
          const ofGroup = query.fn.call as (...args: unknown[]) => unknown
          const keyOf = (key: unknown) => Object.fromEntries(key as [string, unknown][])
          return (input as Pair[]).map(([key, values]) => ofGroup(keyOf(key), values, ctx))
        }
      }
      break
    }
    case 'reduceByKey': {
      const merge = query.merge.call as (a: unknown, b: unknown) => unknown
      return groupsOf(of(query.input)).map(([key, values]) => [key, values.reduce((a, b) => merge(a, b))])
    }
    case 'aggregateByKey': {
      const add = query.add.call as (a: unknown, b: unknown) => unknown
      return groupsOf(of(query.input)).map(([key, values]) => [key, values.reduce((a, b) => add(a, b), [])])
    }
    case 'countByKey':
      return groupsOf(of(query.input)).map(([key, values]) => [key, values.length])
    case 'groupByKey':
      return groupsOf(of(query.input))
    case 'distinct':
      return groupsOf(of(query.input).map((element) => [element, null])).map(([key]) => key)
    case 'sort': {
      const by = query.by?.call as ((element: unknown, context: unknown) => unknown) | undefined
      const keyed = of(query.input).map((element): Pair => [by ? by(element, ctx) : (element as Pair)[0], element])
      const sign = query.descending ? -1 : 1
      return keyed.toSorted(([a], [b]) => sign * compareAny(a, b)).map(([, element]) => element)
    }
    case 'zipWithIndex':
      return of(query.input).map((element, i) => [element, i])
    case 'take':
      return of(query.input).slice(0, query.count)
    case 'join': {
      const sides = [
        ...(of(query.left) as Pair[]).map(([key, value]) => [key, { left: value }]),
        ...(of(query.right) as Pair[]).map(([key, value]) => [key, { right: value }]),
      ]
      return groupsOf(sides).flatMap(([key, values]) => {
        const side = (name: 'left' | 'right') =>
          (values as Record<string, unknown>[]).flatMap((value) => (name in value ? [value[name]] : []))
        const [left, right] = [side('left'), side('right')]
        if (query.how === 'group') return [[key, [left, right]]]
        if (left.length * right.length > MOST_ELEMENTS) throw new TooMany()
        const others = (query.how === 'left' || query.how === 'full') && right.length === 0 ? [null] : right
        const owns = (query.how === 'right' || query.how === 'full') && left.length === 0 ? [null] : left
        return owns.flatMap((value) => others.map((other) => [key, [value, other]]))
      })
    }
  }
}
