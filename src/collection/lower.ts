/** From a collection to stages of a plan. */
import type { FunctionId } from '../plan/expression.js'
import type { UserFunction } from '../plan/made.js'
import type {
  ElementStep,
  ElementsFold,
  ElementsFrom,
  ElementsInto,
  ElementsJoin,
  ElementsOperator,
  Exchange,
  Input,
  Operator,
  RecordSpec,
  Sink,
  SinkFormat,
  Stage,
} from '../plan/plan.js'
import type { Ending, Query, RowsQuery, ShuffleQuery } from './query.js'

/** How lines, or the rows of a data frame, come into the plan: several inputs if that is a union. */
export interface RowsInput {
  input: Input
  /** undefined: lines. */
  rows: ElementsOperator['rows']
}

type CollectionSink = Pick<Sink, 'name' | 'compress' | 'singleFile'>

/** @param rowsOf what is read */
export function lowerCollection(
  query: Query,
  ending: Ending,
  sink: CollectionSink,
  rowsOf: (query: RowsQuery) => readonly RowsInput[],
): Stage[] {
  const lowering = new Lowering(rowsOf)
  lowering.output(query, ending, sink)
  return lowering.stages
}

/** Keys, which decide where they go, and values. */
const PAIR: RecordSpec = { key: 'any', value: 'any' }
const ELEMENT: RecordSpec = { key: 'any', value: { columns: [] } }

/** What a stage reads, with the steps that follow. */
interface Part {
  from: RowsQuery | Shuffled
  steps: ElementStep[]
}

/** The records of an exchange. */
interface Shuffled {
  kind: 'exchange'
  exchange: string
  /** Before they become elements. */
  operators: Operator[]
  from: ElementsFrom
}

class Lowering {
  readonly stages: Stage[] = []
  readonly #rowsOf: (query: RowsQuery) => readonly RowsInput[]
  /** What is used twice is computed once. */
  readonly #shuffled = new Map<ShuffleQuery, Shuffled>()

  constructor(rowsOf: (query: RowsQuery) => readonly RowsInput[]) {
    this.#rowsOf = rowsOf
  }

  output(query: Query, ending: Ending, sink: CollectionSink): void {
    const { into, format, gives } = endOf(ending)
    const inputs = this.#inputs(this.#flow(query), into, gives)
    const target: Sink = { kind: 'sink', ...sink, format, record: gives, named: {} }
    this.stages.push({ name: 'output', inputs, target, fixedSplits: true })
  }

  #flow(query: Query): Part[] {
    switch (query.kind) {
      case 'rows':
        return [{ from: query, steps: [] }]
      case 'step': {
        const step: ElementStep = { op: query.op, fn: query.fn.id }
        return this.#flow(query.input).map(({ from, steps }) => ({ from, steps: [...steps, step] }))
      }
      case 'union':
        return query.inputs.flatMap((input) => this.#flow(input))
      default: {
        const from = this.#shuffled.get(query) ?? this.#shuffle(query)
        this.#shuffled.set(query, from)
        return [{ from, steps: [] }]
      }
    }
  }

  #shuffle(query: ShuffleQuery): Shuffled {
    switch (query.kind) {
      case 'reduceByKey':
        return this.#fold(query, { method: 'reduceByKey()', merge: ref(query.merge) })
      case 'aggregateByKey': {
        const { zero, add, merge } = query
        return this.#fold(query, { method: 'aggregateByKey()', zero, add: ref(add), merge: ref(merge) })
      }
      case 'countByKey':
        return this.#fold(query, { method: 'countByKey()' })
      case 'groupByKey': {
        const exchange = this.#exchange(query, { kind: 'pairs', method: 'groupByKey()' })
        return shuffled(exchange, { kind: 'groups' })
      }
      case 'distinct': {
        const combine = { op: 'aggregate' as const, aggregates: [] }
        const exchange = this.#exchange(query, { kind: 'keys' }, { record: ELEMENT, combine })
        return shuffled(exchange, { kind: 'keys' }, [{ ...combine, gives: ELEMENT }])
      }
      case 'sort':
        return this.#sort(query)
      case 'zipWithIndex': {
        const exchange = this.#exchange(query, { kind: 'values', most: null }, { partitions: 1 })
        return shuffled(exchange, { kind: 'numbered' })
      }
      case 'take': {
        const take = { op: 'take', count: query.count } as const
        const exchange = this.#exchange(query, { kind: 'values', most: query.count }, { partitions: 1, combine: take })
        return shuffled(exchange, { kind: 'values' }, [take])
      }
      case 'join':
        return this.#join(query)
    }
  }

  #fold(query: ShuffleQuery & { input: Query }, fold: ElementsFold): Shuffled {
    const exchange = this.#exchange(query, { kind: 'folded', fold })
    return shuffled(exchange, { kind: 'folded', fold })
  }

  #sort(query: ShuffleQuery & { kind: 'sort' }): Shuffled {
    const { input, by, descending } = query
    const flow = this.#flow(input)
    // Where ranges begin is known from a sample of text.
    const isSampled = flow.every(({ from }) => from.kind === 'rows' && from.areLines)
    const inputs = this.#inputs(flow, { kind: 'sorted', by: by && ref(by) }, PAIR)
    const ranges = isSampled ? ({ partitionBy: 'range' } as const) : { partitions: 1 }
    const exchange = this.#fill(by === null ? 'sortByKey' : 'sortBy', inputs, { ...ranges, descending })
    return shuffled(exchange, { kind: 'values' })
  }

  #join({ left, right, how }: ShuffleQuery & { kind: 'join' }): Shuffled {
    const method = `${JOINS[how]}()`
    const sides = [this.#flow(left), this.#flow(right)] as const
    const inputs = [
      ...this.#inputs(sides[0], { kind: 'pairs', method, side: 1 }, PAIR),
      ...this.#inputs(sides[1], { kind: 'pairs', method, side: 0 }, PAIR),
    ]
    const exchange = this.#fill(JOINS[how], inputs, { grouping: 'prefix', sides: true })
    return shuffled(exchange, { kind: 'joined', how })
  }

  #exchange(query: ShuffleQuery & { input: Query }, into: ElementsInto, choices: ExchangeChoices = {}): string {
    const inputs = this.#inputs(this.#flow(query.input), into, choices.record ?? PAIR)
    return this.#fill(query.kind, inputs, choices)
  }

  /** Id of the exchange that these inputs fill. */
  #fill(name: string, inputs: Input[], choices: ExchangeChoices): string {
    // With parentheses: those of data frames have none.
    const id = `${name}() ${this.stages.length + 1}`
    const target: Exchange = {
      kind: 'exchange',
      id,
      record: PAIR,
      partitionBy: 'hash',
      partition: null,
      partitions: null,
      descending: false,
      grouping: 'whole',
      order: null,
      combine: null,
      ...choices,
    }
    this.stages.push({ name: id, inputs, target, fixedSplits: true })
    return id
  }

  #inputs(flow: readonly Part[], into: ElementsInto, gives: RecordSpec): Input[] {
    return flow.flatMap(({ from, steps }): Input[] => {
      if (from.kind === 'exchange') {
        const elements: Operator = { op: 'elements', from: from.from, steps, into, gives }
        return [{ kind: 'exchange', exchange: from.exchange, operators: [...from.operators, elements] }]
      }
      return this.#rowsOf(from).map(({ input, rows }) => {
        const elements: Operator = {
          op: 'elements',
          from: { kind: 'records' },
          steps,
          into,
          gives,
          ...(rows && { rows }),
        }
        return { ...input, operators: [...input.operators, elements] }
      })
    })
  }
}

type ExchangeChoices = Partial<Omit<Exchange, 'kind' | 'id'>>

const JOINS: Readonly<Record<ElementsJoin, string>> = {
  inner: 'join',
  left: 'leftOuterJoin',
  right: 'rightOuterJoin',
  full: 'fullOuterJoin',
  group: 'cogroup',
}

function shuffled(exchange: string, from: ElementsFrom, operators: Operator[] = []): Shuffled {
  return { kind: 'exchange', exchange, operators, from }
}

function ref({ id }: UserFunction): { fn: FunctionId } {
  return { fn: id }
}

function endOf(ending: Ending): { into: ElementsInto; format: SinkFormat; gives: RecordSpec } {
  const values = { format: { kind: 'values' }, gives: ELEMENT } as const
  switch (ending.kind) {
    case 'collect':
      return { into: { kind: 'keys' }, ...values }
    case 'count':
      return { into: { kind: 'count' }, ...values }
    case 'reduce':
      return { into: { kind: 'reduced', fn: ending.merge.id }, ...values }
    case 'mark':
      return { into: { kind: 'marked' }, ...values }
    case 'write':
      return ending.format === 'text'
        ? { into: { kind: 'texts' }, format: { kind: 'text' }, gives: { key: 'string', value: { columns: [] } } }
        : {
            into: { kind: 'keys' },
            format: { kind: 'jsonl', bare: true },
            gives: { key: 'json', value: { columns: [] } },
          }
  }
}
