/** Rows without peers: growth with the input, growth with the cores, the time to start. */
import { availableParallelism } from 'node:os'
import type { Dataset } from '../data/datasets.js'
import { readCounts } from '../measure/answer.js'
import { type Contestant, type Row, runjob } from './row.js'
import { wordcountOracle } from './wordcount.js'

/** All of one size; their words are the same. */
const prose = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => (i === 1 ? 'prose.txt' : `prose-${i}.txt`) as Dataset)

function times(n: number): Contestant {
  return runjob({ name: `${n} ×`, job: 'wordcount', inputs: prose.slice(0, n), readAnswer: readCounts })
}

const growth: Row = {
  name: 'growth',
  title: 'Growth, word count',
  inputs: ['prose.txt'],
  contestants: [1, 2, 4, 8].map(times),
  oracle: wordcountOracle,
  targets: [
    { kind: 'rateOf', of: '2 ×', than: '1 ×', ratio: 1 / 1.15 },
    { kind: 'rateOf', of: '4 ×', than: '1 ×', ratio: 1 / 1.15 },
    { kind: 'rateOf', of: '8 ×', than: '1 ×', ratio: 1 / 1.15 },
  ],
}

/** 1, 2, 4… and all. */
function workerCounts(): number[] {
  const cores = Math.max(2, availableParallelism())
  const counts = []
  for (let n = 1; n < cores; n *= 2) counts.push(n)
  return [...counts, cores]
}

const scaling: Row = {
  name: 'workers',
  title: 'Workers, word count',
  inputs: ['prose.txt'],
  contestants: workerCounts().map((workers) =>
    runjob({
      name: workers === 1 ? '1 worker' : `${workers} workers`,
      job: 'wordcount',
      // Large enough that the start, which workers cannot speed up, hardly matters.
      inputs: prose,
      workers,
      readAnswer: readCounts,
    }),
  ),
  oracle: wordcountOracle,
  targets: [{ kind: 'faster', of: '2 workers', than: '1 worker', ratio: 1.85 }],
}

const start: Row = {
  name: 'start',
  title: 'Start, 1 KB',
  inputs: ['small.txt'],
  contestants: [
    runjob({ job: 'wordcount', readAnswer: readCounts }),
    {
      name: 'node, empty script',
      tool: 'none',
      command: ({ output }) => [process.execPath, '-e', `fs.writeFileSync(${JSON.stringify(output)}, '')`],
      readAnswer: null,
    },
  ],
  oracle: wordcountOracle,
  targets: [{ kind: 'time', ms: 200 }],
}

export const engineRows: readonly Row[] = [growth, scaling, start]
