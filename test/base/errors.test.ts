import { describe, expect, test } from 'vitest'
import {
  ERROR_CODES,
  type ErrorCode,
  exitCodeFor,
  isErrorCode,
  RunjobError,
  toRunjobError,
  userError,
} from '../../dist/src/base/errors.js'

/** One set of parameters that fits every entry. */
const params = {
  path: 'logs/may.csv',
  cwd: '/data',
  name: 'pric',
  known: ['price', 'qty'],
  columns: ['price', 'qty'],
  value: 'x',
  problem: 'a number is expected',
  describe: 'how many',
  job: 'stats',
  pid: 123,
  started: '2024-05-01T10:00:00Z',
  changes: ['input a is new', 'option partitions was 1 and is 2'],
  reason: 'permission denied (EACCES)',
  function: 'map',
  message: 'boom',
  codec: 'number',
  type: 'string',
  want: 'number',
  what: 'value',
  keyBytes: 10,
  valueBytes: 20,
  exitCode: 9,
  limit: 100,
  bad: 101,
  need: '2.3 GB',
  free: '1.1 GB',
  bytes: 200,
  by: '0.5',
  found: 'part-r-00000.txt',
  wanted: 'tsv',
  column: 'price',
  otherType: 'double',
  use: 'read',
  compression: 'zstd',
  method: 'reduce()',
  declared: 'x => x',
  module: 'job.js',
  number: 2,
}

describe('the catalogue', () => {
  test.each(ERROR_CODES)('%s reads as a sentence, with and without parameters', (code) => {
    for (const given of [params, { detail: 'row 3 has 2 fields.' }]) {
      const error = new RunjobError(code, given)
      expect(error.message).toMatch(/\S/)
      expect(error.message).not.toMatch(/\.\.$|: \.|\[object|NaN|\s\s/)
      if (given === params) expect(`${error.message} ${error.hint}`).not.toMatch(/undefined/)
      // A user's own message may end as it likes.
      if (code !== 'USER_ERROR') expect(error.message).toMatch(/[.]$/)
      expect(error.hint).toMatch(/[.?]$/)
      expect(error.code).toBe(code)
      expect(['user', 'data', 'resource', 'bug', 'interrupted']).toContain(error.kind)
    }
  })

  test('what native code says becomes part of the message', () => {
    const error = new RunjobError('CSV_SHORT_ROW', { detail: 'row has 3 columns, column 5 is needed', offset: 7 })
    expect(error.message).toBe('A row has too few fields: row has 3 columns, column 5 is needed.')
  })

  test('an unknown column names the known ones and the closest', () => {
    const error = new RunjobError('COLUMN_UNKNOWN', { name: 'pric', columns: ['price', 'qty'] })
    expect(error.message).toBe('No column "pric". Columns: price, qty.')
    expect(error.hint).toBe('Did you mean "price"?')
  })

  test('a long list of names is cut', () => {
    const columns = Array.from({ length: 500 }, (_, i) => `column${i}`)
    const { message } = new RunjobError('COLUMN_UNKNOWN', { name: 'zzz', columns })
    expect(message).toContain('column39, and 460 more.')
  })

  test('a missing input says where relative paths start', () => {
    const { message, hint } = new RunjobError('INPUT_NOT_FOUND', { path: 'logs/may', cwd: '/data' })
    expect(message).toBe('Input logs/may does not exist.')
    expect(hint).toContain('start at /data.')
  })

  test('knows its own codes', () => {
    expect(isErrorCode('DISK_FULL')).toBe(true)
    expect(isErrorCode('toString')).toBe(false)
    expect(isErrorCode(undefined)).toBe(false)
  })
})

describe('exit codes', () => {
  test.each<[ErrorCode, number]>([
    ['OPTION_INVALID', 2],
    ['PARAM_UNKNOWN', 2],
    ['PARAM_INVALID', 2],
    ['PARAM_MISSING', 2],
    ['JOB_NOT_FOUND', 2],
    ['INPUT_NOT_FOUND', 1],
    ['CSV_SHORT_ROW', 1],
    ['DISK_FULL', 1],
    ['INTERNAL', 1],
    ['INTERRUPTED', 130],
  ])('%s exits with %i', (code, expected) => {
    expect(exitCodeFor(new RunjobError(code, params))).toBe(expected)
  })

  test('anything unexpected exits with 1', () => {
    expect(exitCodeFor(new TypeError('x'))).toBe(1)
    expect(exitCodeFor(undefined)).toBe(1)
  })
})

describe('retries', () => {
  test('help if a resource failed or a user function threw, not if the same would happen again', () => {
    expect(new RunjobError('WORKER_DIED').retryable).toBe(true)
    expect(new RunjobError('RUN_CORRUPT').retryable).toBe(true)
    expect(new RunjobError('USER_ERROR').retryable).toBe(true)
    expect(new RunjobError('DISK_FULL').retryable).toBe(false)
    expect(new RunjobError('CSV_BAD_NUMBER').retryable).toBe(false)
    expect(new RunjobError('INTERRUPTED').retryable).toBe(false)
  })
})

describe('crossing a thread', () => {
  test('keeps code, texts, place, cause and stacks', () => {
    const thrown = new RangeError('too deep')
    const error = userError(thrown, 'map', { file: 'a.txt', offset: 12 }).withWhere({ stage: 'map', offset: 99 })
    const copy = RunjobError.fromJSON(JSON.parse(JSON.stringify(error)))
    expect(copy).toBeInstanceOf(RunjobError)
    expect(copy.code).toBe('USER_ERROR')
    expect(copy.kind).toBe('user')
    expect(copy.message).toBe("The job's map function failed: too deep")
    expect(copy.hint).toBe(error.hint)
    expect(copy.where).toEqual({ file: 'a.txt', offset: 12, stage: 'map' })
    expect(copy.stack).toBe(error.stack)
    expect(copy.userStack).toBe(thrown.stack)
    expect((copy.cause as Error).name).toBe('RangeError')
    expect((copy.cause as Error).stack).toBe(thrown.stack)
  })

  test('survives parameters that are not JSON', () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    for (const odd of [{ value: 12n }, { value: cycle }, { value: undefined }, { value: () => 1 }]) {
      const copy = RunjobError.fromJSON(JSON.parse(JSON.stringify(new RunjobError('PARAM_INVALID', odd))))
      expect(copy.code).toBe('PARAM_INVALID')
    }
  })
})

describe('wrapping', () => {
  test('a RunjobError thrown inside a user function keeps its code', () => {
    const inner = new RunjobError('EMIT_TYPE', params)
    expect(userError(inner, 'map', { task: 'm1' })).toBe(inner)
    expect(inner.where).toEqual({ task: 'm1' })
  })

  test.each([
    ['a string', 'oops', 'oops'],
    ['undefined', undefined, 'undefined'],
    ['an error without a message', new TypeError(), 'TypeError'],
    ['an object that cannot be printed', Object.create(null), 'a value without a message'],
  ])('%s may be thrown', (_, thrown, text) => {
    expect(userError(thrown, 'reduce').message).toBe(`The job's reduce function failed: ${text}`)
    expect(toRunjobError(thrown).code).toBe('INTERNAL')
  })
})
