/** Functions of TypeScript over the rows of a table. */
import type { Dataset } from '../data/datasets.js'
import { readTable } from '../measure/answer.js'
import { type Contestant, peerScript, type Row, runjobDataset } from './row.js'

type Question = 'filter' | 'map'

/** How many times as long as the function alone it may take. */
const TIMES_BARE = 1.5
const TIMES_PEERS = 5

function ours(question: Question | 'filter-rows', name = 'runjob'): Contestant {
  const flags = ['--question', question, '--format', 'csv', '--single-file']
  return {
    ...runjobDataset({
      module: 'sales_functions.ts',
      flags: ({ inputs }) => ['--file', inputs[0]!, ...flags],
      readAnswer: readTable,
    }),
    name,
  }
}

/** In these, functions run in one thread; what reads has all. */
function peers(question: Question): Contestant[] {
  return [
    {
      name: 'duckdb, node',
      tool: 'duckdb',
      command: ({ inputs, output, workers, memoryBytes, temp }) => [
        ...peerScript('duckdb_functions.js'),
        ...[question, inputs[0]!, output, String(workers), String(memoryBytes), temp],
      ],
      readAnswer: readTable,
    },
    {
      name: 'polars, node',
      tool: 'polars',
      command: ({ inputs, output }) => [...peerScript('polars_functions.js'), question, inputs[0]!, output],
      env: ({ workers }) => ({ POLARS_MAX_THREADS: String(workers) }),
      readAnswer: readTable,
    },
  ]
}

/** The function over typed arrays, in as many threads. */
function bare(question: Question, reads: readonly Dataset[]): Contestant {
  return {
    name: 'bare function',
    tool: 'none',
    reads,
    command: ({ inputs, output, workers }) => [
      ...peerScript('bare_functions.js'),
      ...[question, String(workers), output, ...inputs],
    ],
    readAnswer: readTable,
  }
}

const TARGETS = [
  { kind: 'faster', than: 'duckdb, node', ratio: TIMES_PEERS },
  { kind: 'faster', than: 'polars, node', ratio: TIMES_PEERS },
  { kind: 'atMost', than: 'bare function', times: TIMES_BARE },
] as const

export const functionRows: readonly Row[] = [
  {
    name: 'functions-filter',
    title: 'A condition in TypeScript on 2 of 12 columns',
    inputs: ['sales.parquet'],
    contestants: [
      ours('filter'),
      ours('filter-rows', 'runjob, rows as objects'),
      ...peers('filter'),
      bare('filter', ['sales-price.f64', 'sales-quantity.i32']),
    ],
    oracle: null,
    targets: [...TARGETS, { ...TARGETS[2], of: 'runjob, rows as objects' }],
  },
  {
    name: 'functions-map',
    title: 'A map in TypeScript of rows, 3 of 12 columns',
    inputs: ['sales.parquet'],
    contestants: [
      ours('map'),
      ...peers('map'),
      bare('map', ['sales-price.f64', 'sales-quantity.i32', 'sales-city.u8']),
    ],
    oracle: null,
    targets: TARGETS,
  },
]
