/** Count, sum, min, mean, max of one column by another. */
import { readFileSync } from 'node:fs'
import { parse } from 'fast-csv'
import { type Answer, readTable } from '../measure/answer.js'
import { duckdb, plainNode, polars, quote, type Row, runjob } from './row.js'

/** Sums exactly what double precision allows: Neumaier's compensated summation. */
class Group {
  count = 0
  private sum = 0
  private lost = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY

  add(x: number): void {
    this.count++
    const sum = this.sum + x
    this.lost += Math.abs(this.sum) >= Math.abs(x) ? this.sum - sum + x : x - sum + this.sum
    this.sum = sum
    this.min = Math.min(this.min, x)
    this.max = Math.max(this.max, x)
  }

  numbers(): number[] {
    const sum = this.sum + this.lost
    return [this.count, sum, this.min, sum / this.count, this.max]
  }
}

class Groups {
  private readonly groups = new Map<string, Group>()

  add(key: string, x: number): void {
    const group = this.groups.get(key) ?? new Group()
    group.add(x)
    this.groups.set(key, group)
  }

  answer(): Answer {
    return { kind: 'table', rows: new Map([...this.groups].map(([key, group]) => [key, group.numbers()])) }
  }
}

function stationsOracle([path]: readonly string[]): Answer {
  const groups = new Groups()
  for (const line of readFileSync(path!, 'utf8').trimEnd().split('\n')) {
    const [station, temperature] = line.split(';')
    groups.add(station!, Number(temperature))
  }
  return groups.answer()
}

async function salesOracle([path]: readonly string[]): Promise<Answer> {
  const groups = new Groups()
  const parser = parse({ headers: true })
  parser.end(readFileSync(path!))
  for await (const row of parser) groups.add(row.region, Number(row.total))
  return groups.answer()
}

function aggregates(key: string, value: string): string {
  return `${key}, count(${value}) AS count, sum(${value}) AS sum, min(${value}) AS min, avg(${value}) AS mean, max(${value}) AS max`
}

const duckdbStations = duckdb(
  ({ inputs, output }) =>
    `COPY (SELECT ${aggregates('station', 'temp')} ` +
    `FROM read_csv(${quote(inputs[0]!)}, columns = {'station': 'VARCHAR', 'temp': 'DOUBLE'}, ` +
    `delim = ';', quote = '', escape = '', header = false, auto_detect = false) GROUP BY station) ` +
    `TO ${quote(output)} (FORMAT csv, HEADER)`,
  readTable,
)

const polarsStations = polars(
  ({ inputs, output }) => [inputs[0]!, output, ';', 'station', 'temp', 'station,temp'],
  readTable,
)

const stationsFlags = ['--delimiter', ';', '--columns', 'station,temp', '--by', 'station', '--of', 'temp']

function stations(groups: 413 | 10000, timesDuckdb: number): Row {
  return {
    name: `stats-${groups}`,
    title: `Group by, ${groups.toLocaleString('en')} groups`,
    inputs: [`stations-${groups}.csv`],
    contestants: [
      runjob({ job: 'stats', flags: stationsFlags, readAnswer: readTable }),
      duckdbStations,
      polarsStations,
    ],
    oracle: stationsOracle,
    targets: [
      { kind: 'faster', than: 'duckdb', ratio: timesDuckdb },
      { kind: 'faster', than: 'polars', ratio: 7 },
      { kind: 'rate', gbPerSecond: 1.2 },
    ],
  }
}

const typescript: Row = {
  name: 'stats-ts',
  title: 'Group by, map in TypeScript',
  inputs: ['stations-413.csv'],
  contestants: [runjob({ job: 'stats_map.ts', readAnswer: readTable }), plainNode('node_stats.js', readTable)],
  oracle: stationsOracle,
  targets: [{ kind: 'faster', than: 'node', ratio: 2 }],
}

const quoted: Row = {
  name: 'stats-quoted',
  title: 'Group by, 2 of 12 quoted columns',
  inputs: ['sales.csv'],
  contestants: [
    runjob({ job: 'stats', flags: ['--by', 'region', '--of', 'total'], readAnswer: readTable }),
    duckdb(
      ({ inputs, output }) =>
        `COPY (SELECT ${aggregates('region', 'total')} ` +
        `FROM read_csv(${quote(inputs[0]!)}, header = true, delim = ',', quote = '"', escape = '"') GROUP BY region) ` +
        `TO ${quote(output)} (FORMAT csv, HEADER)`,
      readTable,
    ),
    polars(({ inputs, output }) => [inputs[0]!, output, ',', 'region', 'total'], readTable),
  ],
  oracle: salesOracle,
  targets: [
    { kind: 'faster', than: 'duckdb', ratio: 1.8 },
    { kind: 'rate', gbPerSecond: 1.6 },
  ],
}

export const statsRows: readonly Row[] = [stations(413, 3.5), stations(10000, 3), typescript, quoted]
