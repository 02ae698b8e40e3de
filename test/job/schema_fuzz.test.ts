/** Random objects, right or with one mistake: right ones are accepted, and a mistake is refused as the user's. */
import { csv, defineJob, explainJob, json, jsonl, number, RunjobError, string, sum, text, tsv, words } from 'runjob'
import { expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'

const CASES = 400
const map = (line: unknown, emit: (key: unknown, value: number) => void) => emit(line, 1)
const reduce = () => {}

/** Values that each property accepts, and values that none accepts. */
const OPTIONS: Record<string, unknown[]> = {
  params: [{}, Object.create(null), undefined],
  workers: [1, 7, undefined],
  memory: ['64MB', 1e9],
  partitions: [1, 300],
  maxBad: [0, 3, '1%'],
  mode: ['error', 'overwrite', 'ignore', 'append'],
  keepState: [true, false],
  diskCheck: [true, undefined],
  fresh: [false],
  retries: [0, 5],
  taskTimeout: [1000, '2min'],
  speculate: [true],
  profile: [false],
  onProgress: [() => {}],
  signal: [new AbortController().signal],
}

const BODY: Record<string, unknown[]> = {
  description: ['x', undefined],
  examples: [[], ['runjob x']],
  key: [string()],
  value: [number(), json(), undefined],
  partition: ['hash', 'range', () => 0],
  sort: ['ascending', 'descending'],
  partitions: [1, 65_536],
  reduce: [reduce],
  outKey: [string()],
  outValue: [json()],
  setup: [() => 1, async () => 1],
  teardown: [() => {}],
  output: [tsv(), csv(), jsonl(), undefined],
  outputs: [{}, { a: tsv() }],
  files: [{}, { a: 'x' }],
}

const NONE: unknown[] = [null, Number.NaN, -1, 0.5, Symbol('x'), new Map(), [[]], /x/, words, sum, 2n, new Date(0)]

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!
}

function some(random: Random, table: Record<string, unknown[]>): Record<string, unknown> {
  const names = Object.keys(table).filter(() => random.below(3) === 0)
  return Object.fromEntries(names.map((name) => [name, pick(random, table[name]!)]))
}

/** One letter more or less, or a value that no property accepts. */
function mistaken(random: Random, object: Record<string, unknown>): Record<string, unknown> {
  const name = pick(random, Object.keys(object))
  if (random.below(2) === 0) return { ...object, [name]: pick(random, NONE) }
  const { [name]: value, ...rest } = object
  const at = random.below(name.length)
  const other =
    random.below(2) === 0 ? name.slice(0, at) + name.slice(at + 1) : `${name.slice(0, at)}_${name.slice(at)}`
  return { ...rest, [other]: value }
}

async function failureOf(use: () => unknown): Promise<unknown> {
  try {
    return await Promise.resolve(use()).then(() => null)
  } catch (error) {
    return error
  }
}

it('options of a run', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'a\n' })
  for (let i = 0; i < CASES; i++) {
    const random = new Random(i)
    const right = { ...some(random, OPTIONS), input: `${folder}/in.txt`, output: `${folder}/out` }
    expect(await failureOf(() => explainJob('wordcount', right as never)), `case ${i}`).toBeNull()
    const wrong = mistaken(random, right)
    const error = await failureOf(() => explainJob('wordcount', wrong as never))
    expect(error, `case ${i}: ${Object.keys(wrong)}`).toBeInstanceOf(RunjobError)
    expect((error as RunjobError).code, `case ${i}: ${String(error)}`).toBe('OPTION_INVALID')
  }
})

it('bodies of a job', async () => {
  for (let i = 0; i < CASES; i++) {
    const random = new Random(i)
    const right = { name: 'j', input: text(), map, ...some(random, BODY) }
    const valid = {
      ...right,
      reduce: 'combine' in right || 'partition' in right ? reduce : (right as { reduce?: unknown }).reduce,
    }
    expect(await failureOf(() => defineJob(valid as never)), `case ${i}`).toBeNull()
    const wrong = mistaken(random, valid)
    const error = await failureOf(() => defineJob(wrong as never))
    expect(error, `case ${i}: ${Object.keys(wrong)}`).toBeInstanceOf(RunjobError)
    expect((error as RunjobError).code, `case ${i}: ${String(error)}`).toBe('JOB_INVALID')
  }
})
