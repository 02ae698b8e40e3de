/** Where the records went, in words, of a run that read some and wrote none, or of an input that gave none. */
import { formatCount } from '../base/units.js'
import { type InputFile, nameOf } from '../io/input/input_file.js'
import type { ExchangeInput, FileInput, Operator, OperatorOf, Plan } from '../plan/plan.js'
import { stageFilling } from '../plan/stages.js'
import type { FinishedStage } from './checkpoint.js'
import type { StageResult } from './task.js'

export interface RecordFlow {
  /** From files. */
  read: number
  /** Written to the output, named outputs included. */
  written: number
  /** What happened to records that are not in the output, where that may not be intended. */
  notes: string[]
}

export function recordFlow(plan: Plan, stages: readonly FinishedStage[], files: readonly InputFile[]): RecordFlow {
  const flow = lostRecords(plan, stages, files.length)
  const results = stages.flatMap((stage) => stage.results)
  const notes = [undecodedNote(results, files), leftOutNote(results)].filter((note) => note !== null)
  return { ...flow, notes: [...flow.notes, ...notes] }
}

function leftOutNote(results: readonly StageResult[]): string | null {
  const rows = sum(results, (task) => task.recordsLeftOut)
  return rows === 0 ? null : `${counted(rows, 'row')} left out: without a time, they are in no window()`
}

/** Of files that turned out not to be UTF-8; those whose first bytes told have a note of their own. */
function undecodedNote(results: readonly StageResult[], files: readonly InputFile[]): string | null {
  const found = results
    .flatMap((task) => (task.kind === 'map' ? task.undecoded : []))
    .filter(({ file }) => !files[file]!.form?.isForeign)
  const [first] = found.sort((a, b) => a.file - b.file || a.offset - b.offset)
  if (!first) return null
  const more = new Set(found.map(({ file }) => file)).size - 1
  const others = more > 0 ? ` (and ${formatCount(more)} more)` : ''
  return `${nameOf(files[first.file]!)}${others} has bytes that are not UTF-8 in the line at offset ${formatCount(first.offset)}: they were read as U+FFFD; if it is in another encoding, say --encoding latin1, for example`
}

function lostRecords(plan: Plan, stages: readonly FinishedStage[], files: number): RecordFlow {
  const inputs = plan.stages.flatMap((stage, i) =>
    stage.inputs.flatMap((input, n) => (input.kind === 'files' ? [{ input, results: resultsOf(stages[i]!, n) }] : [])),
  )
  const read = sum(inputs, ({ results }) => sum(results, (task) => task.recordsIn))
  const written = sum(stages, ({ results }) => sum(results, ({ parts }) => sum(parts, (part) => part.records)))
  if (read === 0) {
    return { read, written, notes: [`nothing was read: ${whyNothing(plan, stages, files)}`] }
  }
  // An aggregate makes a row of none.
  const isAnswered = ({ operators: [first] }: FileInput) => first!.op === 'scan' && written > 0
  const lost = inputs.flatMap(({ input, results }) =>
    isAnswered(input) ? [] : (lostInMap(input, results, inputs.length > 1) ?? []),
  )
  if (written > 0 || lost.length === inputs.length) return { read, written, notes: lost }
  const later = plan.stages.flatMap((_, i) => lostInGroup(plan, stages, i) ?? [])
  const known = [...lost, ...later.slice(0, 1)]
  const unread = inputs.filter(({ results }) => sum(results, (task) => task.recordsIn) === 0)
  const notes = known.length > 0 ? known : unread.map(({ input }) => `nothing was read of input "${input.files}"`)
  return { read, written, notes }
}

function whyNothing(plan: Plan, stages: readonly FinishedStage[], files: number): string {
  if (files === 0) return 'no folder passes the filters'
  const operators = plan.stages.flatMap(({ inputs }) => inputs.flatMap((input) => input.operators))
  if (operators.some((operator) => operator.op === 'limit' && operator.count === 0)) return 'limit(0) asks for no row'
  const maps = stages.flatMap(({ results }) => results.filter((task) => task.kind === 'map'))
  const skipped = sum(maps, (task) => task.rowGroupsSkipped)
  if (skipped > 0) return `by its statistics, no row of ${counted(skipped, 'row group')} can pass the filter`
  return `${counted(files, 'input file')} without a record`
}

/** For an input that was read. */
function lostInMap(input: FileInput, results: StageResult[], isOneOfSeveral: boolean): string | null {
  const read = sum(results, (task) => task.recordsIn)
  if (read === 0 || sum(results, (task) => task.recordsOut) > 0) return null
  const of = isOneOfSeveral ? ` of input "${input.files}"` : ''
  const bad = sum(results, (task) => task.recordsQuarantined)
  const dropped = sum(results, (task) => task.recordsDropped)
  const left = read - bad - dropped
  const apart = [
    ...(dropped > 0 ? [`${counted(dropped, 'ragged row')} left out`] : []),
    ...(bad > 0 ? [`${counted(bad, 'bad record')} put aside`] : []),
  ]
  const more = apart.length > 0 ? `; ${apart.join(', ')}` : ''
  if (left === 0) return `no record${of} was of use: ${apart.join(', ')}`
  return `${emptyMap(input.operators, left)}${of}${more}`
}

function emptyMap(operators: readonly Operator[], records: number): string {
  const operator = operators[0]!
  switch (operator.op) {
    case 'grep':
      return operator.invert
        ? `the pattern matched all ${counted(records, 'line')}`
        : `the pattern matched none of ${counted(records, 'line')}`
    case 'words':
      return `there is no word in ${counted(records, 'line')}`
    case 'map':
      return `map emitted nothing for ${counted(records, 'record')}`
    case 'scan':
      return operators.some(({ op }) => op === 'keyFilter' || op === 'sideFilter')
        ? `no row of ${counted(records, 'row')} passed all filters and has a match in a join`
        : `no row was left of ${counted(records, 'row')}`
    default:
      return `nothing came of ${counted(records, 'record')}`
  }
}

/** For a stage that read records of an exchange and emitted none; null otherwise. */
function lostInGroup(plan: Plan, stages: readonly FinishedStage[], index: number): string | null {
  const { results } = stages[index]!
  const input = plan.stages[index]!.inputs.find(({ kind }) => kind === 'exchange') as ExchangeInput | undefined
  const read = sum(results, (task) => task.recordsIn)
  if (!input || read === 0 || sum(results, (task) => task.recordsOut) > 0) return null
  const join = input.operators.find((operator) => operator.op === 'join')
  if (join) return noCommonKey(plan, stages, input, join, results)
  const mapped = sum(results, (task) => task.recordsMapped)
  const steps = plan.stages.length > 2
  if (input.operators.some(({ op }) => op === 'map') && mapped > 0) {
    return `map of step ${index + 1} emitted nothing for ${counted(mapped, 'record')} of the step before`
  }
  if (input.operators.some(({ op }) => op === 'mergeJoin' || op === 'hashJoin'))
    return `no row matched in the join of ${counted(read, 'row')}`
  if (isOfRows(input.operators[0]!))
    return `no row was left of ${counted(read, 'row')} of stage ${plan.stages[index]!.name}`
  const groups = sum(results, (task) => (task.kind === 'reduce' ? task.groups : 0))
  return `reduce${steps ? ` of step ${index}` : ''} emitted nothing for ${counted(groups, 'key')} (${counted(read, 'record')})`
}

function isOfRows({ op }: Operator): boolean {
  return op === 'rows' || op === 'window' || op === 'groups'
}

function noCommonKey(
  plan: Plan,
  stages: readonly FinishedStage[],
  { exchange }: ExchangeInput,
  { type }: OperatorOf<'join'>,
  results: StageResult[],
): string {
  const before = stageFilling(plan, exchange)
  const sides = (['left', 'right'] as const).map((side, index) => {
    const { files } = plan.stages[before]!.inputs[index] as FileInput
    const rows = sum(resultsOf(stages[before]!, index), (task) => task.recordsOut)
    const keys = results.flatMap((task) => (task.kind === 'reduce' ? (task.lonelyKeys?.[side] ?? []) : [])).slice(0, 3)
    const such = keys.length > 0 ? `, such as ${keys.map((key) => JSON.stringify(key)).join(', ')}` : ''
    return `${files} has ${counted(rows, 'row')}${such}`
  })
  if (type === 'anti') return `every key has a match: ${sides.join('; ')}`
  return `no key is on both sides of the join: ${sides.join('; ')}`
}

function resultsOf({ results }: FinishedStage, input: number): StageResult[] {
  return results.filter((task) => task.input === input)
}

function counted(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0)
}
