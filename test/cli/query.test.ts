/** `runjob query` on a terminal. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runCommand } from '../../dist/src/cli/commands.js'
import * as names from '../../dist/src/index.js'
import { COLUMNS, RECORDS } from '../../dist/src/run/options.js'
import { evaluateQuery } from '../../dist/src/run/query.js'
import { runAny } from '../../dist/src/run/run.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { runjob } from '../helpers/run.js'
import { FakeStream, fakeHost } from './fakes.js'

async function onTerminal(folder: string, ...args: string[]): Promise<string> {
  const host = fakeHost()
  const stdout = Object.assign(new FakeStream(), { isTTY: true, columns: 60 })
  const code = await runCommand(['query', ...args], {
    ...host,
    cwd: folder,
    stdout,
    evaluate: (expression, paths, options, ofRows) => evaluateQuery(expression, paths, names, folder, options, ofRows),
    runJob: (job, options, _command, printer) =>
      runAny(job, {
        ...options,
        [RECORDS]: printer!.onRecords,
        ...(printer!.onColumns ? { [COLUMNS]: printer!.onColumns } : {}),
      }),
  })
  expect(host.stderr.text.replace(/.*\r/g, '')).not.toContain('error')
  expect(code).toBe(0)
  return stdout.text
}

test('rows are a table of the first 20, longs and instants have all their digits', async () => {
  const folder = temporaryFolder()
  const lines = Array.from(
    { length: 1234 },
    (_, i) => `{"id":${9007199254740993n + BigInt(i)},"note":"a note of ${i}"}\n`,
  )
  writeFiles(folder, { 'log.jsonl': lines.join('') })
  const text = await onTerminal(folder, 'df', `${folder}/log.jsonl`)
  const [top, header, types, , first, ...rest] = text.split('\n')
  expect([top, header, types, first]).toEqual([
    '┌──────────────────┬──────────────┐',
    '│               id │ note         │',
    '│           bigint │ string       │',
    '│ 9007199254740993 │ a note of 0  │',
  ])
  expect(rest.at(-2)).toBe('20 of 1,234 rows')
  expect(rest.length).toBe(22)
  expect(await onTerminal(folder, 'df.select("note").limit(1)', `${folder}/log.jsonl`, '--format', 'text')).toBe(
    'a note of 0\n',
  )
  expect(await onTerminal(folder, 'df.count()', `${folder}/log.jsonl`)).toBe('1234\n')
})

describe('a query that is refused has done nothing', () => {
  const folder = () => {
    const path = temporaryFolder()
    writeFiles(path, { 'log.jsonl': '{"id":1}\n{"id":2}\n' })
    return path
  }
  const inFolder = (path: string, ...args: string[]) => runjob(['query', ...args], { cwd: path })

  test.each([
    ["[df.write.csv('x')]", 'begins an action, but does not wait for its end'],
    ["({ a: [[df.write.csv('x')]] })", 'begins an action, but does not wait for its end'],
    ["(df.write.csv('x'), df)", 'begins an action, but does not wait for its end'],
    ["(df.write.csv('x'), 1)", 'begins an action, but does not wait for its end'],
    ["[await df.count(), df.write.csv('x')]", 'begins an action, but does not wait for its end'],
    ["[df.write.csv('x'), df.nothing()]", 'df.nothing is not a function'],
  ])('%s', async (query, said) => {
    const path = folder()
    const { code, stdout, stderr } = await inFolder(path, query, 'log.jsonl')
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(said)])
    expect(readdirSync(path)).toEqual(['log.jsonl'])
  })

  test.each([['--output', 'y'], ['--format', 'csv'], ['--explain']])('write with %s', async (...option) => {
    const path = folder()
    const { code, stderr } = await inFolder(path, "df.write.csv('x')", 'log.jsonl', ...option)
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${option[0]} has no meaning`)])
    expect(readdirSync(path)).toEqual(['log.jsonl'])
  })

  test('one that waits for its actions runs them', async () => {
    const path = folder()
    const several = "Promise.all([df.count(), df.write.csv('x'), df.filter(c => c.id.gt(1)).count()])"
    const { code, stdout } = await inFolder(path, several, 'log.jsonl')
    expect([code, JSON.parse(stdout)]).toEqual([0, [2, null, 1]])
    const nested = 'df.filter(c => c.id.eq(0)).count().then(async n => n === 0 ? [await df.count()] : 0)'
    expect(JSON.parse((await inFolder(path, nested, 'log.jsonl')).stdout)).toEqual([2])
    expect((await inFolder(path, 'df.limit(await df.count() - 1)', 'log.jsonl')).stdout).toBe('{"id":1}\n')
    expect(readdirSync(path).sort()).toEqual(['log.jsonl', 'x'])
  })
})
