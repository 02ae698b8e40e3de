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
import type { Column } from '../plan/type.js'
import type { Ending, Query, RowsQuery, ShuffleQuery } from './query.js'

/** How lines, or the rows of a data frame, come into the plan: several inputs if that is a union. */
export interface RowsInput {
  input: Input
  /** undefined: lines. */
  rows: ElementsOperator['rows']
}

export type CollectionSink = Pick<Sink, 'name' | 'compress' | 'singleFile'>

/** Keys, which decide where they go, and values. */
const PAIR: RecordSpec = { key: 'any', value: 'any' }
const ELEMENT: RecordSpec = { key: 'any', value: { columns: [] } }

/** Keys and elements, as they are encoded. */
const SORTED: [key: Column, element: Column] = [
  { name: 'key', type: 'binary', nullable: false },
  { name: 'element', type: 'binary', nullable: false },
]

/** What a stage reads, with the steps that follow. */
interface Part {
  from: Given | Shuffled
  steps: ElementStep[]
}

interface Given extends RowsInput {
  kind: 'rows'
  as: RowsQuery['as']
}

/** The records of an exchange. */
interface Shuffled {
  kind: 'exchange'
  exchange: string
  /** Before they become elements. */
  operators: Operator[]
  from: ElementsFrom
  /** What rows of these operators are; absent: they give records. */
  rows?: ElementsOperator['rows']
}

/** Adds stages to those that are there. */
export class CollectionLowering {
  readonly #stages: Stage[]
  readonly #rowsOf: (query: RowsQuery) => readonly RowsInput[]
  /** What is used twice is computed once. */
  readonly #shuffled = new Map<ShuffleQuery, Shuffled>()

  /** @param rowsOf what is read */
  constructor(stages: Stage[], rowsOf: (query: RowsQuery) => readonly RowsInput[]) {
    this.#stages = stages
    this.#rowsOf = rowsOf
  }

  /** The elements, for operators that follow; or lists of each as it is encoded. */
  elements(query: Query, encoded: boolean): Input[] {
    return this.#inputs(this.#flow(query), { kind: encoded ? 'encoded' : 'keys' }, ELEMENT)
  }

  output(query: Query, ending: Ending, sink: CollectionSink): void {
    const { into, format, gives } = endOf(ending)
    const inputs = this.#inputs(this.#flow(query), into, gives)
    const target: Sink = { kind: 'sink', ...sink, format, record: gives, named: {} }
    this.#stages.push({ name: 'output', inputs, target, fixedSplits: true })
  }

  #flow(query: Query): Part[] {
    switch (query.kind) {
      case 'rows':
        return this.#rowsOf(query).map((given) => ({ from: { kind: 'rows', as: query.as, ...given }, steps: [] }))
      case 'step': {
        const step: ElementStep = { op: query.op, fn: query.fn.id }
        return this.#step(query.input, () => step)
      }
      case 'sample': {
        const { fraction, seed, nth } = query
        return this.#step(query.input, (part) => ({ op: 'sample', fraction, seed, nth, part }))
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

  #step(input: Query, stepOf: (part: number) => ElementStep): Part[] {
    return this.#flow(input).map(({ from, steps }, part) => ({ from, steps: [...steps, stepOf(part)] }))
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
    const [name, into] = [by === null ? 'sortByKey' : 'sortBy', { kind: 'sorted', by: by && ref(by) }] as const
    // Where ranges begin is known from a sample of text before it is read.
    if (flow.every(({ from }) => from.kind === 'rows' && from.as === 'lines')) {
      const inputs = this.#inputs(flow, into, PAIR)
      return shuffled(this.#fill(name, inputs, { partitionBy: 'range', descending }), { kind: 'values' })
    }
    // Otherwise from rows, of which a sample is kept while they are written.
    const toRows: Operator = { op: 'toDF', columns: SORTED, exact: [] }
    const inputs = this.#inputs(flow, { ...into, kind: 'sortedRows' }, ELEMENT).map((one) => {
      return { ...one, operators: [...one.operators, toRows] }
    })
    const exchange = this.#fill(name, inputs, {
      record: { key: 'bytes', value: 'bytes' },
      partitionBy: 'range',
      rows: { kind: 'rows', columns: SORTED, keys: [{ column: 'key', descending, nullsFirst: !descending }] },
    })
    const [, element] = SORTED
    const project: Operator = { op: 'project', columns: [{ name: element.name, value: { op: 'column', ...element } }] }
    const read = shuffled(exchange, { kind: 'records' }, [{ op: 'rows' }, project])
    return { ...read, rows: { columns: [element], exact: [], as: 'encoded' } }
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
    const id = `${name}() ${this.#stages.length + 1}`
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
    this.#stages.push({ name: id, inputs, target, fixedSplits: true })
    return id
  }

  #inputs(flow: readonly Part[], into: ElementsInto, gives: RecordSpec): Input[] {
    return flow.map(({ from, steps }): Input => {
      if (from.kind === 'exchange') {
        const rows = from.rows && { rows: from.rows }
        const elements: Operator = { op: 'elements', from: from.from, steps, into, gives, ...rows }
        return { kind: 'exchange', exchange: from.exchange, operators: [...from.operators, elements] }
      }
      const { input, rows } = from
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
