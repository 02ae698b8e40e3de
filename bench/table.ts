/** A benchmark's result as Markdown. Writes all rows, and prints a line for each family: npm run bench:table -- bench/result.json bench/RESULTS.md */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  answerOf,
  type FamilyResult,
  familiesOf,
  formatRatio,
  headlineOf,
  isCompared,
  isMeasured,
  isPeer,
  timesAsLong,
  toolName,
} from './measure/comparison.js'
import { formatBytes, formatSeconds } from './measure/report.js'
import type { BenchmarkResult, ContestantResult, RowResult } from './measure/result.js'
import type { Tool } from './rows/row.js'

const HEAD = `# Results

Whole processes, from start to answer on disk, with the input in the page cache. A ratio says how many times as long as runjob the other tool
takes; in bold, where it is faster. [README.md](README.md) says how it is measured.

`

/**
 * A table for each family, and the chart of it: a line for each way to do a row with runjob, a column for each other tool that was there.
 * Where the other is faster, the ratio is bold.
 *
 * @param charts folder of the charts
 */
export function tablesOf(result: BenchmarkResult, charts: string): string {
  const shown = familiesOf(result)
  const tables = shown.map((family) => {
    const chart = isCompared(family) ? [`![${headlineOf(family)}](${charts}/${family.name}.svg)`, ''] : []
    return [`**${family.title}**`, '', ...tableOf(family, result), '', ...chart].join('\n')
  })
  return [...tables, conditionsOf(result), lossesOf(shown)].join('\n')
}

function tableOf({ rows }: FamilyResult, result: BenchmarkResult): string[] {
  const all = rows.flatMap(({ contestants }) => contestants).filter(({ status }) => status !== 'skipped')
  const others = [...new Set(all.map(({ tool }) => tool))].filter((tool) => tool !== 'runjob')
  const header = ['work', 'input', 'runjob', ...others.map((tool) => toolName(result, tool))]
  const lines = rows.flatMap((row) => row.contestants.flatMap((own, i) => lineOf(row, own, i === 0, others)))
  return [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...lines].map((cells) => `| ${cells.join(' | ')} |`)
}

function lineOf(row: RowResult, own: ContestantResult, isFirst: boolean, others: readonly Tool[]): string[][] {
  if (own.tool !== 'runjob') return []
  // Beside one of other inputs, no other tool did the same.
  const peers = row.contestants.filter(({ inputBytes }) => inputBytes === own.inputBytes)
  const name = isFirst ? row.title : `– ${own.name.replace(/^runjob, /, '')}`
  const time = isMeasured(own) ? formatSeconds(own.time!.median) : answerOf(own)
  const cells = others.map((tool) => {
    const some = peers.filter((peer) => peer.tool === tool && peer.status !== 'skipped')
    return some.map((peer) => cellOf(peer, own)).join('; ')
  })
  return [[name, formatBytes(own.inputBytes), time, ...cells]]
}

function cellOf(peer: ContestantResult, own: ContestantResult): string {
  const name = peer.tool === 'none' || peer.tool === 'gnu' ? `${peer.name.replaceAll('|', '\\|')} ` : ''
  if (!isMeasured(peer)) return `${name}${answerOf(peer)}`
  const ratio = timesAsLong(peer, own)
  const times = ratio === null ? '' : `${formatRatio(ratio)} ×`
  const shown = ratio !== null && ratio < 1 ? `**${times}**` : times
  return [`${name}${formatSeconds(peer.time!.median)}`, ...(shown === '' ? [] : [shown])].join(', ')
}

interface Comparison {
  title: string
  other: ContestantResult
  ratio: number
}

/** With runjob's first way to do each row. */
function comparisonsOf(rows: readonly RowResult[]): Comparison[] {
  return rows.flatMap(({ title, contestants }) => {
    const [own, ...others] = contestants as [ContestantResult, ...ContestantResult[]]
    return others.filter(isPeer).flatMap((other) => {
      const ratio = timesAsLong(other, own)
      return ratio === null ? [] : [{ title, other, ratio }]
    })
  })
}

/** A line for each family: for each other tool the geometric mean of its ratios, the lowest and the highest. */
export function summaryOf(result: BenchmarkResult): string {
  const shown = familiesOf(result)
  const all = shown.flatMap(({ rows }) => comparisonsOf(rows))
  const tools = [...new Set(all.map(({ other }) => other.tool))]
  const lines = shown.flatMap(({ title, rows }) => {
    const comparisons = comparisonsOf(rows)
    if (comparisons.length === 0) return []
    const cells = tools.map((tool) => rangeOf(comparisons.filter(({ other }) => other.tool === tool)))
    return [[title, rows.length.toString(), ...cells]]
  })
  const header = ['work', 'rows', ...tools.map((tool) => toolName(result, tool))]
  const table = [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
  return [...table.map((cells) => `| ${cells.join(' | ')} |`), '', conditionsOf(result)].join('\n')
}

function rangeOf(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return ''
  const ratios = comparisons.map(({ ratio }) => ratio)
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  const shown = `${formatRatio(mean)} ×`
  const range =
    ratios.length === 1 ? '' : ` (${formatRatio(Math.min(...ratios))} to ${formatRatio(Math.max(...ratios))})`
  return `${mean < 1 ? `**${shown}**` : shown}${range}`
}

function lossesOf(shown: readonly FamilyResult[]): string {
  const all = shown.flatMap(({ rows }) => comparisonsOf(rows))
  const lost = all.filter(({ ratio }) => ratio < 1)
  const losses = lost.map(({ title, other, ratio }) => `${title} (${other.name}, ${formatRatio(ratio)} ×)`)
  const count = `In ${all.length - lost.length} of ${all.length} comparisons runjob is faster.`
  return lost.length === 0 ? count : `${count} It is slower in: ${losses.join('; ')}.`
}

function conditionsOf({ machine, options, rows }: BenchmarkResult): string {
  return [
    `${rows.length} rows at scale ${options.scale}, medians of ${options.runs} alternating runs; ${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)},`,
    `Node.js ${machine.node}; ${options.workers} threads each, ${formatBytes(options.memoryBytes)} of memory where the row does not say.`,
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const [input, output] = process.argv.slice(2)
  if (!input || !output) {
    console.error('npm run bench:table -- in.json out.md')
    process.exit(1)
  }
  const result: BenchmarkResult = JSON.parse(readFileSync(input, 'utf8'))
  writeFileSync(output, `${HEAD}${tablesOf(result, 'charts')}\n`)
  console.log(summaryOf(result))
}
