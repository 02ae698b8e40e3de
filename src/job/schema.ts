/** What the parts of a job may be: a table for each object that defineJob gets. */
import {
  type Check,
  check,
  describe,
  isEither,
  isListOf,
  isName,
  isOneOf,
  isPart,
  isPlainFunction,
  isPlainObject,
  isRecordOf,
  isText,
  isWhole,
  makerName,
  problemIn,
  type Schema,
  unknownHelp,
} from '../base/schema.js'
import { checkParamSpec } from '../plan/params.js'
import type { JobHead, JobParts } from './body.js'
import { isCodec } from './codecs.js'
import type { Input, Output } from './formats.js'
import type { MapReduce, Shuffle } from './map_reduce.js'

const part =
  (...names: string[]) =>
  (value: unknown) =>
    value !== null && typeof value === 'object' && names.some((name) => name in value)

const readable = 'a format that can be read: text(), csv(), jsonl(), parquet() or avro()'
const isInput: Check<Input<never>> = check(readable, part('input'))
const isOutput: Check<Output> = check(
  'a format that can be written: tsv(), csv(), jsonl(), text(), parquet() or avro()',
  part('output'),
)

/** A promise that it returns is awaited; a generator would never run. */
const isSetup: Check<never> = check(
  'a function, which may be async',
  (value) => isPlainFunction.accepts(value) || describe(value) === 'an async function',
)

const isReducer = check<never>('a native reducer such as sum()', part('reducer'))
const isReduce = check<never>(
  'a function or a native reducer such as sum()',
  (value) => isPlainFunction.accepts(value) || isReducer.accepts(value),
)
const isMapper = (value: unknown) => isPlainFunction.accepts(value) || part('native')(value)
const maps = 'a function or a native mapper such as words()'
const isByName = (value: unknown): value is Record<string, unknown> => isPlainObject(value) && !isPart(value)
const isMap = check<never>(maps, isMapper)
const isMapOrMaps = check<never>(maps, (value) => isMapper(value) || isByName(value))

const HEAD: Schema<JobHead> = {
  name: check('a name: text that is not empty', isName.accepts),
  description: isText,
  examples: isListOf('command lines', isText),
  summary: isOneOf('top'),
  inputNames: isListOf('names', isName),
}

const SHUFFLE: Schema<Shuffle<never, never>> = {
  key: isCodec,
  value: isCodec,
  combine: isReduce,
  partition: isEither(isOneOf('hash', 'range'), isPlainFunction),
  order: isPlainFunction,
  sort: isOneOf('ascending', 'descending'),
  partitions: isWhole(1, 65_536),
}

const STEP: Schema<MapReduce<never, never, never, never, never>> = {
  ...SHUFFLE,
  map: isMapOrMaps,
  reduce: isReduce,
  outKey: isCodec,
  outValue: isCodec,
}

const PARTS: Schema<JobParts> = {
  setup: isSetup,
  teardown: isSetup,
  files: isRecordOf('paths by name', isName),
  output: isOutput,
  outputs: check('a plain object of formats by name', isPlainObject),
}

interface Inputs {
  input: Input<never>
  inputs: Record<string, never>
}
const INPUTS: Schema<Inputs> = {
  input: isInput,
  inputs: check('a plain object of formats by name', isPlainObject),
}

interface Steps {
  steps: readonly unknown[]
}
const STEPS: Schema<Steps> = {
  steps: check(
    'a list of steps, or a function (chain) => chain.step({ … })',
    (value) => Array.isArray(value) || isPlainFunction.accepts(value),
  ),
}

interface Defined {
  params: Record<string, unknown>
  define: unknown
}
const DEFINED: Schema<Defined> = {
  params: check('a plain object of parameters by name', isPlainObject),
  define: isPlainFunction,
}

type Fail = (problem: string) => never

/** The argument of defineJob. The body of a job with `define` comes later. */
export function checkHead(job: unknown, fail: Fail): void {
  if (!isPlainObject(job)) fail(`defineJob() takes a plain object, not ${describe(job)}`)
  const { define, params } = job
  const body = { ...PARTS, ...INPUTS, ...STEPS, ...STEP }
  if (define === undefined && params !== undefined) fail('params go with define: (params) => ({ … })')
  if (define !== undefined) {
    const misplaced = Object.keys(job).find((name) => Object.hasOwn(body, name) && job[name] !== undefined)
    if (misplaced !== undefined) fail(`${misplaced} is part of what define() returns`)
  }
  if (define === undefined) require({ ...HEAD, ...body }, job, fail)
  else require({ ...HEAD, ...DEFINED }, job, fail)
  if (job.name === undefined) fail('a job needs a name')
  const given = job.inputNames as string[] | undefined
  if (given && (given.length === 0 || new Set(given).size < given.length))
    fail('inputNames must be one or more different names')
  for (const [name, spec] of Object.entries((define === undefined ? undefined : params) ?? {}))
    checkParamSpec(name, spec, fail)
}

/** A job's body, given directly or returned by `define`. */
export function checkBody(body: unknown, fail: Fail): void {
  if (body === undefined || body === null || typeof body !== 'object') {
    fail(`define() must return the body of the job, not ${describe(body)}`)
  }
  if (!isPlainObject(body)) fail(`the body of the job must be a plain object, not ${describe(body)}`)
  if (body.steps !== undefined) {
    const misplaced = Object.keys(body).find((name) => Object.hasOwn(STEP, name) && body[name] !== undefined)
    if (misplaced !== undefined) fail(`${misplaced} is part of a step: it cannot be used next to steps`)
    require({ ...PARTS, ...INPUTS, ...STEPS }, body, fail)
  } else {
    require({ ...PARTS, ...INPUTS, ...STEPS, ...STEP }, body, fail)
  }
  if (!body.input === !body.inputs) fail('give either `input` (such as text()) or `inputs`')
  checkNamed('input', isInput, body.inputs ?? {}, fail)
  checkNamed('output', isOutput, body.outputs ?? {}, fail)
  if (body.steps === undefined) return
  const steps = body.steps as unknown[]
  if (steps.length === 0) fail('`steps` is empty')
  for (const [i, made] of steps.entries()) {
    const place = `step ${i + 1}: `
    if (!isPlainObject(made) || !isPlainObject(made.step)) {
      fail(`${place}it must be made by step({ … }), not ${describe(made)}`)
    }
    require(STEP, made.step, (problem) => fail(place + problem))
  }
}

/** Maps by name of the input, for the first step; the single map of other steps. */
export function checkMaps(map: unknown, inputs: readonly string[] | null, fail: Fail): void {
  if (map === undefined || isMapper(map)) return
  if (!isByName(map) || inputs === null) fail(`map must be ${maps}, not ${describe(map)}`)
  for (const [name, one] of Object.entries(map)) {
    if (!inputs.includes(name)) fail(`map: there is no input "${name}"${unknownHelp(name, inputs)}`)
    if (one !== undefined && !isMap.accepts(one)) fail(`map of input "${name}" must be ${maps}, not ${called(one)}`)
  }
  for (const input of inputs) if (map[input] === undefined) fail(`input "${input}" has no map`)
}

function called(value: unknown): string {
  const name = makerName(value)
  return name === undefined ? describe(value) : `${name}, which must be called: ${name}()`
}

function require<T>(schema: Schema<T>, value: unknown, fail: Fail): void {
  const problem = problemIn(schema, value, 'property')
  if (problem !== null) fail(problem)
}

function checkNamed(what: string, one: Check, named: object, fail: Fail): void {
  for (const [name, value] of Object.entries(named)) {
    if (!one.accepts(value)) fail(`${what} "${name}" must be ${one.expected}, not ${called(value)}`)
  }
}
