/** Draws a benchmark's result: npm run bench:chart -- in.json out.svg */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { BenchmarkResult, ContestantResult } from './measure/result.js'

const COLOURS = {
  runjob: '#d9480f',
  duckdb: '#868e96',
  polars: '#adb5bd',
  pypolars: '#adb5bd',
  datafusion: '#adb5bd',
  chdb: '#adb5bd',
  spark: '#adb5bd',
  gnu: '#ced4da',
  node: '#dee2e6',
}

/** GB/s of each contestant, row by row, as SVG. Rows without a peer are omitted. */
export async function drawChart(result: BenchmarkResult): Promise<string> {
  const { machine, options } = result
  const charts = result.rows
    .map(({ title, contestants }) => ({ title, values: contestants.filter(isDrawn).map(toBar) }))
    .filter(({ values }) => values.some((bar) => bar.tool !== 'runjob'))
  const spec: TopLevelSpec = {
    background: 'white',
    padding: 16,
    title: {
      text: 'Input per second: whole process, from start to answer on disk',
      subtitle: `${machine.cpu}, ${options.workers} threads each; median of ${options.runs}`,
      anchor: 'start',
    },
    spacing: 12,
    // One scale, so that rows can be compared.
    resolve: { scale: { x: 'shared' } },
    vconcat: charts.map(({ title, values }, i) => ({
      data: { values },
      title: { text: title, fontSize: 12, anchor: 'start' },
      width: 480,
      height: { step: 17 },
      encoding: {
        x: {
          field: 'gbPerSecond',
          type: 'quantitative',
          axis: i === charts.length - 1 ? { title: 'GB/s', grid: false } : null,
        },
        y: { field: 'name', type: 'nominal', sort: null, axis: { title: null, minExtent: 130, maxExtent: 130 } },
      },
      layer: [
        {
          mark: 'bar',
          encoding: {
            color: {
              field: 'tool',
              type: 'nominal',
              scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
              legend: null,
            },
          },
        },
        { mark: { type: 'text', align: 'left', dx: 4 }, encoding: { text: { field: 'label', type: 'nominal' } } },
      ],
    })),
    config: { font: 'sans-serif', view: { stroke: null } },
  }
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
}

function isDrawn({ tool, status, gbPerSecond }: ContestantResult): boolean {
  return tool !== 'none' && status === 'right' && gbPerSecond !== null
}

function toBar({ name, tool, gbPerSecond }: ContestantResult) {
  return { name, tool, gbPerSecond, label: gbPerSecond!.toPrecision(2) }
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const [input, output] = process.argv.slice(2)
  if (!input || !output) {
    console.error('npm run bench:chart -- in.json out.svg')
    process.exit(1)
  }
  writeFileSync(output, await drawChart(JSON.parse(readFileSync(input, 'utf8'))))
}
