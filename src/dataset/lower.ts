/** From a logical plan to stages: where rows must meet, there is an exchange; all else goes through row by row. */
import { rowsOf } from '../plan/columns.js'
import { hasCompositeKeys } from '../plan/groups.js'
import type { Exchange, ExchangeRows, Input, Operator, RowOperator, Sink, Stage } from '../plan/plan.js'
import { hasElements } from '../plan/stages.js'
import { type Column, isNested, marksOf } from '../plan/type.js'
import { withKeyFilters, withSideFilters } from './key_filters.js'
import { isWorth, type KeyTable, keysBelow, keysOfMatches, keysOfSide, keyTableOf } from './key_tables.js'
import type { AggregateNode, ElementsNode, JoinNode, LimitNode, Logical, SortNode, WindowNode } from './logical.js'
import { Occurrences } from './occurrences.js'
import type { ReadQuery } from './query.js'
import type { Sizes } from './rules/cardinality.js'
import type { Source } from './sources.js'

/** One output of a dataset. */
export interface FrameOutput {
  plan: Logical
  /** Its columns and records follow from the plan. */
  sink: Omit<Sink, 'kind' | 'record' | 'columns' | 'named'>
}

/** Rows on their way: the inputs of a stage that is not finished yet. */
interface Flow {
  inputs: Input[]
  /** Whether one task reads them all, in order. */
  isOne: boolean
  /** The joins without whose match rows stayed out of exchanges before. */
  matched: ReadonlySet<JoinNode>
}

const NONE: ReadonlySet<JoinNode> = new Set()

/** Adds stages to those that are there. */
export class FrameLowering {
  readonly stages: Stage[]
  /** The nodes whose rows operators give. Others give some of a node's rows, or what is not in the logical plan. */
  readonly given = new Map<Operator, Logical>()
  readonly #sources = new Map<ReadQuery, Source>()
  readonly #elementsOf: (node: ElementsNode) => Input[]
  /** Ids of exchanges, by what fills them and how: equal ones are filled once. */
  readonly #exchanges = new Map<string, string>()
  /** Ids of the exchanges of which all tasks have a table. */
  readonly #builds = new WeakMap<JoinNode, string>()
  readonly #sizes: Sizes
  readonly #occurrences: Occurrences

  /**
   * @param sources of all reads in the plans
   * @param elementsOf how elements come into the plan
   * @param plans all that are going to be lowered
   */
  constructor(
    stages: Stage[],
    sources: readonly Source[],
    elementsOf: (node: ElementsNode) => Input[],
    plans: readonly Logical[],
    sizes: Sizes,
  ) {
    this.stages = stages
    this.#elementsOf = elementsOf
    this.#occurrences = new Occurrences(plans)
    this.#sizes = sizes
    for (const source of sources) for (const read of source.reads) this.#sources.set(read, source)
  }

  /** The rows, for operators that follow. */
  inputs(plan: Logical): Input[] {
    return this.#flow(plan).inputs
  }

  output({ plan, sink }: FrameOutput): void {
    const { inputs } = this.#flow(plan)
    this.stages.push({
      name: sink.name === '' ? 'output' : `output ${sink.name}`,
      inputs,
      ...fixedSplits(inputs),
      target: {
        kind: 'sink',
        ...sink,
        record: { key: 'string', value: { columns: [] } },
        columns: [...plan.columns],
        named: {},
      },
    })
  }

  /** @param tables a row without a match there is of no use */
  #flow(node: Logical, tables: readonly KeyTable[] = []): Flow {
    const flow = this.#flowOf(node, tables)
    if (flow.inputs.length === 1) this.given.set(flow.inputs[0]!.operators.at(-1)!, node)
    return flow
  }

  #flowOf(node: Logical, tables: readonly KeyTable[]): Flow {
    switch (node.kind) {
      case 'read': {
        const { name, format } = this.#sources.get(node.source)!
        const files = node.files ?? name
        const isOfFolders = ({ name }: Column) => node.folders.includes(name)
        const folders = node.columns.filter(isOfFolders)
        const place = node.columns.find(({ name }) => name === node.place)
        const columns = node.columns.filter((column) => !isOfFolders(column) && column !== place)
        const scan: RowOperator = {
          op: 'scan',
          columns,
          ...(folders.length === 0 ? {} : { folders }),
          ...(place === undefined ? {} : { place }),
          ...(format.kind === 'csv' && node.source.schema === null ? { mayLack: true } : {}),
        }
        return { inputs: [{ kind: 'files', files, format, operators: [scan] }], isOne: false, matched: NONE }
      }
      case 'elements': {
        const place = node.columns.find(({ name }) => name === node.place)
        const columns = node.columns.filter((column) => column !== place)
        const inputs = this.#elementsOf(node).map((input, part): Input => {
          const toRows: Operator = { op: 'toDF', columns, exact: marksOf(columns), ...(place && { place, part }) }
          return { ...input, operators: [...input.operators, toRows] }
        })
        return { inputs, isOne: false, matched: NONE }
      }
      case 'filter':
        return through(this.#flow(node.input, keysBelow(node, tables)), {
          op: 'filter',
          where: node.where,
          ...(node.leftOut ? { leftOut: true } : {}),
        })
      case 'project':
        return through(this.#flow(node.input, keysBelow(node, tables)), { op: 'project', columns: [...node.values] })
      case 'explode': {
        const { list, outer, most, keep, position, element } = node
        return through(this.#flow(node.input), { op: 'explode', list, outer, most, keep: [...keep], position, element })
      }
      case 'union':
        return {
          inputs: node.inputs.flatMap((input) => this.#flow(input, keysBelow(node, tables)).inputs),
          isOne: false,
          matched: NONE,
        }
      case 'aggregate':
        return this.#aggregate(node, tables)
      case 'window':
        return this.#window(node)
      case 'join':
        return node.isShared ? this.#shared(node) : this.#join(node, tables)
      case 'sort':
        return this.#sort(node)
      case 'limit':
        return this.#limit(node)
    }
  }

  #aggregate(node: AggregateNode, tables: readonly KeyTable[]): Flow {
    const { input, by, values } = node
    const { inputs, matched } = this.#matched(input, keysBelow(node, this.#unshared(node, tables)))
    const rows: ExchangeRows = { kind: 'groups', columns: [...input.columns], by: [...by], values: [...values] }
    const flow = this.#exchange('group', inputs, rows, {
      partitions: by.length === 0 ? 1 : null,
      grouping: hasCompositeKeys(values) ? 'prefix' : 'whole',
      read: { op: 'groups' },
    })
    return { ...flow, matched }
  }

  #window({ input, partition, order, values, rankLimit }: WindowNode): Flow {
    const first = partition.map((column) => ({ column, descending: false, nullsFirst: true }))
    const rows: ExchangeRows = {
      kind: 'rows',
      columns: [...input.columns],
      keys: [...first, ...order],
      ...(partition.length > 0 && { by: [...partition] }),
      ...(rankLimit && { rankLimit }),
    }
    return this.#exchange('window', this.#flow(input).inputs, rows, {
      partitions: partition.length === 0 ? 1 : null,
      read: { op: 'window', partition: [...partition], values: [...values] },
    })
  }

  /** All its places read one exchange, in the order in which the join gives its rows. */
  #shared(node: JoinNode): Flow {
    const { inputs } = this.#join(node, [])
    return this.#exchange('shared', inputs, plainRows(node), { partitions: 1, read: { op: 'rows' } })
  }

  #join(node: JoinNode, tables: readonly KeyTable[]): Flow {
    const { left, right, type, on, residual, algorithm, isSwapped } = node
    const [leftKeys, rightKeys] = [on.map((pair) => pair.left), on.map((pair) => pair.right)]
    if (algorithm === 'broadcast') {
      const build = this.#build(node, tables)
      const probe = { op: 'probe', build, type, on: leftKeys, buildOn: rightKeys, residual } as const
      const own = keyTableOf(node, this.#sizes)
      const flow = this.#flow(left, [...keysOfSide(node, 'left', tables), ...(own ? [own] : [])])
      const inputs = flow.inputs.map((input) => withKeyFilters(input, probe, this.#buildColumns))
      return through({ ...flow, inputs }, probe)
    }
    const unshared = this.#unshared(node, tables)
    const leftFlow = this.#matched(left, keysOfSide(node, 'left', unshared))
    const rightFlow = this.#matched(right, [
      ...keysOfSide(node, 'right', unshared),
      ...keysOfMatches(node, this.#sizes),
    ])
    const [lefts, rights] = [leftFlow.inputs, rightFlow.inputs]
    const matched = new Set([...leftFlow.matched, ...rightFlow.matched])
    if (algorithm === 'hash') {
      const build = this.#exchangeId('build', rights, plainRows(right, rightKeys), { partitions: null })
      const read: RowOperator = { op: 'rows' }
      const probe = this.#exchange('probe', lefts, plainRows(left, leftKeys), { partitions: null, read })
      return through(
        { ...probe, matched },
        {
          ...{ op: 'hashJoin', build, type, on: leftKeys, buildOn: rightKeys, residual },
          ...(isSwapped && { isSwapped }),
        },
      )
    }
    const filterBy = (side: 'left' | 'right', inputs: Input[]) => {
      if (side !== node.filtered) return inputs
      const keys = on.map((pair, key) => ({ key, name: pair[side] })).filter(({ name }) => isFlat(node[side], name))
      return inputs.map((input) => withSideFilters(input, keys, this.#buildColumns))
    }
    const rows: ExchangeRows = {
      kind: 'sides',
      sides: [
        { columns: [...left.columns], keys: leftKeys },
        { columns: [...right.columns], keys: rightKeys },
      ],
      sideOf: [...lefts.map(() => 0), ...rights.map(() => 1)],
    }
    const flow = this.#exchange('join', [...filterBy('left', lefts), ...filterBy('right', rights)], rows, {
      partitions: on.length === 0 ? 1 : null,
      grouping: 'prefix',
      read: { op: 'mergeJoin', type, residual },
    })
    return { ...flow, matched }
  }

  /**
   * Id of the exchange that a join's table is made of.
   *
   * @param tables that the join's rows must match: of no use if another table has already been made with this one
   */
  #build(node: JoinNode, tables: readonly KeyTable[] = []): string {
    const known = this.#builds.get(node)
    if (known !== undefined) return known
    const { right } = node
    const { inputs } = this.#matched(right, [
      ...this.#unshared(right, keysOfMatches(node, this.#sizes), node),
      ...this.#unshared(right, keysOfSide(node, 'right', tables)),
    ])
    const id = this.#exchangeId('broadcast', inputs, plainRows(right), { partitions: 1 })
    this.#builds.set(node, id)
    return id
  }

  /** Rows for an exchange, without those that have no match in the tables. */
  #matched(node: Logical, tables: readonly KeyTable[]): Flow {
    const flow = this.#flow(node, tables)
    const worth = tables.filter((table) => !flow.matched.has(table.join) && isWorth(table, node, this.#sizes))
    let { inputs } = flow
    for (const { join, on } of worth) {
      const probe: RowOperator & { op: 'probe' } = {
        op: 'probe',
        build: this.#build(join),
        type: 'semi',
        on: on.map(({ column }) => column),
        buildOn: on.map(({ key }) => key),
        residual: null,
      }
      inputs = inputs.map((input) => withOperator(withKeyFilters(input, probe, this.#buildColumns), probe))
    }
    return { ...flow, inputs, matched: new Set([...flow.matched, ...worth.map(({ join }) => join)]) }
  }

  /** Those of the tables that are asked wherever the node is: else an exchange that has several readers would be filled for each of them. */
  #unshared(node: Logical, tables: readonly KeyTable[], by?: JoinNode): readonly KeyTable[] {
    return tables.filter(({ join }) => this.#occurrences.of(node) === this.#occurrences.of(by ?? join))
  }

  readonly #buildColumns = (build: string): readonly Column[] => {
    const rows = rowsOf(this, build)
    return rows.kind === 'rows' ? rows.columns : []
  }

  /** @param first only so many rows are needed */
  #sort({ input, keys }: SortNode, first?: number): Flow {
    const { inputs } = this.#flow(input)
    const rows: ExchangeRows = { kind: 'rows', columns: [...input.columns], keys: [...keys] }
    if (first !== undefined) {
      const flow = this.#exchange('top', inputs, rows, {
        partitions: 1,
        combine: { op: 'take', count: first },
        read: { op: 'rows' },
      })
      return through(flow, { op: 'limit', count: first })
    }
    return this.#exchange('sort', inputs, rows, { partitions: null, partitionBy: 'range', read: { op: 'rows' } })
  }

  #limit({ input, count }: LimitNode): Flow {
    if (input.kind === 'sort' && count > 0 && count <= MAX_TOP) return this.#sort(input, count)
    const flow = through(this.#flow(input), { op: 'limit', count })
    if (flow.isOne) return flow
    const all = this.#exchange('limit', flow.inputs, plainRows(input), { partitions: 1, read: { op: 'rows' } })
    return through(all, { op: 'limit', count })
  }

  #exchange(name: string, inputs: Input[], rows: ExchangeRows, how: ExchangeChoices & { read: RowOperator }): Flow {
    const exchange = this.#exchangeId(name, inputs, rows, how)
    return {
      inputs: [{ kind: 'exchange', exchange, operators: [how.read] }],
      isOne: how.partitions === 1,
      matched: NONE,
    }
  }

  /** Id of the exchange that these inputs fill: a new stage, unless there is the same one. */
  #exchangeId(name: string, inputs: Input[], rows: ExchangeRows, how: ExchangeChoices): string {
    const target: Omit<Exchange, 'id'> = {
      kind: 'exchange',
      record: { key: 'bytes', value: 'bytes' },
      partitionBy: how.partitionBy ?? 'hash',
      partition: null,
      partitions: how.partitions,
      descending: false,
      grouping: how.grouping ?? 'whole',
      order: null,
      combine: how.combine ?? null,
      rows,
    }
    const key = JSON.stringify([inputs, target])
    const known = this.#exchanges.get(key)
    if (known !== undefined) return known
    const id = `${name} ${this.stages.length + 1}`
    this.#exchanges.set(key, id)
    this.stages.push({ name: id, inputs, target: { ...target, id }, ...fixedSplits(inputs) })
    return id
  }
}

interface ExchangeChoices
  extends Pick<Exchange, 'partitions'>,
    Partial<Pick<Exchange, 'partitionBy' | 'grouping' | 'combine'>> {}

/** More are sorted as a whole. */
const MAX_TOP = 100_000

function through(flow: Flow, operator: RowOperator): Flow {
  return { ...flow, inputs: flow.inputs.map((input) => withOperator(input, operator)) }
}

function withOperator(input: Input, operator: RowOperator): Input {
  return { ...input, operators: [...input.operators, operator] }
}

function isFlat({ columns }: Logical, name: string): boolean {
  return columns.some((column) => column.name === name && !isNested(column.type))
}

/** Functions of elements may keep something from one to the next. */
function fixedSplits(inputs: readonly Input[]): Pick<Stage, 'fixedSplits'> {
  return inputs.some(({ operators }) => hasElements(operators)) ? { fixedSplits: true } : {}
}

/** Rows in the order in which they come. */
function plainRows({ columns }: Logical, by?: string[]): ExchangeRows {
  return { kind: 'rows', columns: [...columns], keys: [], ...(by && { by }) }
}
