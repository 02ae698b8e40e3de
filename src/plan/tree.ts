/** A plan for people, as text: a tree of its stages, from each output down to the files. */
import { formatBytes, formatCount, formatDuration } from '../base/units.js'
import { type Estimate, estimateText, type PlanOutline } from './outline.js'
import { counted } from './print.js'

/** What a stage did when the plan ran. */
export interface StageRun {
  tasks: number
  recordsOut: number
  bytesOut: number
  spills: number
  spillBytes: number
  elapsedMs: number
  /** Of each input. */
  inputs?: { rowGroups: number; rowGroupsSkipped: number; operators: OperatorRun[] }[]
}

/** What an operator did, or after all operators the target, in all tasks of the stage together. */
interface OperatorRun {
  rowsIn: number
  rowsOut: number
  ms: number
}

/** A line and its children. */
interface Node {
  text: string
  children: Node[]
}

/** @param runs of its stages, if it ran */
export function printTree({ job, stages }: PlanOutline, runs?: readonly StageRun[]): string {
  const shown = new Set<number>()
  const stageNode = (index: number): Node => {
    const { name, inputs } = stages[index]!
    if (shown.has(index)) return { text: `stage ${name}, as above`, children: [] }
    shown.add(index)
    const run = runs?.[index]
    const children = inputs.map(({ source, operators, unmeasured }, i): Node => {
      const own = run?.inputs?.[i]
      const below: Node =
        'files' in source ? { text: source.files + groupsText(own), children: [] } : targetNode(source.stage)
      // Last first: the tree is read from its root.
      return operators.reduce<Node>((below, { text, rows, tables }, n) => {
        return {
          text: text + rowsSuffix(rows, own?.operators[n - unmeasured]),
          children: [below, ...tables.map(targetNode)],
        }
      }, below)
    })
    const done = run ? `: ${counted(run.tasks, 'task')}, ${formatDuration(run.elapsedMs)}` : ''
    return { text: `stage ${name}${done}`, children }
  }
  const targetNode = (index: number): Node => {
    const { text, bytes } = stages[index]!.target
    const run = runs?.[index]
    // The output of functions and aggregates is unknown.
    const size = run ? targetRunText(run) : bytes ? `, about ${formatBytes(bytes)}` : ''
    return { text: text + size, children: [stageNode(index)] }
  }
  const outputs = stages.flatMap(({ target }, index) => (target.kind === 'sink' ? [targetNode(index)] : []))
  return [job, ...linesOf(outputs, '')].join('\n')
}

type InputRun = NonNullable<StageRun['inputs']>[number]

export function groupsText(run: Pick<InputRun, 'rowGroups' | 'rowGroupsSkipped'> | undefined): string {
  if (!run || run.rowGroups === 0) return ''
  return ` (${run.rowGroups - run.rowGroupsSkipped} of ${counted(run.rowGroups, 'row group')} read)`
}

function rowsSuffix(estimate: Estimate | null, run: OperatorRun | undefined): string {
  if (run === undefined) {
    return estimate === null ? '' : ` (${estimateText(estimate)} ${estimate.rows === 1 ? 'row' : 'rows'})`
  }
  const expected = estimate === null ? [] : [`${estimateText(estimate)} expected`]
  return ` (${[rowsText(run.rowsIn, run.rowsOut), ...expected, formatDuration(run.ms)].join(', ')})`
}

function targetRunText(run: StageRun): string {
  const { rows, spilled, ms } = targetRun(run)
  const facts = [rows, formatBytes(run.bytesOut), spilled, ms === null ? '' : formatDuration(ms)]
  return ` (${facts.filter((fact) => fact !== '').join(', ')})`
}

/** What became of a stage's rows or records in its target. Of records, nobody measures the time. */
export function targetRun({ recordsOut, spills, spillBytes, inputs = [] }: StageRun): {
  rows: string
  spilled: string
  ms: number | null
} {
  const targets = inputs.flatMap(({ operators }) => operators.at(-1) ?? [])
  const rows = targets.reduce((sum, { rowsIn }) => sum + rowsIn, 0)
  return {
    rows: targets.length > 0 ? rowsText(rows, recordsOut) : counted(recordsOut, 'record'),
    spilled: spills > 0 ? `${counted(spills, 'spill')} of ${formatBytes(spillBytes)}` : '',
    ms: targets.length > 0 ? targets.reduce((sum, target) => sum + target.ms, 0) : null,
  }
}

export function rowsText(rowsIn: number, rowsOut: number): string {
  return rowsIn === rowsOut ? counted(rowsIn, 'row') : `${counted(rowsIn, 'row')} in, ${formatCount(rowsOut)} out`
}

function linesOf(nodes: readonly Node[], indent: string): string[] {
  return nodes.flatMap(({ text, children }, i) => {
    const isLast = i === nodes.length - 1
    return [`${indent}${isLast ? '└─' : '├─'} ${text}`, ...linesOf(children, `${indent}${isLast ? '   ' : '│  '}`)]
  })
}
