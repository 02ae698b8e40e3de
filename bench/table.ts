/** A benchmark's result as tables of Markdown, for the README: npm run bench:table -- bench/result.json bench/charts */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  answerOf,
  type FamilyResult,
  familiesOf,
  formatRatio,
  isCompared,
  isMeasured,
  isPeer,
  timesAsLong,
  toolName,
} from './measure/comparison.js'
import { formatBytes, formatSeconds } from './measure/report.js'
import type { BenchmarkResult, ContestantResult, RowResult } from './measure/result.js'
import type { Tool } from './rows/row.js'

/**
 * A table for each family, and the chart of it: a line for each way to do a row with runjob, a column for each other tool that was there.
 * Where the other is faster, the ratio is bold.
 *
 * @param charts folder of the charts
 */
export function tablesOf(result: BenchmarkResult, charts: string): string {
  const shown = familiesOf(result)
  const tables = shown.map((family) => {
    const alt = `${family.title}: how many times as long others take as runjob`
    const chart = isCompared(family) ? [`![${alt}](${charts}/${family.name}.svg)`, ''] : []
    return [`**${family.title}**`, '', ...tableOf(family, result), '', ...chart].join('\n')
  })
  return [...tables, summaryOf(result, shown)].join('\n')
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

function summaryOf({ machine, options, rows }: BenchmarkResult, shown: readonly FamilyResult[]): string {
  const pairs = shown.flatMap((family) =>
    family.rows.flatMap(({ title, contestants }) => {
      const [own, ...others] = contestants as [ContestantResult, ...ContestantResult[]]
      return others
        .filter(isPeer)
        .map((other) => ({ title, other, ratio: timesAsLong(other, own) }))
        .filter(({ ratio }) => ratio !== null)
    }),
  )
  const lost = pairs.filter(({ ratio }) => ratio! < 1)
  const losses = lost.map(({ title, other, ratio }) => `${title} (${other.name}, ${formatRatio(ratio!)} ×)`)
  return [
    `${rows.length} rows at scale ${options.scale}, medians of ${options.runs} alternating runs; ${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)},`,
    `Node.js ${machine.node}; ${options.workers} threads each, ${formatBytes(options.memoryBytes)} of memory where the row does not say.`,
    `In ${pairs.length - lost.length} of ${pairs.length} comparisons runjob is faster.${lost.length === 0 ? '' : ` It is slower in: ${losses.join('; ')}.`}`,
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const [input, charts] = process.argv.slice(2)
  if (!input || !charts) {
    console.error('npm run bench:table -- in.json charts')
    process.exit(1)
  }
  console.log(tablesOf(JSON.parse(readFileSync(input, 'utf8')), charts))
}
