/** What charts and tables say of a result: every comparison, losses and failures, too. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCharts } from '../../bench/chart.js'
import { timesAsLong } from '../../bench/measure/comparison.js'
import type { BenchmarkResult, ContestantResult, RowResult } from '../../bench/measure/result.js'
import { spread } from '../../bench/measure/statistics.js'
import { summaryOf, tablesOf } from '../../bench/table.js'

function contestant(name: string, seconds: number[], changes: Partial<ContestantResult> = {}): ContestantResult {
  return {
    name,
    tool: 'duckdb',
    inputBytes: 1e9,
    status: 'right',
    reason: null,
    seconds,
    time: seconds.length > 0 ? spread(seconds) : null,
    gbPerSecond: 1,
    peakRssBytes: null,
    peakTempBytes: null,
    ratio: null,
    ...changes,
  }
}

function row(name: string, title: string, contestants: ContestantResult[]): RowResult {
  return { name, title, inputBytes: 1e9, memoryBytes: 4e9, contestants, targets: [] }
}

const runjob = contestant('runjob', [1, 2, 4], { tool: 'runjob' })
const result: BenchmarkResult = {
  version: 1,
  date: '2026-01-31T00:00:00.000Z',
  machine: { cpu: 'a <fast> one', cores: 2, memoryBytes: 8e9, platform: 'linux-x64', node: '20.0.0' },
  tools: { runjob: { version: '0.1.0' }, duckdb: { version: '1.5.6' }, gnu: { version: '9.1' } },
  options: { scale: 0.1, runs: 3, workers: 2, memoryBytes: 4e9 },
  rows: [
    row('wordcount', 'Word count', [
      runjob,
      contestant('duckdb', [6, 12, 26]),
      contestant('tr|sort|uniq', [], { tool: 'gnu', status: 'failed', reason: 'no space' }),
      contestant('node', [], { tool: 'node', status: 'skipped', reason: 'not asked for' }),
    ]),
    row('wordcount-ts', 'Word count, map in TypeScript', [
      runjob,
      contestant('runjob, reduce too', [2, 4, 8], { tool: 'runjob' }),
      contestant('duckdb', [0.5, 1, 2]),
    ]),
    row('sort', 'Sort', [
      contestant('runjob', [1, 1, 1], { tool: 'runjob', status: 'wrong', reason: 'other records' }),
      contestant('duckdb', [1, 1, 1]),
    ]),
    row('growth', 'Growth', [runjob]),
  ],
}

describe('charts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  beforeAll(async () => {
    writeFileSync(join(folder, 'logs.svg'), 'of another run')
    await writeCharts(result, folder)
  })

  const chart = (name: string) => readFileSync(join(folder, name), 'utf8')

  it('are one for each family that was compared, and no others are left', () => {
    expect(readdirSync(folder).sort()).toEqual(['sort.svg', 'words.svg'])
  })

  it('show each ratio, the tool with its version, and what failed', () => {
    const words = chart('words.svg')
    for (const text of ['6.0 ×', '0.5 ×', '2.0 × runjob, reduce too', 'failed tr|sort|uniq', 'DuckDB 1.5.6']) {
      expect(words).toContain(`>${text}</text>`)
    }
    expect(words).toContain('>Word count, 2.00 s</text>')
    expect(words).not.toContain('skipped')
  })

  it('have an opaque background and a text for those who do not see them', () => {
    const words = chart('words.svg')
    expect(words).toMatch(/^<svg role="img" aria-labelledby="title description" /)
    expect(words).toContain('<title id="title">Counting words: how many times as long others take as runjob</title>')
    expect(words).toContain(
      'Word count, 2.00 s: DuckDB 1.5.6 6.0 ×, GNU coreutils 9.1 failed tr|sort|uniq. Word count, map in TypeScript, 2.00 s:',
    )
    expect(words).toMatch(/<rect width="\d+" height="\d+" fill="white"\/>/)
    expect(words).toContain('a &lt;fast&gt; one')
  })

  it('claim nothing where runjob gave no right answer', () => {
    expect(chart('sort.svg')).toContain('>Sort, runjob: wrong answer</text>')
    expect(chart('sort.svg')).toContain('>1.00 s</text>')
    expect(chart('sort.svg')).not.toContain(' ×')
  })
})

describe('tables', () => {
  it('have a line for each way to do it with runjob, and losses in bold', () => {
    expect(tablesOf(result, 'charts')).toBe(`**Counting words**

| work | input | runjob | DuckDB 1.5.6 | GNU coreutils 9.1 |
| --- | ---: | ---: | ---: | ---: |
| Word count | 1 GB | 2.00 s | 12.0 s, 6.0 × | tr\\|sort\\|uniq failed |
| Word count, map in TypeScript | 1 GB | 2.00 s | 1.00 s, **0.5 ×** |  |
| – reduce too | 1 GB | 4.00 s | 1.00 s, **0.3 ×** |  |

![Counting words: how many times as long others take as runjob](charts/words.svg)

**Sorting lines**

| work | input | runjob | DuckDB 1.5.6 |
| --- | ---: | ---: | ---: |
| Sort | 1 GB | wrong answer | 1.00 s |

![Sorting lines: how many times as long others take as runjob](charts/sort.svg)

**Growth, workers, start**

| work | input | runjob |
| --- | ---: | ---: |
| Growth | 1 GB | 2.00 s |

4 rows at scale 0.1, medians of 3 alternating runs; a <fast> one, 2 cores, 8 GB,
Node.js 20.0.0; 2 threads each, 4 GB of memory where the row does not say.
In 1 of 2 comparisons runjob is faster. It is slower in: Word count, map in TypeScript (duckdb, 0.5 ×).`)
  })

  it('have a line for each family that was compared, in the summary: the mean of the ratios, the lowest and the highest', () => {
    expect(summaryOf(result)).toBe(`| work | rows | DuckDB 1.5.6 |
| --- | ---: | ---: |
| Counting words | 2 | 1.7 × (0.5 to 6.0) |

4 rows at scale 0.1, medians of 3 alternating runs; a <fast> one, 2 cores, 8 GB,
Node.js 20.0.0; 2 threads each, 4 GB of memory where the row does not say.`)
  })
})

describe('ratios', () => {
  it('are the median of those of the trials, and for each byte where inputs differ', () => {
    expect(timesAsLong(contestant('other', [3, 4, 40]), runjob)).toBe(3)
    expect(timesAsLong(contestant('other', [3, 4, 40], { inputBytes: 5e8 }), runjob)).toBe(6)
  })

  it('are none without right answers of both', () => {
    expect(timesAsLong(contestant('other', [3], { status: 'wrong' }), runjob)).toBeNull()
    expect(timesAsLong(runjob, contestant('other', [], { status: 'failed' }))).toBeNull()
  })
})
