/** Counting words: prose, many different words, a map in TypeScript, other scripts. */
import { readFileSync } from 'node:fs'
import type { Dataset } from '../data/datasets.js'
import { answerOfCounts, readCounts, readUniqCounts } from '../measure/answer.js'
import { type Contestant, duckdb, duckdbLines, gnu, plainNode, type Row, runjob } from './row.js'

/** Lines, in lower case, cut at white space. */
export function wordcountOracle(inputs: readonly string[]) {
  const counts = new Map<string, number>()
  for (const line of inputs.flatMap((path) => readFileSync(path, 'utf8').split('\n'))) {
    for (const word of line.toLowerCase().split(/\s+/)) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return answerOfCounts(counts)
}

/** The inputs have single spaces only, so the cheapest split is right; with '\s+' this takes nearly twice as long. */
const duckdbWordcount = duckdb(
  ({ inputs, output }) =>
    `COPY (SELECT word, count(*) FROM (SELECT unnest(string_split(lower(line), ' ')) AS word ` +
    `FROM ${duckdbLines(inputs[0]!)}) GROUP BY word) ` +
    `TO '${output}' (FORMAT csv, DELIMITER '\t', QUOTE '', HEADER false)`,
  readCounts,
)

const native = runjob({ job: 'wordcount', readAnswer: readCounts })
const node = plainNode('node_wordcount.js', readCounts)
const pipeline = gnu('tr|sort|uniq', `tr 'A-Z ' 'a-z\\n' < "$1" | $SORT | uniq -c > "$OUT"`, readUniqCounts)

const wordcount: Row = {
  name: 'wordcount',
  title: 'Word count, prose',
  inputs: ['prose.txt'],
  contestants: [native, duckdbWordcount, pipeline],
  oracle: wordcountOracle,
  targets: [
    { kind: 'faster', than: 'duckdb', ratio: 5.5 },
    { kind: 'faster', than: 'tr|sort|uniq', ratio: 40 },
    { kind: 'rate', gbPerSecond: 0.8 },
  ],
}

const manyWords: Row = {
  name: 'wordcount-many',
  title: 'Word count, one word in ten new',
  inputs: ['identifiers.txt'],
  memoryBytes: 2e9,
  contestants: [native, duckdbWordcount, pipeline],
  oracle: wordcountOracle,
  targets: [
    { kind: 'faster', than: 'duckdb', ratio: 2.5 },
    { kind: 'memory', extraBytes: 200e6 },
    { kind: 'rate', gbPerSecond: 0.3 },
  ],
}

const typescript: Row = {
  name: 'wordcount-ts',
  title: 'Word count, map in TypeScript',
  inputs: ['prose.txt'],
  contestants: [
    runjob({ job: 'wordcount_map.ts', readAnswer: readCounts }),
    runjob({ name: 'runjob, reduce too', job: 'wordcount_map_reduce.ts', readAnswer: readCounts }),
    node,
    duckdbWordcount,
  ],
  oracle: wordcountOracle,
  targets: [
    { kind: 'faster', than: 'node', ratio: 4.5 },
    { kind: 'faster', than: 'duckdb', ratio: 1.05 },
    { kind: 'atMost', times: 1.3, than: 'runjob', of: 'runjob, reduce too' },
  ],
}

/** Compared with the same count on ASCII prose, by bytes per second. */
function otherScript(script: 'cyrillic' | 'greek' | 'cjk', title: string): Row {
  const ascii: Contestant = runjob({
    name: 'runjob, ASCII',
    job: 'wordcount',
    inputs: ['prose.txt'] satisfies Dataset[],
    readAnswer: readCounts,
  })
  return {
    name: `wordcount-${script}`,
    title: `Word count, ${title}`,
    inputs: [`${script}.txt`],
    contestants: [native, ascii, duckdbWordcount, node],
    oracle: wordcountOracle,
    targets: [{ kind: 'rateOf', than: 'runjob, ASCII', ratio: 0.5 }],
  }
}

export const wordcountRows: readonly Row[] = [
  wordcount,
  manyWords,
  typescript,
  otherScript('cyrillic', 'Cyrillic'),
  otherScript('greek', 'Greek'),
  otherScript('cjk', 'Chinese'),
]
