/** Sorting lines, and keeping each once. */
import { readFileSync } from 'node:fs'
import { answerOfLines, answerOfOrderedLines, readLines, readOrderedLines } from '../measure/answer.js'
import { type Contestant, duckdb, duckdbLines, gnu, quote, type Row, runjob } from './row.js'

const native = runjob({ job: 'sort', readAnswer: readOrderedLines })

const gnuSort = gnu('sort', `$SORT -o "$OUT" "$1"`, readOrderedLines)

const duckdbSort = duckdb(
  ({ inputs, output }) =>
    `COPY (SELECT line FROM ${duckdbLines(inputs[0]!)} ORDER BY line) ` +
    `TO ${quote(output)} (FORMAT csv, DELIMITER '\x01', QUOTE '', HEADER false)`,
  readOrderedLines,
)

/** The time of the disk to read and write the data twice, as an external sort must, past the page cache. */
const disk: Contestant = {
  ...gnu(
    'disk',
    'dd if="$1" of="$OUT.run" bs=8M iflag=direct oflag=direct && dd if="$OUT.run" of="$OUT" bs=8M iflag=direct oflag=direct',
    null,
  ),
  tool: 'none',
}

const sort: Row = {
  name: 'sort',
  title: 'Sort, 100-byte lines, in 1 GB of memory',
  inputs: ['lines-2gb.txt'],
  memoryBytes: 1e9,
  contestants: [native, gnuSort, duckdbSort],
  oracle: sortOracle,
  targets: [
    { kind: 'faster', than: 'sort', ratio: 3 },
    { kind: 'faster', than: 'duckdb', ratio: 1.7 },
    { kind: 'rate', gbPerSecond: 0.38 },
    { kind: 'temp', times: 1.1 },
  ],
}

const sortLarge: Row = {
  name: 'sort-large',
  title: 'Sort, ten times the memory',
  inputs: ['lines-10gb.txt'],
  memoryBytes: 1e9,
  contestants: [native, disk],
  oracle: sortOracle,
  targets: [
    { kind: 'atMost', times: 1.5, than: 'disk' },
    { kind: 'memory', extraBytes: 200e6 },
  ],
}

const distinct: Row = {
  name: 'distinct',
  title: 'Distinct lines, half of them',
  inputs: ['repeated.txt'],
  contestants: [
    runjob({ job: 'distinct', readAnswer: readLines }),
    duckdb(
      ({ inputs, output }) =>
        `COPY (SELECT DISTINCT line FROM ${duckdbLines(inputs[0]!)}) ` +
        `TO ${quote(output)} (FORMAT csv, DELIMITER '\x01', QUOTE '', HEADER false)`,
      readLines,
    ),
    gnu('sort -u', `$SORT -u -o "$OUT" "$1"`, readLines),
  ],
  oracle: (inputs) => answerOfLines(new Set(linesOf(inputs))),
  targets: [
    { kind: 'faster', than: 'duckdb', ratio: 2 },
    { kind: 'faster', than: 'sort -u', ratio: 4 },
  ],
}

function sortOracle(inputs: readonly string[]) {
  return answerOfOrderedLines(linesOf(inputs).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** As latin1, so that characters compare as bytes do. */
function linesOf(inputs: readonly string[]): string[] {
  const lines = inputs.flatMap((path) => readFileSync(path, 'latin1').split('\n'))
  return lines.filter((line) => line !== '')
}

export const sortRows: readonly Row[] = [sort, sortLarge, distinct]
