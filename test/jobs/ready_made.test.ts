/** Compares every ready-made job with its oracle, in configurations that must not show in the output. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CASES, LINKS, rowsOf, writeInput } from '../helpers/cases.js'
import { linesOf, partsOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import * as oracle from '../helpers/oracles.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, run } from '../helpers/run.js'

describe.each(Object.entries(CASES))('%s', (_, { job, params = {}, input, expected, order, header }) => {
  it.each([1, 7])(
    'agrees with its oracle and writes the same bytes however it is run, with %i partitions',
    async (partitions) => {
      const paths = writeInput(temporaryFolder(), input)
      let before: Record<string, string> | undefined
      for (const [name, config] of Object.entries(CONFIGS)) {
        const { output } = await run(job, paths, { ...config, params, partitions })
        const rows = rowsOf(output, header)
        if (order === 'global' || partitions === 1) expect(rows, name).toEqual(expected)
        else expect(rows.toSorted(), name).toEqual(expected.toSorted())
        // Only jobs without an exchange have as many parts as splits.
        before ??= snapshot(output)
        if (job !== 'grep') expect(snapshot(output), name).toEqual(before)
      }
    },
  )
})

describe('sort', () => {
  it('cuts its input into parts of about the same size', async () => {
    // More lines than a batch of the sample has.
    const random = new Random(3)
    const folder = temporaryFolder()
    const lines = random.times(30_000, () => `${random.below(1e9)}`.padStart(9, '0'))
    writeFiles(folder, { 'in.txt': `${lines.join('\n')}\n` })
    const { output } = await run('sort', join(folder, 'in.txt'), { partitions: 4 })
    const counts = partsOf(output).map((part) => part.toString().split('\n').length - 1)
    expect(counts).toHaveLength(4)
    expect(Math.min(...counts)).toBeGreaterThan(lines.length / 5)
    expect(linesOf(output)).toEqual(lines.toSorted())
  })
})

describe('pagerank', () => {
  it('agrees with its oracle and writes the same bytes however it is run', async () => {
    const expected = oracle.pagerank([LINKS], 3)
    const folder = temporaryFolder()
    writeFiles(folder, { 'links.txt': LINKS })
    for (const partitions of [1, 7]) {
      let before: Record<string, string> | undefined
      for (const [name, config] of Object.entries(CONFIGS)) {
        const { output } = await run('pagerank', folder, { ...config, partitions, params: { rounds: 3 } })
        const ranks = linesOf(output).map((line) => [line.split('\t')[0]!, Number(line.split('\t')[1])] as const)
        expect(
          ranks.map(([, rank]) => rank),
          name,
        ).toEqual(ranks.map(([, rank]) => rank).sort((a, b) => b - a))
        expect(new Set(ranks.map(([at]) => at)), name).toEqual(new Set(expected.keys()))
        for (const [at, rank] of ranks) expect(rank, `${name}: ${at}`).toBeCloseTo(expected.get(at)!, 10)
        before ??= snapshot(output)
        expect(snapshot(output), name).toEqual(before)
      }
    }
  })
})

describe('stats', () => {
  it('takes names from --columns, or with --header from the first row', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'plain.txt': 'Oslo;1\nRome;20\nOslo;3\n',
      'named.txt': 'station;temp\nOslo;1\nRome;20\nOslo;3',
    })
    const params = { delimiter: ';', columns: 'station,temp', by: 'station', of: 'temp' }
    const expected = ['station,count,sum,min,mean,max', 'Oslo,2,4,1,2,3', 'Rome,1,20,20,20,20']
    expect(linesOf((await run('stats', join(folder, 'plain.txt'), { params })).output)).toEqual(expected)
    const header = { ...params, header: true }
    expect(linesOf((await run('stats', join(folder, 'named.txt'), { params: header })).output)).toEqual(expected)
  })
})

describe('the number of parts', () => {
  it('is the number of partitions, empty ones included', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.txt': 'one' })
    const { output } = await run('wordcount', folder, { partitions: 3 })
    expect(readdirSync(output).sort()).toEqual(['_SUCCESS', ...[0, 1, 2].map((n) => `part-r-0000${n}.tsv`)])
  })
})
