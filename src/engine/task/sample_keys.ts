/** Samples keys at a task's places, thinned to a few thousand, for range bounds. */
import { toRunjobError } from '../../base/errors.js'
import { fromNative } from '../../kernels/addon.js'
import type { Exchange, FileInput, RecordSpec } from '../../plan/plan.js'
import type { SampleResult, SampleSpec, TaskSplit } from '../task.js'
import { linkOperators } from './chain.js'
import { attemptOf, type TaskEnvironment } from './environment.js'
import type { ByteIntake } from './intake.js'
import { RecordReader } from './record_reader.js'
import { readFiles } from './source/files.js'
import { ExchangeTarget } from './target/exchange.js'

const SAMPLE_KEYS = 8192
/** A bound need not be a whole key: the beginning of one divides as well. */
const BOUND_BYTES = 1024

export async function sampleKeys(env: TaskEnvironment, task: SampleSpec): Promise<SampleResult> {
  const stage = env.plan.stages[task.stage]!
  const input = stage.inputs[task.input] as FileInput
  // Without combining: a key's weight is the number of its records.
  const exchange: Exchange = {
    ...(stage.target as Exchange),
    combine: null,
    partitionBy: 'hash',
    partition: null,
  }
  // The sample is small, and spilled records could not be read back.
  const budget = { ...env.budget, collectorBytes: Number.POSITIVE_INFINITY, enoughBytes: Number.POSITIVE_INFINITY }
  const target = new ExchangeTarget(exchange, 1, null, { ...env, budget })
  const chain = linkOperators(input, target, env)
  for (const split of task.splits) await readSample(input, split, chain as ByteIntake, env)
  chain.end()
  const keys = target.collector.entries === 0 ? [] : thinned(target, exchange)
  await target.abort()
  const { recordsIn, recordsOut } = env.tally
  return { ...attemptOf(env), kind: 'sample', recordsIn, recordsOut, bytesOut: 0, keys }
}

/** What is wrong with the data is for the task that reads all of it to say: here even the start of a record may be a wrong guess. */
async function readSample(input: FileInput, split: TaskSplit, intake: ByteIntake, env: TaskEnvironment): Promise<void> {
  try {
    await readFiles(input, [split], intake, env)
  } catch (error) {
    const known = toRunjobError(fromNative(error))
    if (known.kind !== 'data') throw known
  }
}

function thinned({ collector }: ExchangeTarget, { record: { value } }: Exchange): Uint8Array[] {
  const step = Math.max(1, Math.ceil(collector.entries / SAMPLE_KEYS))
  const cursor = collector.sorted()
  const record: RecordSpec = { key: 'bytes', value }
  const reader = new RecordReader(cursor, { record, prefixGrouping: false })
  const keys: Uint8Array[] = []
  for (let i = 0; reader.advance(); i++) if (i % step === 0) keys.push((reader.key as Uint8Array).slice(0, BOUND_BYTES))
  cursor.close()
  return keys
}
