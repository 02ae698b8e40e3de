/** `runjob query` on a terminal. */
import { expect, test } from 'vitest'
import { runCommand } from '../../dist/src/cli/commands.js'
import * as names from '../../dist/src/index.js'
import { COLUMNS, RECORDS } from '../../dist/src/run/options.js'
import { evaluateQuery } from '../../dist/src/run/query.js'
import { runAny } from '../../dist/src/run/run.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { FakeStream, fakeHost } from './fakes.js'

async function onTerminal(folder: string, ...args: string[]): Promise<string> {
  const host = fakeHost()
  const stdout = Object.assign(new FakeStream(), { isTTY: true, columns: 60 })
  const code = await runCommand(['query', ...args], {
    ...host,
    cwd: folder,
    stdout,
    evaluate: (expression, paths, options) => evaluateQuery(expression, paths, names, folder, options),
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
