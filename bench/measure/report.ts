/** A row's result as text. */
import type { Target } from '../rows/row.js'
import type { ContestantResult, RowResult, TargetResult } from './result.js'
import type { Spread } from './statistics.js'

const HEADERS = ['', 'median', 'min..max', 'GB/s', 'peak RSS', 'temp', '× first', 'min..max', 'answer']

export function formatRow(row: RowResult): string {
  const table = [HEADERS, ...row.contestants.map(cells)]
  const widths = HEADERS.map((_, column) => Math.max(...table.map((cell) => cell[column]!.length)))
  const lines = table.map((cell) =>
    cell
      .map((text, column) =>
        column === 0 || column === HEADERS.length - 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
  const head = `${row.name}: ${row.title}, ${formatBytes(row.inputBytes)}, ${formatBytes(row.memoryBytes)} of memory`
  return [head, ...lines.map((line) => `  ${line}`), ...row.targets.map((target) => `  ${formatTarget(target)}`)].join(
    '\n',
  )
}

function cells(contestant: ContestantResult): string[] {
  const { name, time, gbPerSecond, peakRssBytes, peakTempBytes, ratio, status, reason } = contestant
  const answer = { right: 'right', wrong: 'WRONG', failed: 'FAILED', skipped: 'skipped', none: '-' }[status]
  return [
    name,
    time ? formatSeconds(time.median) : '',
    time ? formatSpread(time, formatSeconds) : '',
    gbPerSecond === null ? '' : gbPerSecond.toPrecision(3),
    peakRssBytes === null ? '' : formatBytes(peakRssBytes),
    peakTempBytes ? formatBytes(peakTempBytes) : '',
    ratio ? ratio.median.toFixed(2) : '',
    ratio ? formatSpread(ratio, (x) => x.toFixed(2)) : '',
    reason === null ? answer : `${answer}: ${reason}`,
  ]
}

function formatTarget({ target, value, met }: TargetResult): string {
  const verdict = met === null ? 'not measured' : met ? 'met' : 'NOT MET'
  const of = target.of === undefined ? '' : `${target.of}: `
  return `target  ${of}${describeTarget(target)}: ${value === null ? '' : `${formatValue(target, value)}, `}${verdict}`
}

function describeTarget(target: Target): string {
  switch (target.kind) {
    case 'faster':
      return `≥ ${target.ratio} × ${target.than}`
    case 'atMost':
      return `≤ ${target.times} × the time of ${target.than}`
    case 'rateOf':
      return `≥ ${target.ratio.toPrecision(2)} × the rate of ${target.than}`
    case 'rate':
      return `≥ ${target.gbPerSecond} GB/s`
    case 'time':
      return `≤ ${target.ms} ms`
    case 'temp':
      return `temporary files ≤ ${target.times} × input`
    case 'memory':
      return `peak RSS ≤ cap + ${formatBytes(target.extraBytes)}`
  }
}

function formatValue(target: Target, value: number): string {
  switch (target.kind) {
    case 'rate':
      return `${value.toPrecision(3)} GB/s`
    case 'time':
      return `${value.toFixed(0)} ms`
    case 'memory':
      return value > 0 ? `cap + ${formatBytes(value)}` : `cap - ${formatBytes(-value)}`
    default:
      return value.toFixed(2)
  }
}

function formatSpread(values: Spread, format: (x: number) => string): string {
  return `${format(values.min)}..${format(values.max)}`
}

export function formatSeconds(seconds: number): string {
  return `${seconds.toPrecision(seconds < 1 ? 2 : 3)} s`
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`
}
