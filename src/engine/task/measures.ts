/** What each operator of a task that handles rows did, for `--profile` and analysed plans. */
import type { LinkMeasure } from '../../kernels/kernels.js'
import type { Stage } from '../../plan/plan.js'
import { pipelineStart } from '../../plan/stages.js'
import type { OperatorMeasure, StageResult } from '../task.js'

/** As the pipeline of a task saw it. */
export interface PipelineMeasures {
  /** Of the operators after the source, and of the end. */
  links: LinkMeasure[]
  /** Spent in the end on making room: it belongs to other kinds of work as well. */
  roomMs: number
}

/**
 * @returns of the operators of the input's last pipeline, in their order, and of the target; together they took as long as the task. Who fills
 *   the pipeline counts with the first of them.
 */
export function operatorMeasures(
  { inputs, target }: Stage,
  recordsIn: number,
  measures: PipelineMeasures,
  { input, recordsOut, times }: Pick<StageResult, 'input' | 'recordsOut' | 'times'>,
): OperatorMeasure[] {
  const all = inputs[input]!.operators
  const start = pipelineStart(all)
  const operators = all.slice(start)
  const { roomMs } = measures
  // What comes before the second operator, such as the columns of folders, belongs to the scan.
  const links = measures.links.slice(-operators.length)
  const rows = [...links.map(({ rowsIn }) => rowsIn), recordsOut]
  const inLinks = links.reduce((sum, { ms }) => sum + ms, 0) - roomMs
  const source = Math.max(0, times.read + times.map + times.merge - inLinks)
  const end = links.at(-1)!.ms - roomMs + times.collect + times.spill + times.write + times.other
  return [
    { op: operators[0]!.op, rowsIn: start === 0 ? recordsIn : rows[0]!, rowsOut: rows[0]!, ms: source },
    ...links.map(({ rowsIn, ms }, i) =>
      i < links.length - 1
        ? { op: operators[i + 1]!.op, rowsIn, rowsOut: rows[i + 1]!, ms }
        : { op: target.kind, rowsIn, rowsOut: recordsOut, ms: end },
    ),
  ]
}
