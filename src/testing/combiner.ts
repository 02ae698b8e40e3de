/** The law of combiners: the answer does not depend on whether, how often and in which portions values are combined. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { check, checkedOptions, isListOf, isWhole, requireArguments, type Schema } from '../base/schema.js'
import type { AnyJob, Job } from '../job/define.js'
import { emittedRecord, nativeCombine } from '../job/lower.js'
import {
  type FunctionOptions,
  type FunctionTools,
  groupFunction,
  nativeGroup,
  PARAMS,
  reduceWith,
  requireList,
  withFunctions,
} from './functions.js'

export interface CombinerCheck<P = unknown> extends Pick<FunctionOptions<P>, 'params' | 'step'> {
  /** Sizes of the portions to try, instead of random sizes; each list adds up to the number of values. */
  splits?: readonly (readonly number[])[]
  /** Random ways to try for each key, besides all at once and each value alone. Default: 100. */
  cases?: number
  /** Of the random ways: the same seed tries the same ones. Default: 1. */
  seed?: number
}

const isSizes = isListOf('sizes', isWhole(1, Number.MAX_SAFE_INTEGER))

const OPTIONS: Schema<CombinerCheck> = {
  params: PARAMS,
  step: check('the number of a step, from 0', (value) => Number.isInteger(value)),
  splits: check('a list of lists of sizes', (value) => isListOf('lists', isSizes).accepts(value)),
  cases: isWhole(0, 1_000_000),
  seed: check('a whole number', (value) => Number.isSafeInteger(value)),
}

type Combine = (key: unknown, values: readonly unknown[]) => unknown[]

/** A portion of a key's values, and how often it was combined. */
interface Portion {
  values: readonly unknown[]
  times: number
}

/**
 * Checks that a job's combiner keeps the answer: reduce must emit the same for a key's values and for the same values cut into portions,
 * each combined not at all, once or several times, and combined again together with its neighbours.
 *
 * @param groups keys, each with values as map emits them
 * @throws Error that shows the key, the portions and both answers, if they differ
 */
export function checkCombiner<P, K, V>(
  job: Job<P, unknown, unknown, unknown, K, V>,
  groups: readonly (readonly [key: NoInfer<K>, values: readonly NoInfer<V>[]])[],
  options?: CombinerCheck<P>,
): Promise<void>
export async function checkCombiner(...args: unknown[]): Promise<void> {
  requireArguments('checkCombiner', 3, args, 'OPTION_INVALID')
  const [job, groups, given = {}] = args as [AnyJob, [unknown, unknown[]][], CombinerCheck | undefined]
  const options = checkedOptions(OPTIONS, given)
  requireList('the groups of checkCombiner()', groups)
  for (const group of groups) {
    requireList('a group of checkCombiner()', group)
    requireList('the values of a group', group[1])
  }
  const use = (tools: FunctionTools) => {
    const reduce = reduceWith(job, tools)
    const combine = combineWith(job, tools)
    for (const [key, values] of groups) {
      const expected = reduce(key, values)
      for (const { portions, name } of waysToSplit(values, options)) {
        const combined = portions.map((portion) => combineTimes(combine, key, portion))
        const compare = (given: readonly unknown[], how: string) => {
          const got = reduce(key, given)
          if (!isDeepStrictEqual(got, expected)) {
            throw new Error(describe(job, { key, values, portions, name: `${name}, ${how}`, given, expected, got }))
          }
        }
        compare(combined.flat(), 'portions as they are')
        if (combined.length > 1) compare(combine(key, combined.flat()), 'portions combined together')
      }
    }
  }
  await withFunctions(job, options, use)
}

function combineWith(job: AnyJob, tools: FunctionTools): Combine {
  const { step } = tools
  if (step.combine === null) {
    const help = 'A native reduce is its own combiner, and keeps this law.'
    throw new RunjobError('JOB_INVALID', { job: job.name, problem: 'it has no combiner to check', help })
  }
  const aggregates = nativeCombine(step)
  if (aggregates) {
    const record = emittedRecord(step)
    const combine = nativeGroup(record, aggregates, record.value)
    return (key, values) => combine(key, values).map(([, value]) => value)
  }
  const call = groupFunction(job, tools, 'combine', emittedRecord(step))
  return (key, values) =>
    call(key, values).map(([emittedKey, value]) => {
      if (!isDeepStrictEqual(emittedKey, key)) {
        throw new RunjobError('JOB_INVALID', { job: job.name, problem: 'combine must emit under the key it was given' })
      }
      return value
    })
}

function combineTimes(combine: Combine, key: unknown, { values, times }: Portion): readonly unknown[] {
  let combined = values
  for (let i = 0; i < times && combined.length > 0; i++) combined = combine(key, combined)
  return combined
}

function* waysToSplit(
  values: readonly unknown[],
  options: CombinerCheck,
): Generator<{ portions: Portion[]; name: string }> {
  if (options.splits) {
    for (const [i, sizes] of options.splits.entries()) {
      if (sizes.reduce((sum, size) => sum + size, 0) !== values.length) {
        throw new RunjobError('OPTION_INVALID', {
          name: 'splits',
          value: `[${sizes.join(', ')}]`,
          problem: `the sizes must add up to the ${values.length} values of the key`,
        })
      }
      yield { portions: cut(values, sizes, () => 1), name: `split ${i}` }
    }
    return
  }
  yield { portions: cut(values, [values.length], () => 1), name: 'all at once' }
  yield { portions: cut(values, [values.length], () => 2), name: 'all at once' }
  yield {
    portions: cut(
      values,
      values.map(() => 1),
      () => 1,
    ),
    name: 'each value alone',
  }
  const seed = options.seed ?? 1
  const below = randomBelow(seed)
  for (let i = 0; i < (options.cases ?? 100); i++) {
    const sizes: number[] = []
    for (let left = values.length; left > 0; left -= sizes.at(-1)!) sizes.push(1 + below(left))
    yield { portions: cut(values, sizes, () => below(4)), name: `seed ${seed}, case ${i}` }
  }
}

function cut(values: readonly unknown[], sizes: readonly number[], times: () => number): Portion[] {
  let at = 0
  return sizes.map((size) => {
    at += size
    return { values: values.slice(at - size, at), times: times() }
  })
}

/** Source: mulberry32 by Tommy Ettinger, public domain. */
function randomBelow(seed: number): (end: number) => number {
  let state = seed | 0
  return (end) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end)
  }
}

interface Violation {
  key: unknown
  values: readonly unknown[]
  portions: Portion[]
  name: string
  given: readonly unknown[]
  expected: unknown
  got: unknown
}

function describe(job: AnyJob, { key, values, portions, name, given, expected, got }: Violation): string {
  const show = (value: unknown) =>
    inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 50 })
  return [
    `The combiner of ${job.name} changes the answer for the key ${show(key)} (${name}).`,
    `  values:   ${show(values)}`,
    `  portions: ${portions.map((portion) => `${show(portion.values)} combined ${timesText(portion.times)}`).join('; ')}`,
    `  reduced:  ${show(given)}`,
    `- expected: ${show(expected)}`,
    `+ got:      ${show(got)}`,
  ].join('\n')
}

function timesText(times: number): string {
  return times === 0 ? 'not at all' : times === 1 ? 'once' : times === 2 ? 'twice' : `${times} times`
}
