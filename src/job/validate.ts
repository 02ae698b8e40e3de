/** What the type checker cannot see, or JavaScript users would not be told by it. */
import { RunjobError } from '../base/errors.js'
import type { AnyBody } from './define.js'
import { isBigintSum } from './functions.js'
import { type AnyMap, type NormalStep, normalSteps } from './steps.js'

/** Combining these early and again late gives the same answer. */
const COMBINABLE = new Set(['sum', 'min', 'max', 'first', 'last'])

/** @throws JOB_INVALID, naming the part that is wrong and what to write instead */
export function checkJob(name: unknown, body: AnyBody): AnyBody {
  const fail = (problem: string) => {
    throw new RunjobError('JOB_INVALID', { job: String(name), problem })
  }
  if (typeof name !== 'string' || name === '') fail('a job needs a name')
  if (!body || typeof body !== 'object') fail('define() must return the body of the job')
  if (!body.input === !body.inputs) fail('give either `input` (such as text()) or `inputs`')
  for (const [inputName, input] of Object.entries(body.inputs ?? { input: body.input })) {
    if (!(input && typeof input === 'object' && 'input' in input)) {
      fail(`input "${inputName}" must be a format that can be read: text(), csv() or jsonl()`)
    }
    checkByte(input?.input.kind === 'csv' ? input.input.delimiter : ',', 'delimiter', fail)
    checkByte(input?.input.kind === 'csv' ? (input.input.quote ?? '"') : '"', 'quote', fail)
  }
  if (body.steps && body.steps.length === 0) fail('`steps` is empty')
  const steps = normalSteps(body)
  steps.forEach((step, i) => {
    const place = steps.length > 1 ? `step ${i + 1}: ` : ''
    checkStep(step, i, steps.length, Object.keys(body.inputs ?? {}), (problem) => fail(place + problem))
  })
  for (const output of Object.keys(body.outputs ?? {})) {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(output)) fail(`output name "${output}" must be letters, digits, ".", "-" or "_"`)
    if (/^part-/.test(output)) fail(`output name "${output}" would look like a part file`)
  }
  return body
}

function checkByte(value: string, what: string, fail: (problem: string) => void): void {
  if (Buffer.byteLength(value) !== 1) fail(`the ${what} must be one byte, not ${JSON.stringify(value)}`)
}

function checkStep(
  step: NormalStep,
  index: number,
  count: number,
  inputs: string[],
  fail: (problem: string) => void,
): void {
  const isFirst = index === 0
  const isLast = index === count - 1
  for (const map of Object.values(step.maps)) checkMap(map, isFirst, fail)
  if (isFirst && step.maps[''] === undefined) {
    for (const input of inputs) if (!step.maps[input]) fail(`input "${input}" has no map`)
  }
  const { reduce, combine } = step
  if (reduce !== null && typeof reduce !== 'function' && !(typeof reduce === 'object' && 'reducer' in reduce)) {
    fail('reduce must be a function or a native reducer such as sum()')
  }
  if (reduce === null && !(isFirst && isLast)) fail('each step of a chain needs a reduce')
  if (combine !== null && reduce === null) fail('combine without reduce')
  if (combine !== null && typeof combine !== 'function') {
    const fn = combine.reducer === 'aggregate' ? combine.columns.fn : undefined
    if (typeof fn !== 'string' || !COMBINABLE.has(fn) || typeof reduce !== 'function') {
      fail('a native combine must be sum(), min(), max(), first() or last(), before a reduce of your own')
    }
  }
  if (combine !== null && step.order !== null)
    fail('combine and order cannot go together: a combiner would undo the order')
  if (step.order !== null && typeof reduce !== 'function') fail('order is for a reduce of your own')
  if (
    step.partitions !== null &&
    !(Number.isInteger(step.partitions) && step.partitions > 0 && step.partitions <= 65536)
  ) {
    fail('partitions must be a whole number from 1 to 65536')
  }
  if (reduce !== null && typeof reduce !== 'function' && reduce.reducer === 'take') {
    if (!(Number.isSafeInteger(reduce.count) && reduce.count > 0)) fail('take(n): n must be a whole number above 0')
  }
  const rekeys = Object.values(step.maps).some((map) => typeof map !== 'function' && map.native === 'record')
  if (rekeys && (reduce === null || typeof reduce === 'function' || reduce.reducer !== 'take'))
    fail('byValue() goes with take()')
  if (
    step.value === 'bigint' &&
    typeof reduce !== 'function' &&
    reduce?.reducer === 'aggregate' &&
    reduce.columns.fn === 'mean'
  ) {
    fail('mean() of bigint values: emit numbers, or write the reduce yourself')
  }
  if (isBigintSum(step) && combine !== null) fail('sum() is its own combiner')
}

function checkMap(map: AnyMap, isFirst: boolean, fail: (problem: string) => void): void {
  if (typeof map === 'function') return
  if (!map || typeof map !== 'object' || !('native' in map))
    fail('map must be a function or a native mapper such as words()')
  if ((map.native === 'file') !== isFirst) {
    fail(
      isFirst
        ? 'byValue() is for a later step of a chain'
        : 'words(), lines(), fields() and grep() are for the first step',
    )
  }
}
