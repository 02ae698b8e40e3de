/** A run with functions that was stopped continues, unless a function has changed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { tunedRunjob } from '../helpers/run.js'

const TUNING = { splitBytes: 20_000, heldBytes: 0 }

/** It fails at a value that is read when the module is imported, and is no part of its text. */
const dataset = (by: number) => `
  import { csv, defineDataset, int, read, sum, udf } from 'runjob'
  const stopAt = Number(process.env.STOP_AT ?? -1)
  const key = udf((n) => {
    if (n === stopAt) throw new Error('stopped')
    return n % ${by}
  }, int())
  const other = udf((n) => n % 7, int())
  export default defineDataset({
    name: 'sums',
    build: ({ read }) =>
      read(csv({ schema: { n: int() } }), 'in.csv').groupBy((process.env.OTHER ? other : key)('n').as('key')).agg({ sum: sum('n') }),
  })`

it('continues after it failed, with the same bytes, and not with another function, whether its text or the choice differs', async () => {
  const cwd = temporaryFolder()
  const numbers = Array.from({ length: 20_000 }, (_, i) => i)
  writeFiles(cwd, { 'in.csv': `n\n${numbers.join('\n')}\n`, 'sums.mjs': dataset(97) })
  const run = (output: string, ...more: string[]) =>
    tunedRunjob(['sums.mjs', '-o', output, '--no-progress', ...more], TUNING, { cwd })
  const bytes = (output: string) =>
    readdirSync(join(cwd, output))
      .filter((name) => name.startsWith('part'))
      .map((name) => readFileSync(join(cwd, output, name), 'utf8'))
  expect((await run('whole')).code).toBe(0)

  const env = { STOP_AT: '15000' }
  const args = ['sums.mjs', '-o', 'out', '--no-progress', '--workers', '1', '--retries', '0']
  const stopped = await tunedRunjob(args, TUNING, { cwd, env })
  expect(stopped.code).toBe(1)
  expect(stopped.stderr).toContain('The function udf failed: stopped')

  writeFileSync(join(cwd, 'sums.mjs'), dataset(98))
  const other = await run('out')
  expect(other.code).not.toBe(0)
  expect(other.stderr).toContain('STATE_MISMATCH')

  writeFileSync(join(cwd, 'sums.mjs'), dataset(97))
  const chosen = await tunedRunjob(['sums.mjs', '-o', 'out'], TUNING, { cwd, env: { OTHER: 'yes' } })
  expect(chosen.stderr).toContain('STATE_MISMATCH')

  const resumed = await run('out')
  expect(resumed).toMatchObject({ code: 0 })
  expect(resumed.stderr).toContain('resuming: ')
  expect(bytes('out')).toEqual(bytes('whole'))
})
