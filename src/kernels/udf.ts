/**
 * Functions of the user's in expressions. Native code gives the arguments of a batch as a block, in the middle of its own call, and takes a
 * column of results (native/function/udf.h).
 */
import { types } from 'node:util'
import { type ErrorCode, RunjobError, userError } from '../base/errors.js'
import type { CallExpression, FunctionId } from '../plan/expression.js'
import { type Column, EXACT, isNested, withMarks } from '../plan/type.js'
import type { BlockColumn } from './block_column.js'
import { nestedWriter, wrongResult } from './nested_result.js'
import { readArguments } from './row_block.js'

/** One is `row` of the block is at fault; `detail` is JSON of the error's parameters. */
type Answer = { row: number; code: string; detail: string } | Results

interface Results {
  /** 1: null. */
  nulls?: Uint8Array
  numbers?: Float64Array
  wide?: BigInt64Array
  bytes?: Uint8Array
  ends?: Uint32Array
  /** For the detail of an error. */
  name: string
}

type UserCall = (...args: unknown[]) => unknown
type Called = (rows: number, columns: readonly BlockColumn[]) => Answer

/** A call in the plan: expressions that are alike share it, and what V8 has compiled of it. */
interface Site {
  args: Column[]
  call: () => Called
}

const sites: Site[] = []
const numbers = new Map<string, number>()
let find: (id: FunctionId) => unknown = (id) => {
  throw new RunjobError('INTERNAL', { detail: `the plan has no module, but calls ${id}` })
}
let enter: (name: string) => void = () => {}

/** @param entering told the name of a function before it is called for a batch */
export function setUserFunctions(finding: typeof find, entering: typeof enter): void {
  find = finding
  enter = entering
}

/** The number by which native code asks for a call. */
export function callNumber({ udf, args, type, nullable }: CallExpression): number {
  const { function: id, name, marks } = udf!
  const given = args.map((arg, i): Column => ({ name: String(i), type: arg.type, nullable: true }))
  const columns = [...given, { name: '', type, nullable }]
  const key = JSON.stringify([udf, columns])
  const known = numbers.get(key)
  if (known !== undefined) return known
  const marked = withMarks(columns, marks)
  const result = marked.pop()!
  let called: Called | undefined
  const call = () => (called ??= calling(find(id) as UserCall, name, marked, result))
  sites.push({ args: marked, call })
  numbers.set(key, sites.length - 1)
  return sites.length - 1
}

/** For `kernels.setUdfHost`. @param block at the start of these bytes, which the next one overwrites */
export function udfHost(number: number, block: Uint8Array): Answer {
  const { args, call } = sites[number]!
  const { rows, columns } = readArguments(block, args)
  return call()(rows, columns)
}

/** Codes of errors that are a row's. */
const OF_ROWS: readonly ErrorCode[] = ['USER_ERROR', 'RESULT_INVALID', 'INT64_UNSAFE', 'TIMESTAMP_PRECISION']

/** The last fault that native code was told of: its detail does not have the stack. */
let last: { detail: string; error: RunjobError } | null = null

/** What native code says of a bad record, as an error. */
export function errorOf(code: string, detail: string): RunjobError {
  return faultOf(code, detail) ?? new RunjobError(code as ErrorCode, { detail })
}

/** What native code throws for a fault, as it was; undefined: it is none. */
export function faultOf(code: string, detail: string): RunjobError | undefined {
  if (!(OF_ROWS as readonly string[]).includes(code)) return undefined
  if (last?.detail === detail) return last.error
  return new RunjobError(code as ErrorCode, JSON.parse(detail))
}

function faultAt(row: number, thrown: unknown, name: string): Answer {
  const error = userError(thrown, name)
  // Such as one of our own, for a wrong call in the function.
  if (!OF_ROWS.includes(error.code)) throw error
  const known =
    error.code === 'USER_ERROR' ? error.withParams({ isFrames: true }) : error.withParams({ function: name })
  const detail = JSON.stringify(known.params)
  last = { detail, error: known }
  return { row, code: known.code, detail }
}

/** What a result must be. `put` is the statement that keeps the result `r` of `row`, if it is right. */
interface Form {
  is: string
  put: string
  /** What is made of all that was kept. */
  results(
    kept: Kept,
    rows: number,
  ): Pick<Results, 'numbers' | 'wide' | 'bytes' | 'ends'> | { row: number; problem: string }
}

/** Results of a batch, which native code reads before the next one. */
interface Kept {
  numbers: Float64Array
  wide: BigInt64Array
  texts: string[]
  bytes: Uint8Array[]
  nulls: Uint8Array
}

const EMPTY = new Uint8Array()
/** Of native code. */
const MOST_ROWS = 2048

const asNumber = (is: string, put = 'numbers[row] = r'): Form => ({ is, put, results: ({ numbers }) => ({ numbers }) })
const asText = (is: string, put = 'texts[row] = r'): Form => ({ is, put, results: packed })
const WIDE: Form = {
  is: "typeof r === 'bigint' && BigInt.asIntN(64, r) === r",
  put: 'wide[row] = r',
  results: ({ wide }) => ({ wide }),
}

/** A list or a struct: `write` refuses what is none. */
const NESTED: Form = { is: 'r !== null', put: 'texts[row] = write(r)', results: packed }

function formOf({ type, [EXACT]: isExact }: Column): Form {
  if (isNested(type)) return NESTED
  if (typeof type === 'object') {
    return asText("typeof r === 'string' || (typeof r === 'number' && Number.isFinite(r))", "texts[row] = '' + r")
  }
  switch (type) {
    case 'boolean':
      return asNumber("typeof r === 'boolean'", 'numbers[row] = r ? 1 : 0')
    case 'integer':
      return asNumber("typeof r === 'number' && (r | 0) === r")
    case 'double':
      return asNumber("typeof r === 'number'")
    case 'long':
      return isExact ? WIDE : asNumber('Number.isSafeInteger(r)')
    case 'timestamp':
      return isExact ? WIDE : asNumber('isDate(r) && !Number.isNaN(+r)', 'numbers[row] = +r')
    case 'binary':
      // Copied: a function may fill the same bytes again.
      return { is: 'r instanceof Uint8Array', put: 'bytes[row] = new Uint8Array(r)', results: concatenated }
    default:
      return asText("typeof r === 'string'")
  }
}

/** Compiled for this call alone: a loop that all functions share would not know what it calls. */
function calling(fn: UserCall, name: string, args: readonly Column[], result: Column): Called {
  const kept: Kept = {
    numbers: new Float64Array(MOST_ROWS),
    wide: new BigInt64Array(MOST_ROWS),
    texts: [],
    bytes: [],
    nulls: new Uint8Array(MOST_ROWS),
  }
  const form = formOf(result)
  const values = args.map((_, i) => `a${i}.value(row)`).join(', ')
  const source = `
    const { numbers, wide, texts, bytes, nulls } = kept
    return (rows, columns) => {
      const [${args.map((_, i) => `a${i}`).join(', ')}] = columns
      let row = 0
      let hasNulls = false
      try {
        for (; row < rows; row++) {
          const r = fn(${values})
          if (${form.is}) {
            ${form.put}
            nulls[row] = 0
          } else if (r === null && ${result.nullable}) {
            hasNulls = true
            nulls[row] = 1
            texts[row] = ''
            bytes[row] = EMPTY
          } else return wrong(row, r)
        }
      } catch (error) {
        return faultAt(row, error, name)
      }
      return done(rows, hasNulls)
    }
    // ${name.replaceAll(/\W/g, '')} ${sites.length}`
  const wrong = (row: number, given: unknown) => faultAt(row, wrongResult(given, result), name)
  const done = (rows: number, hasNulls: boolean): Answer => {
    const made = form.results(kept, rows)
    if ('problem' in made) return faultAt(made.row, new RunjobError('RESULT_INVALID', { problem: made.problem }), name)
    return hasNulls ? { name, ...made, nulls: kept.nulls } : { name, ...made }
  }
  const known = { fn, name, kept, wrong, done, faultAt, isDate: types.isDate, write: nestedWriter(result), EMPTY }
  const loop = new Function(...Object.keys(known), source)(...Object.values(known)) as Called
  return (rows, columns) => {
    enter(name)
    return loop(rows, columns)
  }
}

let buffer = Buffer.alloc(1 << 16)
const ends = new Uint32Array(MOST_ROWS)
/** UTF-8 of a unit of JavaScript's text. */
const MOST_BYTES = 3

function packed({ texts }: Kept, rows: number): ReturnType<Form['results']> {
  texts.length = rows
  const all = texts.join('')
  if (buffer.length < all.length * MOST_BYTES) buffer = Buffer.alloc(all.length * MOST_BYTES)
  const size = buffer.write(all)
  const isAscii = size === all.length
  let end = 0
  for (let row = 0; row < rows; row++) {
    const text = texts[row]!
    if (!isAscii && !text.isWellFormed()) return { row, problem: 'text with half of a surrogate pair' }
    end += isAscii ? text.length : Buffer.byteLength(text)
    ends[row] = end
  }
  return { bytes: buffer.subarray(0, size), ends }
}

function concatenated({ bytes }: Kept, rows: number): ReturnType<Form['results']> {
  bytes.length = rows
  let end = 0
  for (const [row, { length }] of bytes.entries()) {
    end += length
    ends[row] = end
  }
  return { bytes: Buffer.concat(bytes), ends }
}
