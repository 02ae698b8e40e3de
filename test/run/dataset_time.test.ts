/** A run that is resumed keeps the time at which it began. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { count, csv, currentTimestamp, defineDataset, int, max, read, runDataset } from 'runjob'
import { expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { JobState } from '../../dist/src/state/state.js'
import { temporaryFolder } from '../helpers/folder.js'

it('currentTimestamp is that of the first start', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder()
  const input = join(folder, 'in.csv')
  writeFileSync(input, `k\n${Array.from({ length: 20_000 }, (_, i) => `${i % 7}\n`).join('')}`)
  const dataset = defineDataset({
    name: 'dated',
    build: () =>
      read(csv({ schema: { k: int() } }), input)
        .withColumn('t', () => currentTimestamp())
        .groupBy('k')
        .agg({ n: count(), t: max('t') }),
  })
  const output = join(folder, 'out')
  const tuning = { [TUNING]: { splitBytes: 999 } }
  const controller = new AbortController()
  const interrupted = runDataset(dataset, {
    output,
    workers: 1,
    ...tuning,
    signal: controller.signal,
    onProgress: ({ tasksDone }) => void (tasksDone > 2 && controller.abort()),
  })
  await expect(interrupted).rejects.toMatchObject({ code: 'INTERRUPTED' })
  const { now } = JobState.peek(join(folder, '.out.runjob'))!.identity()!.plan
  await runDataset(dataset, { output, workers: 1, ...tuning })
  const lines = readdirSync(output)
    .filter((name) => name.startsWith('part'))
    .flatMap((name) => readFileSync(join(output, name), 'utf8').trim().split('\n'))
  const times = new Set(lines.map((line) => Date.parse((JSON.parse(line) as { t: string }).t)))
  expect([...times]).toEqual([Number(BigInt(now!) / 1000n)])
})
