/** Checks that the type checker cannot make, or that JavaScript users would miss. */
import { RunjobError, toRunjobError } from '../base/errors.js'
import { csvProblem, readOnlyOption } from '../io/format/csv/options.js'
import { isEncoding, isOfText } from '../io/input/text_form.js'
import { outputNameProblem } from '../io/output/names.js'
import { codecName } from '../plan/codec.js'
import { isBinary } from '../plan/columns.js'
import type { Format, Operator } from '../plan/plan.js'
import { isNested, typeText } from '../plan/type.js'
import type { AnyBody } from './body.js'
import { declaredRows } from './declared.js'
import type { Input, Output } from './formats.js'
import { describeColumns } from './output.js'
import type { Aggregate } from './reducers.js'
import { checkBody, checkMaps } from './schema.js'
import { type AnyMap, mapFor, type NormalReduce, type NormalStep, normalSteps, onlyAggregate } from './steps.js'

/** Aggregates whose result is a number, whatever they read. */
const NUMBERS = new Set(['count', 'sum', 'mean', 'distinct'])
/** Combining these early and again late gives the same result. */
const COMBINABLE = new Set(['sum', 'min', 'max', 'first', 'last'])

/**
 * @param inputNames the names that the job gives the command line, if any
 * @throws JOB_INVALID, naming the part that is wrong and what to write instead
 */
export function checkJob(name: string, body: AnyBody, inputNames?: readonly string[]): AnyBody {
  const fail = (problem: string): never => {
    throw new RunjobError('JOB_INVALID', { job: name, problem })
  }
  checkBody(body, fail)
  const inputs = Object.keys(body.inputs ?? { input: body.input })
  if (inputs.length === 0) fail('`inputs` is empty')
  if (inputNames && inputs.length > 1 && !isSameSet(inputNames, inputs)) {
    fail(`inputNames must be the names of its inputs, ${inputs.join(' and ')}, in any order`)
  }
  if (inputNames && inputs.length === 1 && inputNames.length !== 1)
    fail('inputNames has several names, but there is one input')
  for (const input of Object.values(body.inputs ?? { input: body.input })) {
    const wrong = input && formatProblem(input.input)
    if (wrong) fail(`${input.input.kind}(): ${wrong.option} ${wrong.problem}`)
    if (input && !isOfText(input.input) && input.schema === undefined)
      fail(`${input.input.kind}() needs a schema, such as the one that runjob schema prints for a file`)
    if (input) checkSchema(input, fail)
  }
  const given = (body.steps?.map(({ step }) => step) ?? [body]) as { map?: unknown }[]
  given.forEach(({ map }, i) => {
    const place = given.length > 1 ? `step ${i + 1}: ` : ''
    if (i === 0 && map === undefined) fail(`${place}map is missing`)
    checkMaps(map, i === 0 ? inputs : null, (problem) => fail(place + problem))
  })
  const steps = normalSteps(body)
  steps.forEach((step, i) => {
    const place = steps.length > 1 ? `step ${i + 1}: ` : ''
    const failHere = (problem: string) => fail(place + problem)
    checkStep(step, i, steps.length, failHere)
    if (i === 0) checkInputs(step, body, failHere)
    if (step.reduce?.kind === 'join') checkJoin(step, i === 0 ? inputs : [], failHere)
    const rekeys = Object.values(step.maps).some((map) => typeof map !== 'function' && map.native === 'record')
    if (rekeys && !givesNumber(steps, i - 1)) failHere('byValue() sorts by a number, and the step before gives none')
  })
  checkOutputs(body, fail)
  return body
}

function checkSchema(given: Input<unknown>, fail: Fail): void {
  const { input } = given
  const rows = declaredRows(given, fail)
  if (rows === null) return
  if (input.kind === 'jsonl' && input.integers)
    fail('jsonl(): integers is for values without a schema, which has long()')
  const nested = input.kind === 'csv' ? rows.columns.find(({ type }) => isNested(type)) : undefined
  if (nested)
    fail(`csv(): the column ${JSON.stringify(nested.name)} is ${typeText(nested.type)}, which CSV does not hold`)
}

function checkOutputs({ output: own, outputs = {} }: AnyBody, fail: Fail): void {
  for (const output of [own, ...Object.values(outputs)]) {
    const { input: format, schema } = (output ?? {}) as Partial<Input<unknown>>
    if (format && isOfText(format) && schema !== undefined)
      fail(`${format.kind}() as an output takes no schema, which is for reading`)
    if (format && !isOfText(format)) declaredRows(output as unknown as Input<unknown>, fail)
    if (format?.kind !== 'csv') continue
    const wrong = csvProblem(format)
    if (wrong) fail(`csv(): ${wrong.option} ${wrong.problem}`)
    const unused = readOnlyOption(format)
    if (unused) fail(`csv() as an output takes delimiter and columns: ${unused} is for reading`)
  }
  checkHeader('its output csv()', headerOf(own), fail)
  for (const [name, output] of Object.entries(outputs)) {
    const problem = outputNameProblem(name)
    if (problem !== null) fail(problem)
    if (isBinary(output.output))
      fail(`its output "${name}" takes values of any type: ${output.output.kind}() is for the records of a job`)
    const header = headerOf(output)
    if (header && (header.length < 1 || header.length > 2))
      fail(`its output "${name}" names ${describeColumns(header)}, but its rows are a key and a value`)
    checkHeader(`its output "${name}"`, header, fail)
  }
}

function headerOf(output: Output | undefined): string[] | null {
  return output?.output.kind === 'csv' ? output.output.header : null
}

function checkHeader(what: string, header: string[] | null, fail: Fail): void {
  const twice = header?.find((name, i) => header.indexOf(name) < i)
  if (twice !== undefined) fail(`${what} names the column ${JSON.stringify(twice)} twice`)
}

/** @throws JOB_INVALID if a native map does not fit its input */
function checkInputs(step: NormalStep, body: AnyBody, fail: Fail): void {
  const inputs = Object.entries(body.inputs ?? { input: body.input! })
  for (const [name, { input: format, schema }] of inputs) {
    const operator = operatorOf(mapFor(step, name))
    if (!operator) continue
    if (schema !== undefined) fail(`${operator.op}() reads text: a schema is for a map of your own`)
    try {
      checkNativeMap(step, operator, format, fail)
    } catch (error) {
      throw toRunjobError(error).withWhere(inputs.length > 1 ? { input: name } : {})
    }
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}

/** The first option of an input's format that makes no sense; null if all make sense. */
function formatProblem(format: Format): { option: string; problem: string } | null {
  if (format.kind === 'csv') return csvProblem(format)
  if (format.encoding === null) return null
  return isEncoding(format.encoding)
    ? null
    : { option: 'encoding', problem: `is not an encoding that TextDecoder knows: ${JSON.stringify(format.encoding)}` }
}

type Fail = (problem: string) => never

function checkStep(step: NormalStep, index: number, count: number, fail: Fail): void {
  const isFirst = index === 0
  const isLast = index === count - 1
  for (const map of Object.values(step.maps)) checkMap(map, isFirst, fail)
  const { reduce, combine } = step
  if (reduce === null && !(isFirst && isLast)) fail('each step of a chain needs a reduce')
  if (combine !== null && reduce === null) fail('combine without reduce')
  if (combine !== null && combine.kind !== 'function') {
    const isCombinable = combine.kind === 'bigintSum' || COMBINABLE.has(onlyAggregate(combine)?.fn ?? '')
    if (!isCombinable || reduce?.kind !== 'function')
      fail('a native combine must be sum(), min(), max(), first() or last(), before a reduce of your own')
  }
  if (combine !== null && step.order !== null)
    fail('combine and order cannot go together: a combiner would undo the order')
  if (step.order !== null && reduce?.kind !== 'function') fail('order needs a reduce of your own')
  if (reduce?.kind === 'take' && !(Number.isSafeInteger(reduce.count) && reduce.count > 0))
    fail('take(n): n must be a whole number above 0')
  if (step.descending && reduce?.kind === 'join')
    fail('join() gives its rows in ascending key order: use sort in another step')
  const rekeys = Object.values(step.maps).some((map) => typeof map !== 'function' && map.native === 'record')
  if (rekeys && reduce?.kind !== 'take') fail('byValue() goes with take()')
  if (step.value === 'bigint' && onlyAggregate(reduce)?.fn === 'mean')
    fail('mean() of bigint values: emit numbers, or write the reduce yourself')
  if (reduce?.kind === 'bigintSum' && combine !== null) fail('sum() is its own combiner')
  for (const one of [reduce, combine]) if (one?.kind === 'aggregate') checkAggregates(one, step, fail)
}

function checkMap(map: AnyMap, isFirst: boolean, fail: Fail): void {
  if (typeof map === 'function') return
  if ((map.native === 'file') !== isFirst) {
    fail(
      isFirst
        ? 'byValue() is for a later step of a chain'
        : 'words(), lines(), fields() and grep() are for the first step',
    )
  }
}

/** Checks that every aggregate takes the type that it reads: the map's values, or columns of them. */
function checkAggregates({ answers }: AggregateReduce, { value }: NormalStep, fail: Fail): void {
  const all = Object.values(answers)
  for (const { fn, codec, ignoreNulls } of all) {
    if (ignoreNulls) fail(`${fn}({ ignoreNulls }) is for data frames: a job has no nulls to ignore`)
    const type = codec ?? value
    if ((fn === 'sum' || fn === 'mean') && type !== 'number') fail(`${fn}() needs numbers, not ${JSON.stringify(type)}`)
    if (fn === 'top' && type !== 'number' && type !== 'string') fail('topK() takes numbers or text')
  }
  if (all.some(readsValue) && all.some(({ column }) => column !== null))
    fail('name the column of every aggregate, or of none')
}

type AggregateReduce = Extract<NormalReduce, { kind: 'aggregate' }>

function readsValue({ fn, column }: Aggregate<unknown>): boolean {
  return column === null && fn !== 'count'
}

/** Checks that a native map reads its own format, and emits what the reduce takes. */
function checkNativeMap({ reduce }: NormalStep, operator: Operator, format: Format, fail: Fail): void {
  const { op } = operator
  const aggregates = reduce?.kind === 'aggregate' ? Object.values(reduce.answers) : []
  for (const { column, codec } of aggregates) {
    if (column === null || codec === null || codec === 'number' || codec === 'string' || codec === 'bytes') continue
    fail(
      `column "${column}" of fields() is text or a number: read it as string(), number() or bytes(), not ${codecName(codec)}()`,
    )
  }
  const wanted = op === 'fields' ? 'csv' : 'text'
  if (format.kind !== wanted) fail(`${op}() reads ${wanted}() input, not ${format.kind}()`)
  if (op === 'grep') {
    if (reduce !== null) fail('grep() takes no reduce')
  } else if (op === 'fields') {
    const takesRows = reduce?.kind === 'aggregate' || reduce?.kind === 'distinct' || reduce?.kind === 'join'
    if (!takesRows) fail('fields() needs a native aggregate, unique() or join(); or write the map yourself')
    if (aggregates.some(readsValue)) fail("fields() needs the column that each aggregate reads, such as sum('price')")
  } else {
    if (reduce === null) fail(`${op}() needs a reduce`)
    if (reduce?.kind === 'function') fail(`${op}() with a reduce of your own: write the map too`)
    const takesNone = aggregates.every(({ fn, column }) => (fn === 'count' || fn === 'sum') && column === null)
    if (!takesNone || reduce?.kind === 'bigintSum')
      fail(`${op}() has no values: use count(), sum(), unique() or sorted()`)
  }
}

/** Checks that a join has two inputs, both mapped by fields(). */
function checkJoin(step: NormalStep, inputs: readonly string[], fail: Fail): void {
  const sides = inputs.map((input) => ({ input, keys: keysOf(mapFor(step, input)) }))
  const [left, right] = sides
  if (sides.length !== 2 || !left?.keys || !right?.keys)
    fail('join() needs two csv() inputs, both mapped by fields(): the first is the left side')
  else if (left.keys.length !== right.keys.length)
    fail(
      `join() needs keys with the same number of columns: fields() of "${left.input}" has ${left.keys.length} in its key, that of "${right.input}" ${right.keys.length}`,
    )
}

function keysOf(map: AnyMap | undefined): string[] | undefined {
  const operator = operatorOf(map)
  return operator?.op === 'fields' ? operator.keys : undefined
}

/** The operator of a native map of files; undefined for any other map. */
function operatorOf(map: AnyMap | undefined): Operator | undefined {
  return map !== undefined && typeof map !== 'function' && map.native === 'file' ? map.lower([]) : undefined
}

/** Whether a step's records have a number in their values. */
function givesNumber(steps: readonly NormalStep[], index: number): boolean {
  const { maps, reduce, value, outValue } = steps[index]!
  switch (reduce?.kind) {
    case 'function':
    case 'bigintSum':
      return outValue === 'number'
    case 'aggregate':
      return Object.values(reduce.answers).some(({ fn, codec }) =>
        NUMBERS.has(fn) ? true : fn !== 'top' && (codec ?? value) === 'number',
      )
    case 'records':
    case 'take': {
      const map = maps['']
      if (typeof map === 'function') return value === 'number'
      return map?.native === 'record' && givesNumber(steps, index - 1)
    }
    default:
      return false
  }
}
