/** What errors say: what is to blame, by the name that the reader knows, and what to do. */
import { join } from 'node:path'
import type { Job } from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run, runjob } from '../helpers/run.js'
import { circular, failingOrder, wrongInMap, wrongInReduce, wrongPart } from './message_jobs.js'

function file(content: string, name = 'in.txt'): string {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: content })
  return join(folder, name)
}

describe('a function that emits what its codec does not take', () => {
  it.each([
    [wrongInMap, 'key', 'map function emitted a number as key, but the job’s key is string.'],
    [wrongInMap, 'value', 'map function emitted a string as value, but the job’s value is number.'],
    [wrongInReduce, 'key', 'reduce function emitted a number as key, but the job’s outKey is string.'],
    [wrongInReduce, 'value', 'reduce function emitted a string as value, but the job’s outValue is number.'],
  ])('%o, %s: is named, with the codec to change', async (job, what, message) => {
    const error = await failure(run(job as unknown as Job, file('a\n'), { params: { what } }))
    expect(error.code).toBe('EMIT_TYPE')
    expect(error.message.replaceAll("'", '’')).toContain(message)
  })

  it('is an error that says why a value has no JSON', async () => {
    const error = await failure(run(circular as unknown as Job, file('a\n')))
    expect(error).toMatchObject({ code: 'EMIT_TYPE', message: expect.stringContaining('it holds itself') })
  })

  it('is an error that names the part of a tuple', async () => {
    const error = await failure(run(wrongPart as unknown as Job, file('a\n')))
    expect(error).toMatchObject({ code: 'EMIT_TYPE', message: expect.stringContaining('bigint') })
  })
})

it('an order function that fails inside emit is blamed itself', async () => {
  const error = await failure(run(failingOrder as unknown as Job, file('a\n')))
  expect(error.message).toMatch(/^The job's order function failed: /)
})

describe('the command line', () => {
  it.each([
    [['top', '0'], '<n>', /a whole number of at least 1/],
    [['top', '-5'], '<n>', /a whole number of at least 1/],
    [['top', 'ten'], '<n>', /a whole number of at least 1/],
    [['pagerank', '--rounds', '-1'], '--rounds', /from 0 to/],
    [['sessions', '--gap', '-1'], '--gap', /at least 0/],
    [['grep', '('], 'pattern', /Unterminated group/],
  ])('%j blames the parameter and exits 2', async ([job, ...args], name, problem) => {
    const { code, stderr } = await runjob([job!, ...args, file('a\n'), '-o', join(temporaryFolder(), 'out')])
    expect(stderr).toMatch(/^error PARAM_INVALID: /)
    expect(stderr).toContain(name)
    expect(stderr).toMatch(problem)
    expect(code).toBe(2)
  })

  it('shows invisible characters in names', async () => {
    const path = file('k,v\u200b,\u001b[31mred\n1,2,3\n', 'in.csv')
    const argv = ['stats', path, '--by', 'k', '--of', 'v', '-o', join(temporaryFolder(), 'out')]
    const { stderr } = await runjob(argv)
    expect(stderr).toContain('No column "v". Columns: k, v\\u200b, \\x1b[31mred.')
    expect(stderr).toContain('Did you mean "v\\u200b"? They look alike')
  })
})
