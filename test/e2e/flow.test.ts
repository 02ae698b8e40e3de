/** A run that read records and wrote none says where they went. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runJob } from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run, runjob } from '../helpers/run.js'
import { headed, misplaced, ranked, silent, silentChain, twoInputs } from './flow_jobs.js'

function files(content: Record<string, string>): (name: string) => string {
  const folder = temporaryFolder()
  writeFiles(folder, content)
  return (name) => join(folder, name)
}

describe('a run that wrote nothing', () => {
  const at = () =>
    files({
      'in.txt': 'a\nb\na\n',
      'empty.txt': '',
      'l.csv': 'id,v\n1,a\n2,b\n3,c\n',
      'r.csv': 'id,w\n01,a\n02,b\n',
      'header.csv': 'id,v\n',
      'bad.csv': 'id,v\n1,x\n',
    })

  it.each<[string, (path: (name: string) => string) => Promise<{ notes: string[] }>, string]>([
    ['map', (p) => run(silent, p('in.txt'), { params: { where: 'map' } }), 'map emitted nothing for 3 records'],
    [
      'reduce',
      (p) => run(silent, p('in.txt'), { params: { where: 'reduce' }, partitions: 2 }),
      'reduce emitted nothing for 2 keys (3 records)',
    ],
    [
      'reduce of a step',
      (p) => run(silentChain, p('in.txt'), { params: { where: 'reduce 1' } }),
      'reduce of step 1 emitted nothing for 2 keys (3 records)',
    ],
    [
      'map of a step',
      (p) => run(silentChain, p('in.txt'), { params: { where: 'map 2' } }),
      'map of step 2 emitted nothing for 2 records of the step before',
    ],
    ['grep', (p) => run('grep', p('in.txt'), { params: { pattern: 'z' } }), 'the pattern matched none of 3 lines'],
    [
      'grep -v',
      (p) => run('grep', p('in.txt'), { params: { pattern: '.', invert: true } }),
      'the pattern matched all 3 lines',
    ],
    [
      'join',
      (p) => run('join', { left: p('l.csv'), right: p('r.csv') }, { params: { on: 'id' } }),
      'no key is on both sides of the join: left has 3 rows, such as "1", "2", "3"; right has 2 rows, such as "01", "02"',
    ],
    ['no input', (p) => run('wordcount', p('empty.txt')), 'nothing was read: 1 input file without a record'],
    [
      'no rows',
      (p) => run('stats', p('header.csv'), { params: { by: 'id', of: 'v' } }),
      'nothing was read: 1 input file without a record',
    ],
    [
      'bad records alone',
      (p) => run('stats', p('bad.csv'), { params: { by: 'id', of: 'v' }, maxBad: 5 }),
      'no record was of use: 1 bad record put aside',
    ],
  ])('%s', async (_, start, note) => {
    const result = await start(at())
    expect(result.notes).toEqual([note])
    expect(result).toMatchObject({ recordsWritten: 0 })
  })

  it('says so in the command, whose exit code is 0', async () => {
    const path = at()
    const args = ['grep', 'z', path('in.txt'), '-o', path('out')]
    const { code, stderr } = await runjob(args)
    expect(code).toBe(0)
    expect(stderr).toContain('the pattern matched none of 3 lines')
    expect(stderr).toMatch(/records +3 read, 0 written/)
    const json = await runjob([...args, '--json', '--mode', 'overwrite'])
    expect(JSON.parse(json.stdout)).toMatchObject({
      recordsRead: 3,
      recordsWritten: 0,
      notes: ['the pattern matched none of 3 lines'],
    })
  })
})

it('an input that contributes nothing is named, with or without others', async () => {
  const path = files({ 'o.csv': 'id\n1\n', 'u.csv': 'id\n1\n2\n' })
  const result = await run(twoInputs, { orders: path('o.csv'), users: path('u.csv') })
  expect(result.notes).toEqual(['map emitted nothing for 2 records of input "users"'])
  expect(result).toMatchObject({ recordsRead: 3, recordsWritten: 1 })
})

it('a successful run has no notes', async () => {
  const result = await run('wordcount', files({ 'in.txt': 'a b\n' })('in.txt'))
  expect(result).toMatchObject({ recordsRead: 1, recordsWritten: 2, notes: [] })
})

describe('the largest records', () => {
  it.each([true, false])('are found among the records that functions emit (reduce: %s)', async (reduces) => {
    const at = files({ 'in.txt': `ccc\nbad\n${'x\n'.repeat(3000)}bb\ndddd\naaa\n` })
    const options = { input: at('in.txt'), output: at('out'), params: { reduces }, top: 3, maxBad: 1 }
    const { top } = await runJob(ranked, options)
    expect(top).toEqual([
      { key: 'dddd', number: 4 },
      { key: 'aaa', number: 3 },
      { key: 'ccc', number: 3 },
    ])
  })

  it.each(['sort', 'distinct'])('%s has none, and says so', async (job) => {
    const at = files({ 'in.txt': 'a\n' })
    const error = await failure(runJob(job, { input: at('in.txt'), output: at('out'), top: 3 }))
    expect(error.code).toBe('OPTION_INVALID')
  })
})

describe('a header row', () => {
  const at = () => files({ 'in.txt': 'a\n' })
  it.each([['Key'], ['Key,N,M'], ['N,N']])('that does not fit (%s) is refused', async (columns) => {
    const path = at()
    for (const named of [false, true]) {
      // Rows of a named output may have only keys.
      if (named && columns === 'Key') continue
      const error = await failure(run(headed, path('in.txt'), { params: { columns, named } }))
      expect(error.code).toBe('JOB_INVALID')
    }
  })

  it('of one column has no room for a value, and text has none for bytes or infinity', async () => {
    const path = at()
    const write = (value: string) => run(misplaced, path('in.txt'), { params: { value }, output: path(value) })
    for (const value of ['two', 'bytes', 'Infinity']) expect((await failure(write(value))).code).toBe('EMIT_TYPE')
    await write('key')
    expect(readFileSync(join(path('key'), 'one/part-m-00000.csv'), 'utf8')).toBe('line\na\n')
  })

  it('that fits is written', async () => {
    const path = at()
    await run(headed, path('in.txt'), { params: { columns: 'Key,N' }, output: path('out') })
    await run(headed, path('in.txt'), { params: { columns: 'Key', named: true }, output: path('out2') })
  })
})
