/** Checks that a plan is consistent: what back ends rely on and types cannot express. A violation is a bug in the front end. */
import { RunjobError } from '../base/errors.js'
import { columnsOf } from './columns.js'
import { hasCompositeKeys } from './groups.js'
import type { Exchange, ExchangeInput, ExchangeRows, Input, Operator, OperatorOf, Plan, Stage } from './plan.js'
import { probeOf, sideFiltersIn, tableJoinsIn } from './stages.js'
import { type Column, sameType, typeText } from './type.js'

/** The forms in which records travel from an input to a target. */
type Form =
  /** Bytes of a file. */
  | 'bytes'
  /** Lines of a file, unchanged. */
  | 'lines'
  /** Keys and values of native code. */
  | 'batches'
  /** The same, in the order of their keys. */
  | 'sorted'
  /** What a function emits. */
  | 'records'
  /** Typed columns. */
  | 'rows'

const OPERATORS: Readonly<Record<Operator['op'], { takes: readonly Form[]; gives: Form }>> = {
  words: { takes: ['bytes'], gives: 'batches' },
  lines: { takes: ['bytes'], gives: 'batches' },
  fields: { takes: ['bytes'], gives: 'batches' },
  grep: { takes: ['bytes'], gives: 'lines' },
  map: { takes: ['bytes', 'sorted', 'records'], gives: 'records' },
  elements: { takes: ['bytes', 'sorted', 'rows'], gives: 'records' },
  reduce: { takes: ['sorted'], gives: 'records' },
  aggregate: { takes: ['sorted'], gives: 'sorted' },
  join: { takes: ['sorted'], gives: 'sorted' },
  take: { takes: ['sorted'], gives: 'sorted' },
  dropNumber: { takes: ['sorted'], gives: 'sorted' },
  byNumber: { takes: ['sorted', 'records'], gives: 'batches' },
  scan: { takes: ['bytes'], gives: 'rows' },
  toDF: { takes: ['records'], gives: 'rows' },
  rows: { takes: ['sorted'], gives: 'rows' },
  window: { takes: ['sorted'], gives: 'rows' },
  groups: { takes: ['sorted'], gives: 'rows' },
  mergeJoin: { takes: ['sorted'], gives: 'rows' },
  probe: { takes: ['rows'], gives: 'rows' },
  hashJoin: { takes: ['rows'], gives: 'rows' },
  filter: { takes: ['rows'], gives: 'rows' },
  keyFilter: { takes: ['rows'], gives: 'rows' },
  sideFilter: { takes: ['rows'], gives: 'rows' },
  project: { takes: ['rows'], gives: 'rows' },
  explode: { takes: ['rows'], gives: 'rows' },
  limit: { takes: ['rows'], gives: 'rows' },
}

const INPUTS: Readonly<Record<Input['kind'], Form>> = { files: 'bytes', exchange: 'sorted' }
const TARGETS: Readonly<Record<Stage['target']['kind'], readonly Form[]>> = {
  exchange: ['batches', 'sorted', 'records', 'rows'],
  sink: ['lines', 'sorted', 'records', 'rows'],
}

/** @throws INTERNAL */
export function checkPlan({ stages }: Plan): void {
  const exchanges = new Map<string, Exchange>()
  const sinks = new Set<string>()
  for (const { name: stage, inputs, target } of stages) {
    const wrong = (detail: string) => new RunjobError('INTERNAL', { detail: `stage ${stage}: ${detail}` })
    for (const [i, input] of inputs.entries()) {
      if (input.kind === 'exchange' && !exchanges.has(input.exchange)) {
        throw wrong(`no stage before it fills the exchange ${input.exchange}`)
      }
      const misfit = misfitOf(input, target) ?? oddColumns({ stages }, input, columnsWanted(target, i))
      if (misfit) throw wrong(misfit)
      const [first] = input.operators
      const oddOrder =
        first?.op === 'window' ? unordered(first, exchanges.get((input as ExchangeInput).exchange)!) : null
      if (oddOrder) throw wrong(oddOrder)
      for (const operator of tableJoinsIn(input.operators)) {
        const build = exchanges.get(operator.build)
        if (!build) throw wrong(`no stage before it fills the exchange ${operator.build}`)
        const odd = oddTable(operator, build, input.kind === 'exchange' ? exchanges.get(input.exchange)! : null)
        if (odd) throw wrong(odd)
      }
    }
    for (const { operators } of inputs) {
      for (const operator of operators) {
        if (operator.op !== 'keyFilter' || probeOf(operators, operator)) continue
        throw wrong(`no probe has the keys of ${operator.build} that ${operator.column} is filtered by`)
      }
    }
    const oddSide = inputs.flatMap((_, i) => oddSideFilter(inputs, i, target) ?? [])[0]
    if (oddSide) throw wrong(oddSide)
    const odd = target.kind === 'exchange' && target.rows ? oddRows(target, target.rows) : null
    if (odd) throw wrong(odd)
    const [known, name] = target.kind === 'exchange' ? [exchanges, target.id] : [sinks, target.name]
    if (known.has(name)) throw wrong(`another one has the ${target.kind} ${JSON.stringify(name)}`)
    if (target.kind === 'exchange') exchanges.set(name, target)
    else sinks.add(name)
  }
  if (sinks.size === 0) throw new RunjobError('INTERNAL', { detail: 'no stage has a sink' })
}

/** @param own the exchange of the input; null: files */
function oddTable(join: OperatorOf<'probe' | 'hashJoin'>, build: Exchange, own: Exchange | null): string | null {
  if (join.op === 'probe') {
    if (build.partitions !== 1) return `the exchange ${build.id}, which it holds, has several partitions`
    return join.type === 'right' || join.type === 'full' ? `no probe gives all rows of ${build.id}` : null
  }
  const by = [own, build].map((exchange) => (exchange?.rows?.kind === 'rows' ? exchange.rows.by : undefined))
  const isBy = (names: string[] | undefined, on: string[]) => names?.join('\0') === on.join('\0')
  const fits = isBy(by[0], join.on) && isBy(by[1], join.buildOn) && own?.partitions === build.partitions
  return fits ? null : `the exchange ${build.id} is not partitioned as its input is`
}

/** The rows of the other side must all be there before, and know the key. */
function oddSideFilter(inputs: readonly Input[], index: number, target: Stage['target']): string | null {
  const filters = sideFiltersIn(inputs[index]!.operators)
  if (filters.length === 0) return null
  const rows = target.kind === 'exchange' ? target.rows : undefined
  if (rows?.kind !== 'sides') return 'rows that have no other side are filtered by it'
  const other = rows.sides[1 - rows.sideOf[index]!]!
  const unknown = filters.find(({ key }) => key >= other.keys.length)
  if (unknown) return `the other side has no key ${unknown.key} that ${unknown.column} could be filtered by`
  const isOneSide = inputs.every(
    ({ operators }, i) => (rows.sideOf[i] === rows.sideOf[index]) === sideFiltersIn(operators).length > 0,
  )
  return isOneSide ? null : 'not all rows of one side, and these alone, are filtered by the other one'
}

/** Equal keys of other rows would not be neighbours, and no one would notice. */
function unordered({ partition, values }: OperatorOf<'window'>, { rows, partitions }: Exchange): string | null {
  const keys = rows?.kind === 'rows' ? rows.keys : []
  const isPartitioned = partition.length === 0 ? partitions === 1 : rows?.kind === 'rows' && rows.by !== undefined
  const isSorted = partition.every((name, i) => keys[i]?.column === name && !keys[i].descending && keys[i].nullsFirst)
  if (!isPartitioned || !isSorted)
    return 'the exchange that a window reads is not partitioned and sorted by its columns'
  return values.length === 0 ? 'a window has no values' : null
}

/** The columns that a target takes from an input; null: no rows. */
function columnsWanted(target: Stage['target'], input: number): readonly Column[] | null {
  if (target.kind === 'sink') return target.columns ?? null
  const { rows } = target
  if (!rows) return null
  return rows.kind === 'sides' ? (rows.sides[rows.sideOf[input] ?? -1]?.columns ?? []) : rows.columns
}

/** Rows are bytes by the order of their columns: a difference would not be noticed later. */
function oddColumns(plan: Pick<Plan, 'stages'>, input: Input, wanted: readonly Column[] | null): string | null {
  if (!wanted) return null
  const given = columnsOf(plan, input)
  const isSame =
    given.length === wanted.length &&
    given.every(({ name, type }, i) => name === wanted[i]!.name && sameType(type, wanted[i]!.type))
  if (isSame) return null
  const text = (columns: readonly Column[]) => columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ')
  return `its target has the columns ${text(wanted)}, and an input gives ${text(given)}`
}

/** What does not fit in an exchange of rows. The order of rows is in the bytes of their keys. */
function oddRows({ record, descending, grouping, partitionBy, combine }: Exchange, rows: ExchangeRows): string | null {
  if (record.key !== 'bytes' || record.value !== 'bytes') return 'records of rows are bytes'
  if (descending || partitionBy === 'user') return 'an exchange of rows is ascending, and partitioned by hash or range'
  const isPrefix = rows.kind === 'sides' || (rows.kind === 'groups' && hasCompositeKeys(rows.values))
  if ((grouping === 'prefix') !== isPrefix) return `an exchange of ${rows.kind} is not grouped as its keys are`
  if (rows.kind === 'rows' && rows.by) {
    if (partitionBy !== 'hash' || combine !== null) return 'rows by partition are neither divided nor combined'
    const isFirst = rows.by.every((name, i) => rows.keys[i]?.column === name)
    if (rows.keys.length > 0 && !isFirst) return 'rows by partition are not sorted by it first'
  }
  if (rows.kind === 'rows' && rows.rankLimit && rows.keys.length <= (rows.by?.length ?? 0)) return 'ranks need an order'
  if (combine !== null && !(combine.op === 'take' && rows.kind === 'rows')) return `${rows.kind} are not combined`
  return null
}

/** The first operator, or the target, that does not accept its input's form. */
function misfitOf(input: Input, target: Stage['target']): string | null {
  let form = INPUTS[input.kind]
  let before: string = input.kind
  for (const operator of input.operators) {
    const { takes, gives } = OPERATORS[operator.op]
    if (!takes.includes(form)) return `${operator.op} does not take what ${before} gives`
    if (operator.op === 'fields' && input.kind === 'files' && input.format.kind !== 'csv') {
      return `fields reads csv, not ${input.format.kind}`
    }
    form = gives
    before = operator.op
  }
  return TARGETS[target.kind].includes(form) ? null : `its ${target.kind} does not take what ${before} gives`
}
