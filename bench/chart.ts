/** Draws a benchmark's result, a picture for each family of rows: npm run bench:chart -- in.json folder */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
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
import { formatSeconds } from './measure/report.js'
import type { BenchmarkResult, ContestantResult, RowResult } from './measure/result.js'
import type { Tool } from './rows/row.js'
import { families } from './rows/rows.js'

const COLOURS: Record<Tool, string> = {
  runjob: '#d9480f',
  duckdb: '#e0a800',
  polars: '#1c7ed6',
  pypolars: '#74b3e8',
  datafusion: '#7048e8',
  chdb: '#0c8599',
  spark: '#c2255c',
  gnu: '#5c677d',
  node: '#2b8a3e',
  none: '#adb5bd',
}
const INK = '#212529'
const LOSS = '#c92a2a'
const TICKS = [0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000]
const WIDTH = 460
/** Of text beside bars. */
const CHARACTER_WIDTH = 7

interface Bar {
  /** Its line in the chart. */
  place: string
  /** Of the row; null: not its first bar. */
  title: string | null
  tool: string
  ratio: number
  text: string
  /** The other tool is faster. */
  isLoss: boolean
}

/** Writes <family>.svg for each family that the result has, and removes those of others, which would be of another run. */
export async function writeCharts(result: BenchmarkResult, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const { name } of families) rmSync(join(folder, `${name}.svg`), { force: true })
  for (const family of familiesOf(result).filter(isCompared)) {
    writeFileSync(join(folder, `${family.name}.svg`), await drawFamily(family, result))
  }
}

/** How many times as long others take, as SVG. */
async function drawFamily(family: FamilyResult, result: BenchmarkResult): Promise<string> {
  const groups = family.rows.map((row, i) => barsOf(row, i, result)).filter((bars) => bars.length > 0)
  const bars = groups.flat()
  const { machine, options } = result
  const tools = (Object.keys(COLOURS) as Tool[]).filter((tool) => {
    return bars.some((bar) => bar.tool === toolName(result, tool))
  })
  const domain = domainOf(bars)
  const x = { field: 'ratio', type: 'quantitative', scale: { type: 'log', domain, nice: false } } as const
  // A line between two groups stays empty.
  const places = groups.flatMap((group, i) => [...(i === 0 ? [] : [`gap ${i}`]), ...group.map(({ place }) => place)])
  const titles = Object.fromEntries(
    bars.filter(({ title }) => title !== null).map(({ place, title }) => [place, title]),
  )
  const y = {
    field: 'place',
    type: 'nominal',
    scale: { domain: places, paddingInner: 0.15 },
    axis: {
      title: null,
      values: Object.keys(titles),
      labelExpr: `${JSON.stringify(titles)}[datum.value]`,
      ...{ labelLimit: 1000, domain: false, ticks: false, labelPadding: 8 },
    },
  } as const
  const text = (isLeft: boolean) => ({
    transform: [{ filter: `datum.ratio < 1 === ${isLeft}` }],
    mark: {
      ...({ type: 'text', baseline: 'middle', fontSize: 11 } as const),
      ...({ align: isLeft ? 'right' : 'left', dx: isLeft ? -4 : 4 } as const),
    },
    encoding: {
      ...{ x, y, text: { field: 'text', type: 'nominal' } as const },
      color: { condition: { test: 'datum.isLoss', value: LOSS }, value: INK },
    },
  })
  const spec: TopLevelSpec = {
    // Not transparent: legible on any page, light or dark.
    background: 'white',
    padding: 16,
    title: {
      text: `${family.title}: how many times as long others take`,
      subtitle: [
        `${toolName(result, 'runjob')} is the line at 1. Bars to the right: the other takes longer. To the left: runjob does.`,
        `Whole processes; ${machine.cpu}, ${options.workers} threads each; scale ${options.scale}, median of ${options.runs}.`,
      ],
      anchor: 'start',
      frame: 'bounds',
      offset: 12,
    },
    width: WIDTH,
    height: { step: 16 },
    data: { values: bars },
    layer: [
      {
        mark: 'bar',
        encoding: {
          x: {
            ...x,
            axis: { title: 'times as long as runjob, logarithmic', values: TICKS, format: '~r', gridColor: '#e9ecef' },
          },
          x2: { datum: 1 },
          y,
          color: {
            field: 'tool',
            type: 'nominal',
            scale: { domain: tools.map((tool) => toolName(result, tool)), range: tools.map((tool) => COLOURS[tool]) },
            legend: { title: null, orient: 'bottom', columns: 3, labelLimit: 300 },
          },
        },
      },
      text(false),
      text(true),
      { data: { values: [{}] }, mark: { type: 'rule', color: INK, size: 1.5 }, encoding: { x: { datum: 1 } } },
    ],
    config: {
      font: 'sans-serif',
      view: { stroke: null },
      axis: { labelColor: INK, titleColor: INK, domainColor: INK },
      title: { color: INK, subtitleColor: '#495057', subtitlePadding: 4 },
      legend: { labelColor: INK },
    },
  }
  const svg = await new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
  return withAltText(svg, headlineOf(family), altText(groups))
}

/** The others of a row. One without a right answer has a bar of no length, and what went wrong. */
function barsOf(row: RowResult, place: number, result: BenchmarkResult): Bar[] {
  const [own, ...others] = row.contestants as [ContestantResult, ...ContestantResult[]]
  const time = isMeasured(own) ? timeOf(own) : `runjob: ${answerOf(own)}`
  return others
    .filter(({ status }) => status !== 'skipped')
    .map((other, i): Bar => {
      const ratio = timesAsLong(other, own)
      const named = other.name === other.tool ? '' : ` ${other.name}`
      return {
        place: `${place}.${i}`,
        title: i === 0 ? `${row.title}, ${time}` : null,
        tool: toolName(result, other.tool),
        ratio: ratio ?? 1,
        text: `${ratio === null ? timeOf(other) : `${formatRatio(ratio)} ×`}${named}`,
        isLoss: ratio !== null && ratio < 1 && isPeer(other),
      }
    })
}

/** From the least to the largest ratio, with room for the labels beside the bars. */
function domainOf(bars: readonly Bar[]): [number, number] {
  const logs = bars.map(({ ratio }) => Math.log(ratio))
  const [low, high] = [Math.min(0, ...logs), Math.max(Math.log(2), ...logs)]
  const roomOf = (side: readonly Bar[]) =>
    (8 + CHARACTER_WIDTH * Math.max(2, ...side.map(({ text }) => text.length))) / WIDTH
  const left = roomOf(bars.filter(({ ratio }) => ratio < 1))
  const right = roomOf(bars.filter(({ ratio }) => ratio >= 1))
  const whole = (high - low) / (1 - left - right)
  return [Math.exp(low - left * whole), Math.exp(high + right * whole)]
}

function timeOf(contestant: ContestantResult): string {
  return isMeasured(contestant) ? formatSeconds(contestant.time!.median) : answerOf(contestant)
}

function altText(groups: readonly Bar[][]): string {
  return groups
    .map((bars) => `${bars[0]!.title}: ${bars.map(({ tool, text }) => `${tool} ${text}`).join(', ')}.`)
    .join(' ')
}

function withAltText(svg: string, title: string, description: string): string {
  const head = /^<svg [^>]*>/.exec(svg)![0]
  const named = head.replace('<svg ', '<svg role="img" aria-labelledby="title description" ')
  const text = `<title id="title">${escaped(title)}</title><desc id="description">${escaped(description)}</desc>`
  return `${named}${text}${svg.slice(head.length)}\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const [input, folder] = process.argv.slice(2)
  if (!input || !folder) {
    console.error('npm run bench:chart -- in.json folder')
    process.exit(1)
  }
  await writeCharts(JSON.parse(readFileSync(input, 'utf8')), folder)
}
