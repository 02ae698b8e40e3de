/** A plan in words and numbers: what people get as a tree of text, or as a picture. */
import { formatBytes, formatCount } from '../base/units.js'
import type { FileInput, Input, Plan } from './plan.js'
import { counted, exchangeText, operatorText, sinkText, type TextOf } from './print.js'
import { exchangeOf, pipelineStart, stageFilling, tableJoinsIn } from './stages.js'

/** What is known about a plan's data before it runs. */
export interface PlanSizes {
  /** Files of each of the job's inputs, and their bytes. */
  inputs: ReadonlyMap<string, { files: number; bytes: number }>
  /** Partitions of each stage's exchange. */
  partitions: readonly number[]
  /** Estimated output of each stage; 0: not known. */
  bytes: readonly number[]
  /** By output: the folders of values that it has, if those that get rows will be replaced. */
  folders: ReadonlyMap<string, readonly string[]>
  /** Of each stage, if they were asked for. */
  rows: readonly StageEstimates[]
}

/** How many rows each operator of each input is expected to give; null: no one knows. */
export type StageEstimates = readonly (readonly (Estimate | null)[])[]

/** `most`: there may be far less. */
export interface Estimate {
  /** A whole number. */
  rows: number
  kind: 'exact' | 'guess' | 'most'
}

export interface PlanOutline {
  job: string
  /** In the order in which they run. */
  stages: StageOutline[]
}

export interface StageOutline {
  name: string
  inputs: InputOutline[]
  target: {
    kind: 'exchange' | 'sink'
    text: string
    /** Estimated; 0: not known. */
    bytes: number
  }
}

export interface InputOutline {
  /** The files, or the index of the stage that fills the exchange. */
  source: { files: string } | { stage: number }
  /** In the order in which rows go through them. */
  operators: OperatorOutline[]
  /** So many of them are not measured by themselves: those before the last pipeline. */
  unmeasured: number
}

interface OperatorOutline {
  text: string
  /** That it gives. */
  rows: Estimate | null
  /** Indexes of the stages whose rows are its table. */
  tables: number[]
}

export function outlineOf(plan: Plan, sizes: PlanSizes, textOf: TextOf): PlanOutline {
  const sourceOf = (input: Input) =>
    input.kind === 'files'
      ? { files: filesText(input, sizes.inputs.get(input.files)) }
      : { stage: stageFilling(plan, input.exchange) }
  const stages = plan.stages.map(({ name, inputs, target }, index): StageOutline => {
    const text =
      target.kind === 'sink'
        ? sinkText(target, sizes.folders.get(target.name))
        : exchangeText(exchangeOf(plan, target.id), sizes.partitions[index]!, textOf)
    return {
      name,
      inputs: inputs.map((input, i) => ({
        source: sourceOf(input),
        unmeasured: pipelineStart(input.operators),
        operators: input.operators.map((operator, n) => ({
          text: operatorText(operator, textOf),
          rows: sizes.rows[index]?.[i]?.[n] ?? null,
          tables: tableJoinsIn([operator]).map(({ build }) => stageFilling(plan, build)),
        })),
      })),
      target: { kind: target.kind, text, bytes: sizes.bytes[index] ?? 0 },
    }
  })
  return { job: plan.job, stages }
}

function filesText({ files: name, format }: FileInput, { files = 0, bytes = 0 } = {}): string {
  return `${name}: ${format.kind}, ${counted(files, 'file')}, ${formatBytes(bytes)}`
}

const KINDS = { exact: '', guess: 'about ', most: 'at most ' } as const

/** `about 1,200,000`. */
export function estimateText({ rows, kind }: Estimate): string {
  // More digits would look like knowledge.
  return KINDS[kind] + formatCount(kind === 'guess' ? Number(rows.toPrecision(2)) : rows)
}
