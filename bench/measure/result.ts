/** The result of a benchmark: plain data, written as JSON, read by the chart. */
import type { Target, Tool } from '../rows/row.js'
import { type Spread, spread } from './statistics.js'

export interface BenchmarkResult {
  version: 1
  date: string
  machine: { cpu: string; cores: number; memoryBytes: number; platform: string; node: string }
  /** null: the tool is not there, and why. */
  tools: Record<string, { version: string } | { missing: string }>
  options: { scale: number; runs: number; workers: number; memoryBytes: number }
  rows: RowResult[]
}

export interface RowResult {
  name: string
  title: string
  inputBytes: number
  memoryBytes: number
  contestants: ContestantResult[]
  targets: TargetResult[]
}

export interface ContestantResult {
  name: string
  tool: Tool
  inputBytes: number
  /** `none`: it gives no answer to check. */
  status: 'right' | 'wrong' | 'failed' | 'skipped' | 'none'
  /** Why, if it is wrong, failed or skipped. */
  reason: string | null
  /** Wall time of each trial. */
  seconds: number[]
  time: Spread | null
  gbPerSecond: number | null
  peakRssBytes: number | null
  peakTempBytes: number | null
  /** Its time / that of the first contestant, trial by trial. */
  ratio: Spread | null
}

export interface TargetResult {
  target: Target
  /** The measured value; null if something that it needs is missing. */
  value: number | null
  met: boolean | null
}

/** Measures each target on the contestants of a row. */
export function checkTargets(
  targets: readonly Target[],
  contestants: readonly ContestantResult[],
  memoryBytes: number,
): TargetResult[] {
  const find = (name: string) => contestants.find((contestant) => contestant.name === name && contestant.time)
  return targets.map((target) => {
    const of = find(target.of ?? contestants[0]!.name)
    const than = 'than' in target ? find(target.than) : undefined
    const value = of ? measure(target, of, than, memoryBytes) : null
    return { target, value, met: value === null ? null : isMet(target, value) }
  })
}

function measure(
  target: Target,
  of: ContestantResult,
  than: ContestantResult | undefined,
  memoryBytes: number,
): number | null {
  switch (target.kind) {
    case 'faster':
      return than ? ratioSpread(than.seconds, of.seconds).median : null
    case 'atMost':
      return than ? ratioSpread(of.seconds, than.seconds).median : null
    case 'rateOf':
      return than ? of.gbPerSecond! / than.gbPerSecond! : null
    case 'rate':
      return of.gbPerSecond
    case 'time':
      return of.time!.median * 1000
    case 'temp':
      return of.peakTempBytes === null ? null : of.peakTempBytes / of.inputBytes
    case 'memory':
      return of.peakRssBytes === null ? null : of.peakRssBytes - memoryBytes
  }
}

function isMet(target: Target, value: number): boolean {
  switch (target.kind) {
    case 'faster':
    case 'rateOf':
      return value >= target.ratio
    case 'atMost':
    case 'temp':
      return value <= target.times
    case 'rate':
      return value >= target.gbPerSecond
    case 'time':
      return value <= target.ms
    case 'memory':
      return value <= target.extraBytes
  }
}

/** Trial by trial, because anything that slowed the machine slowed both. */
export function ratioSpread(seconds: readonly number[], base: readonly number[]): Spread {
  const pairs = Math.min(seconds.length, base.length)
  return spread(Array.from({ length: pairs }, (_, i) => seconds[i]! / base[i]!))
}
