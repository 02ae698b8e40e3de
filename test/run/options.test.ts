import { join, resolve } from 'node:path'
import { csv, defineJob, explainJob, fields, sum, tsv } from 'runjob'
import { expect, test } from 'vitest'
import { RECORDS, readOptions } from '../../dist/src/run/options.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'

test('settings have a value for every option', () => {
  expect(readOptions({ input: 'in', output: 'out' })).toMatchObject({
    cwd: process.cwd(),
    output: resolve('out'),
    choice: { format: undefined, compress: undefined, singleFile: false },
    mode: 'error',
    params: {},
    allFiles: false,
    encoding: null,
    partitions: null,
    badLimit: null,
    retries: 2,
    taskTimeoutMs: null,
    speculate: false,
    top: 0,
    fresh: false,
    keepState: false,
    diskCheck: true,
    profile: false,
    command: null,
    onRecords: null,
  })
})

test('sizes, durations and limits are numbers in settings', () => {
  const given = { memory: '64MB', taskTimeout: '1.5h', maxBad: '0.5%', retries: 0, diskCheck: false }
  expect(readOptions({ input: 'in', output: 'out', ...given })).toMatchObject({
    memoryBytes: 64_000_000,
    taskTimeoutMs: 5_400_000,
    badLimit: { share: 0.005 },
    retries: 0,
    diskCheck: false,
  })
})

test('records for the caller are one file, whatever its name', () => {
  const onRecords = async () => true
  const options = { input: 'in', output: 'out.gz', singleFile: true }
  expect(() => readOptions(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  expect(readOptions({ ...options, [RECORDS]: onRecords })).toMatchObject({ onRecords, choice: { singleFile: true } })
})

test('a native job needs no module, whatever its outputs are called', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.csv': 'k,n\na,1\n' })
  const job = defineJob({
    name: 'native',
    input: csv(),
    map: fields({ key: 'k' }),
    reduce: sum('n'),
    outputs: { role: tsv() },
  })
  const plan = await explainJob(job, { input: join(folder, 'in.csv'), output: join(folder, 'out') })
  expect(plan.module).toBeNull()
})
