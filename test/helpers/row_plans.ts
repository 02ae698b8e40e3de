/** Hand-made plans of typed columns, and how to run them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, NO_CHECKPOINT } from '../../dist/src/engine/checkpoint.js'
import { type PlanResult, PlanRun, type RunPlanOptions } from '../../dist/src/engine/run_plan.js'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import { inspectFile } from '../../dist/src/io/input/inputs.js'
import { textRules } from '../../dist/src/io/input/text_form.js'
import type { Expression, NamedExpression, SortKey } from '../../dist/src/plan/expression.js'
import type { CsvFormat, Exchange, Format, Input, Operator, Plan, Sink, Stage } from '../../dist/src/plan/plan.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { textOf, writeFiles } from './folder.js'

export const CSV: CsvFormat = {
  kind: 'csv',
  delimiter: ',',
  quote: '"',
  escape: null,
  comment: null,
  skip: 0,
  header: true,
  columns: null,
  missing: [],
  decimal: '.',
  thousands: null,
  trim: false,
  raggedRows: 'error',
  encoding: null,
}
export const JSONL: Format = { kind: 'jsonl', array: null, encoding: null }
export const TEXT: Format = { kind: 'text', exact: false, encoding: null }

export const column = (name: string, type: Type, nullable = true): Column => ({ name, type, nullable })
export const columnsOf = (types: Record<string, Type>): Column[] =>
  Object.entries(types).map(([name, type]) => column(name, type))
export const reference = ({ name, type, nullable }: Column): Expression => ({ op: 'column', name, type, nullable })
export const named = (one: Column, name = one.name): NamedExpression => ({ name, value: reference(one) })
export const ascending = (name: string): SortKey => ({ column: name, descending: false, nullsFirst: true })
export const descending = (name: string): SortKey => ({ column: name, descending: true, nullsFirst: false })

export const files = (name: string, format: Format, columns: Column[], ...operators: Operator[]): Input => ({
  kind: 'files',
  files: name,
  format,
  operators: [{ op: 'scan', columns }, ...operators],
})
export const from = (exchange: string, ...operators: Operator[]): Input => ({ kind: 'exchange', exchange, operators })

export function exchange(id: string, rows: Exchange['rows'], more: Partial<Exchange> = {}): Exchange {
  return {
    kind: 'exchange',
    id,
    record: { key: 'bytes', value: 'bytes' },
    partitionBy: 'hash',
    partition: null,
    partitions: 3,
    descending: false,
    grouping: rows?.kind === 'sides' ? 'prefix' : 'whole',
    order: null,
    combine: null,
    rows: rows!,
    ...more,
  }
}

export function sink(columns: Column[], format: Sink['format'] = { kind: 'jsonl' }): Sink {
  const record: Sink['record'] = { key: 'bytes', value: { columns: [] } }
  return { kind: 'sink', name: '', format, compress: null, record, columns, singleFile: false, named: {} }
}

export const stage = (name: string, inputs: Input[], target: Stage['target']): Stage => ({ name, inputs, target })

export interface RowPlan {
  stages: Stage[]
  /** Content of each input's files. */
  inputs: Record<string, string[]>
}

/** Ways to run the same plan that must not change a byte of its output. */
export const CONFIGS: Record<string, Partial<RunPlanOptions>> = {
  'one worker': { workers: 1 },
  'two workers, small splits, merges of four, some runs in memory': {
    workers: 2,
    tuning: { splitBytes: 999, mergeRuns: 4, heldBytes: 3000 },
  },
  'eight workers, a spill for every batch': {
    workers: 8,
    tuning: { splitBytes: 3001, collectorBytes: 1, heldBytes: 0 },
  },
  'little memory': { workers: 2, memoryBytes: 48e6 },
}

function optionsOf({ stages, inputs }: RowPlan, folder: string, config: Partial<RunPlanOptions> = {}): RunPlanOptions {
  const plan: Plan = { version: 2, job: 'rows', module: null, params: {}, sideFiles: {}, stages }
  const found: InputFile[] = []
  const numbers = new Map<string, number[]>()
  for (const [name, contents] of Object.entries(inputs)) {
    const format = stages
      .flatMap((one) => one.inputs)
      .flatMap((input) => (input.kind === 'files' && input.files === name ? [input.format] : []))[0]!
    const own = contents.map((content, i) => {
      const path = join('in', `${name}-${i}`)
      writeFiles(folder, { [path]: content })
      found.push(inspectFile(join(folder, path), textRules(format)) as InputFile)
      return found.length - 1
    })
    numbers.set(name, own)
  }
  const [runsDir, partsDir] = [join(folder, 'runs'), join(folder, 'parts')]
  for (const dir of [runsDir, partsDir]) mkdirSync(dir, { recursive: true })
  return {
    plan,
    planHash: '',
    identity: null,
    files: found,
    inputs: numbers,
    workers: 2,
    memoryBytes: 256e6,
    partitions: null,
    top: 0,
    profile: false,
    runsDir,
    attemptsDir: join(folder, 'attempts'),
    partsDir,
    keepRuns: false,
    retries: 0,
    taskTimeoutMs: null,
    speculate: false,
    tuning: {},
    badRecords: null,
    ...config,
  }
}

export interface Answer {
  result: PlanResult
  text: string
}

export async function runRows(
  plan: RowPlan,
  folder: string,
  config: Partial<RunPlanOptions> = {},
  checkpoint: Checkpoint = NO_CHECKPOINT,
): Promise<Answer> {
  const options = optionsOf(plan, folder, config)
  const planRun = new PlanRun(options)
  try {
    const result = await planRun.run(checkpoint)
    return { result, text: textOf(options.partsDir) }
  } finally {
    await planRun.end()
  }
}
