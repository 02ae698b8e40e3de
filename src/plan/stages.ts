/** How the stages of a plan are connected: which stage fills an exchange, which read it, which have the output. */
import type { Exchange, ExchangeRows, Operator, OperatorOf, Plan, Sink, Stage } from './plan.js'

type Stages = Pick<Plan, 'stages'>

/** Index of the stage that fills an exchange. */
export function stageFilling({ stages }: Stages, exchange: string): number {
  return stages.findIndex(({ target }) => target.kind === 'exchange' && target.id === exchange)
}

export function exchangeOf(plan: Stages, id: string): Exchange {
  return plan.stages[stageFilling(plan, id)]!.target as Exchange
}

/** Whether fewer records than rows go into an exchange of rows: states of groups, or the first rows of partitions. */
export function takesFewer(rows: ExchangeRows | undefined): boolean {
  return rows?.kind === 'groups' || (rows?.kind === 'rows' && rows.rankLimit !== undefined)
}

/** Whether readers divide an exchange of rows among themselves, by ranges of its keys. */
export function isRanged({ rows, partitionBy }: Exchange): boolean {
  return rows !== undefined && partitionBy === 'range'
}

export function fillsRanges({ target }: Stage): boolean {
  return target.kind === 'exchange' && isRanged(target)
}

/** Whether rows go into folders of their values. */
export function writesFolders({ target }: Stage): boolean {
  return target.kind === 'sink' && target.partitionBy !== undefined
}

/** Whether a stage takes each row of an exchange by itself, so that it does not matter which rows its tasks read. */
export function readsRowsAlone({ inputs }: Stage, exchange: string): boolean {
  const own = inputs.filter((input) => input.kind === 'exchange' && input.exchange === exchange)
  return own.length > 0 && own.every(({ operators }) => operators[0]?.op === 'rows' && !hasElements(operators))
}

/** Where the last pipeline of rows among these operators begins. */
export function pipelineStart(operators: readonly Operator[]): number {
  return Math.max(
    0,
    operators.findLastIndex(({ op }) => op === 'toDF'),
  )
}

/** Whether there are functions of elements among them. */
export function hasElements(operators: readonly Operator[]): boolean {
  return operators.some(({ op }) => op === 'elements')
}

/** Those that look into a table of another exchange. */
export function tableJoinsIn(operators: readonly Operator[]): OperatorOf<'probe' | 'hashJoin'>[] {
  return operators.filter((operator) => operator.op === 'probe' || operator.op === 'hashJoin')
}

/** Those that ask for the keys of the other side of the exchange that a stage fills. */
export function sideFiltersIn(operators: readonly Operator[]): OperatorOf<'sideFilter'>[] {
  return operators.filter((operator) => operator.op === 'sideFilter')
}

/** Indexes of a stage's inputs: those that are read at once, and those that wait for all rows of these, by which they are filtered. */
export function inputsInOrder({ inputs }: Stage): [first: number[], filtered: number[]] {
  const all = [...inputs.keys()]
  const isFiltered = (i: number) => sideFiltersIn(inputs[i]!.operators).length > 0
  return [all.filter((i) => !isFiltered(i)), all.filter(isFiltered)]
}

/** How many tables a pipeline of these operators asks: one for each join, in their order, and then that of the other side's keys. */
export function tablesOf(operators: readonly Operator[]): number {
  return tableJoinsIn(operators).length + (sideFiltersIn(operators).length > 0 ? 1 : 0)
}

/** The join by partition that an exchange is a side of. */
export function partitionedJoinOf(
  operators: readonly Operator[],
  exchange: string,
): OperatorOf<'hashJoin'> | undefined {
  const joins = operators.filter((operator) => operator.op === 'hashJoin')
  return joins.find(({ build }) => build === exchange) ?? joins[0]
}

/** The probe whose table has the keys of a filter. */
export function probeOf(
  operators: readonly Operator[],
  { build, buildOn }: OperatorOf<'keyFilter'>,
): OperatorOf<'probe'> | undefined {
  return operators.find(
    (operator) =>
      operator.op === 'probe' && operator.build === build && operator.buildOn.join('\0') === buildOn.join('\0'),
  ) as OperatorOf<'probe'> | undefined
}

/** Ids of the exchanges whose tables these operators look into, each once. */
export function buildsOf(operators: readonly Operator[]): string[] {
  return [...new Set(tableJoinsIn(operators).map(({ build }) => build))]
}

/** Indexes of the stages that a stage reads, each once. */
export function stagesBefore(plan: Stages, { inputs }: Stage): number[] {
  const exchanges = inputs.flatMap((input) => [
    ...(input.kind === 'exchange' ? [input.exchange] : []),
    ...buildsOf(input.operators),
  ])
  return [...new Set(exchanges.map((exchange) => stageFilling(plan, exchange)))]
}

/** Indexes of the stages that read a stage's exchange, in order; none if it ends in a sink. */
export function stagesAfter(plan: Stages, index: number): number[] {
  return plan.stages.flatMap((stage, i) => (stagesBefore(plan, stage).includes(index) ? i : []))
}

/** All sinks, in the order of their stages. */
export function sinksOf({ stages }: Stages): Sink[] {
  return stages.flatMap(({ target }) => (target.kind === 'sink' ? [target] : []))
}

/** The sink of the output itself; of outputs that all have folders in it, the first. */
export function mainSinkOf(plan: Stages): Sink {
  return sinksOf(plan)[0]!
}

/** What runs, for the place of an error: rows of typed columns and elements of collections are a dataset's. */
export function placeOf(plan: Pick<Plan, 'stages' | 'job'>): { job: string } | { dataset: string } {
  const isOfDataset = plan.stages.some(({ inputs, target }) => {
    return (target.kind === 'sink' && target.columns) || inputs.some(({ operators }) => hasElements(operators))
  })
  return isOfDataset ? { dataset: plan.job } : { job: plan.job }
}
