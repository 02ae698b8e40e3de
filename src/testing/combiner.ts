/** The law of combiners: whether values were combined, how often and in which portions, does not show in the answer. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { createEmitter } from '../engine/emitter.js'
import { RecordReader } from '../engine/record_reader.js'
import type { AnyJob, Job } from '../job/define.js'
import { emittedRecord, nativeCombine } from '../job/lower.js'
import { kernels } from '../kernels/index.js'
import type { AggregateSpec, Collector } from '../kernels/kernels.js'
import { layoutOf } from '../plan/codec.js'
import { type FunctionOptions, type FunctionTools, groupFunction, reduceWith, withFunctions } from './functions.js'

export interface CombinerCheck<P = unknown> extends Pick<FunctionOptions<P>, 'params' | 'step'> {
  /** Sizes of the portions to try, instead of random ones; each list adds up to the number of values. */
  splits?: readonly (readonly number[])[]
  /** Random ways to try for each key, besides all at once and each value alone; 100 by default. */
  cases?: number
  /** Of the random ways: the same seed tries the same ones. 1 by default. */
  seed?: number
}

type Combine = (key: unknown, values: readonly unknown[]) => unknown[]

/** A portion of a key's values, and how often it was combined. */
interface Portion {
  values: readonly unknown[]
  times: number
}

/**
 * Checks that a job's combiner keeps the answer: reduce must give the same for a key's values as they are and for the same values cut
 * into portions, each combined not at all, once or several times, and combined again together with its neighbours.
 *
 * @param groups keys, each with values such as map emits for it
 * @throws Error that shows the key, the portions and both answers, if one of them differs
 */
export async function checkCombiner<P, K, V>(
  job: Job<P, unknown, unknown, unknown, K, V>,
  groups: readonly (readonly [key: NoInfer<K>, values: readonly NoInfer<V>[]])[],
  options: CombinerCheck<P> = {},
): Promise<void> {
  const any = job as unknown as AnyJob
  await withFunctions(any, options, (tools) => {
    const reduce = reduceWith(any, tools)
    const combine = combineWith(any, tools)
    for (const [key, values] of groups) {
      const expected = reduce(key, values)
      for (const { portions, name } of waysToSplit(values, options)) {
        const combined = portions.map((portion) => combineTimes(combine, key, portion))
        const check = (given: readonly unknown[], how: string) => {
          const got = reduce(key, given)
          if (!isDeepStrictEqual(got, expected)) {
            throw new Error(describe(any, { key, values, portions, name: `${name}, ${how}`, given, expected, got }))
          }
        }
        check(combined.flat(), 'portions as they are')
        if (combined.length > 1) check(combine(key, combined.flat()), 'portions combined together')
      }
    }
  })
}

function combineWith(job: AnyJob, tools: FunctionTools): Combine {
  const { step } = tools
  if (step.combine === null) {
    const help = 'A native reduce is its own combiner, and keeps this law.'
    throw new RunjobError('JOB_INVALID', { job: job.name, problem: 'it has no combiner to check', help })
  }
  const aggregates = nativeCombine(job.name, step)
  if (aggregates) return nativeCombiner(job, tools, aggregates)
  const call = groupFunction(job, tools, 'combine', emittedRecord(job.name, step))
  return (key, values) =>
    call(key, values).map(([emittedKey, value]) => {
      if (!isDeepStrictEqual(emittedKey, key)) {
        throw new RunjobError('JOB_INVALID', { job: job.name, problem: 'combine must emit under the key it was given' })
      }
      return value
    })
}

/** `combine: sum()` and its like, done by the kernels. */
function nativeCombiner(job: AnyJob, { step }: FunctionTools, aggregates: AggregateSpec[]): Combine {
  const record = emittedRecord(job.name, step)
  const layout = layoutOf(record.value)
  let collector: Collector
  const emitter = createEmitter({ record, flush: (batch, count) => collector.add(batch, count) })
  return (key, values) => {
    collector = kernels.createCollector({ mode: 'hash', aggregates, layout, partitionBy: 'hash', partitions: 1 })
    try {
      for (const value of values) emitter.emit(key, value)
      emitter.flush()
      const cursor = collector.sorted().finalize(aggregates)
      const reader = new RecordReader(cursor, { record, prefixGrouping: false })
      const combined: unknown[] = []
      while (reader.advance()) combined.push(reader.value)
      cursor.close()
      return combined
    } finally {
      collector.close()
    }
  }
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
