/** What a job's function returns, emits wrongly or does after its return is never lost silently. */
import { existsSync } from 'node:fs'
import { defineJob, json, text } from 'runjob'
import { runMap, runReduce } from 'runjob/testing'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../../helpers/folder.js'
import { failure, run } from '../../helpers/run.js'
import { leaving, type MAPS, mapping, reducing } from './call_jobs.js'

function input(...lines: string[]): string {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': lines.map((line) => `${line}\n`).join('') })
  return folder
}

type Kind = keyof typeof MAPS

/** By kind: the error's code and what its message says. */
const WRONG: [kind: Kind, code: string, says: string][] = [
  [
    'generator',
    'JOB_INVALID',
    'map() returned a generator, which is never read: call emit(key, value) for each record instead',
  ],
  ['iterator', 'JOB_INVALID', 'map() returned an iterator'],
  ['array', 'JOB_INVALID', 'map() returned an array, which is not used'],
  ['pairs', 'JOB_INVALID', 'map() returned an array'],
  ['object', 'JOB_INVALID', 'map() returned an object'],
  ['number', 'JOB_INVALID', 'map() returned 5'],
  ['filter', 'JOB_INVALID', 'map() returned true'],
  ['filterOfNone', 'JOB_INVALID', 'map() returned false'],
  ['or', 'JOB_INVALID', 'map() returned true'],
  ['part', 'JOB_INVALID', 'map() returned sum(): give sum() itself as map'],
  ['hostile', 'USER_ERROR', "The job's map function failed: boom"],
  ['hostileEmitted', 'EMIT_TYPE', 'emitted an object that cannot be read as value'],
  ['hostileCount', 'COUNTER_INVALID', 'Counter "lines" cannot be increased by an object that cannot be read'],
  ['hostileThrown', 'USER_ERROR', "The job's map function failed: a value without a message"],
  ['three', 'JOB_INVALID', 'emit() got more than a key and a value'],
  ['forEach', 'JOB_INVALID', 'emit() got more than a key and a value'],
  ['pair', 'EMIT_TYPE', 'an array'],
  ['nothing', 'EMIT_TYPE', 'undefined'],
  ['promised', 'EMIT_TYPE', 'a promise'],
  ['countNaN', 'COUNTER_INVALID', 'Counter "lines" cannot be increased by NaN'],
  ['countText', 'COUNTER_INVALID', 'Counter "lines" cannot be increased by string'],
  ['countNothing', 'USER_ERROR', 'ctx.count(undefined, 1): it takes a name and a number'],
  [
    'writeNothing',
    'USER_ERROR',
    'ctx.write("named", undefined, undefined): it takes the name of an output, a key and a value',
  ],
  ['writeMore', 'USER_ERROR', 'ctx.write("named", 1, 2, 3): it takes'],
]

describe.each(WRONG)('a map of the kind %s', (kind, code, says) => {
  it(`is ${code} at its first record`, async () => {
    const error = await failure(run(mapping, input('a b'), { params: { kind } }))
    expect(error).toMatchObject({ code, where: { offset: 0 } })
    expect(error.message).toContain(says)
    if (code === 'JOB_INVALID') expect(error.message).toContain('The job "mapping" is not valid')
  })

  it('and the same in a test of the function', async () => {
    const error = await failure(runMap(mapping, ['a b'], { params: { kind } }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(says)
    if (code === 'JOB_INVALID') expect(error.message).toContain('The job "mapping" is not valid')
  })
})

it.each<Kind>(['right', 'and', 'andOfText'])(
  'a function that emits may leave what && leaves of a condition: %s',
  async (kind) => {
    const result = await run(mapping, input('a', '', 'ab'), { params: { kind } })
    expect(result.stages[0]!.recordsOut).toBe(kind === 'right' ? 3 : 2)
  },
)

describe('a failure of a function after it has returned', () => {
  it.each<Kind>([
    'lateInPromise',
    'lateAndCaught',
    'lateInTimer',
    'lateFromFile',
    'lateCount',
    'lateWrite',
    'emitOfOther',
  ])('ends the run before anything is committed: %s', async (kind) => {
    const folder = temporaryFolder()
    const config = { params: { kind }, workers: 1, output: `${folder}/out`, retries: 2 }
    // In its own file a record belongs to another task; otherwise the first record's emit would work.
    const files = kind === 'emitOfOther' ? 'many' : 'one'
    const path = input('a', 'b')
    const error = await failure(
      run(mapping, path, { ...config, ...(files === 'many' ? { tuning: { splitBytes: 2 } } : {}) } as never),
    )
    expect(error.code).toBe('EMIT_LATE')
    expect(error.userStack).toContain('call_jobs.ts')
    expect(existsSync(`${folder}/out`)).toBe(false)
    // Finished tasks may lack records: no run may continue from there.
    expect(existsSync(`${folder}/.out.runjob`)).toBe(false)
  })

  it.each<[Kind, string]>([
    ['rejects', 'boom'],
    ['rejectsText', 'just text'],
    ['throwsInTimer', 'JSON'],
  ])('ends the run if it fails: %s', async (kind, says) => {
    const error = await failure(run(mapping, input('a'), { params: { kind } }))
    expect(error).toMatchObject({ code: 'USER_ERROR', params: { late: true }, retryable: false })
    expect(error.message).toContain('A function of the job failed after it had returned')
    expect(error.message).toContain(says)
    if (kind !== 'rejectsText') expect(error.userStack).toContain('call_jobs.ts')
  })

  it.each(['throw', 'never'])('a setup that leaves a timer which fails ends the run: %s', async (kind) => {
    const error = await failure(run(leaving, input('a'), { params: { kind } }))
    expect(error).toMatchObject({ code: 'USER_ERROR', params: { late: true } })
  })

  it('a timer that is never cleared does not keep the process', { timeout: 60_000 }, async () => {
    expect((await run(leaving, input('a'), { params: { kind: 'interval' } })).stages).toHaveLength(2)
  })

  it('is an error in a test of the function, too', async () => {
    expect((await failure(runMap(mapping, ['a'], { params: { kind: 'lateAndCaught' } }))).code).toBe('EMIT_LATE')
  })
})

it.each([
  ['returns', 'JOB_INVALID', 'reduce() returned 1, which is not used'],
  ['yields', 'JOB_INVALID', 'reduce() returned an iterator'],
  ['three', 'JOB_INVALID', 'emit() got more than a key and a value'],
  ['late', 'EMIT_LATE', 'emit() was called after'],
  ['keepsValues', 'EMIT_LATE', 'values.next() was called after'],
  ['readsLater', 'USER_ERROR', 'second time'],
  ['combine', 'JOB_INVALID', 'combine() returned 1, which is not used'],
  ['partition', 'JOB_INVALID', 'partition() returned a promise; it must be a whole number from 0 to 1'],
  ['half', 'JOB_INVALID', 'partition() returned 0.5'],
  ['order', 'JOB_INVALID', 'order() returned a promise; it must be synchronous'],
  ['hostilePartition', 'USER_ERROR', "The job's partition function failed: boom"],
  ['hostileOrder', 'USER_ERROR', "The job's order function failed: boom"],
])('of the other functions: %s is %s', async (kind, code, says) => {
  const error = await failure(run(reducing, input('a', 'b'), { params: { kind }, workers: 1 }))
  expect(error.code).toBe(code)
  expect(error.message).toContain(says)
})

it('a test of a reduce is as strict', async () => {
  const error = await failure(runReduce(reducing, 'a', [1], { params: { kind: 'returns' } }))
  expect(error).toMatchObject({ code: 'JOB_INVALID' })
})

it.each<[string, unknown]>([
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a promise', Promise.resolve(1)],
  ['/re/', /re/],
  ['bytes', new Uint8Array(2)],
  ['bytes', Buffer.of(1, 2)],
  ['function', () => 1],
])('what JSON would make nothing of is no JSON value: %s', async (type, value) => {
  const job = defineJob({ name: 'j', input: text(), value: json(), map: (_, emit) => emit('a', [{ value }]) })
  const error = await failure(runMap(job, ['a']))
  expect(error).toMatchObject({ code: 'EMIT_TYPE', params: { type } })
})
