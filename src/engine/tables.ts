/** The tables of a stage's joins: what each task looks into, and whether it fits in memory. No answer depends on that. */
import { formatBytes } from '../base/units.js'
import { rowsOf } from '../plan/columns.js'
import type { Input, OperatorOf, Plan, Stage } from '../plan/plan.js'
import { tableJoinsIn } from '../plan/stages.js'
import { type TableRow, tableRow } from '../plan/table_rows.js'
import type { Tuning } from './budget.js'
import { isLarge } from './skew.js'
import type { BuildSpec, MapSpec, ReduceSpec, RunEntry, SideSpec, WorkerBudget } from './task.js'

/** Of what its workers may collect: all tables that they share together. */
const SHARED_SHARE = 0.5
/** Of what is left of a worker's share: the table of a partition. */
const OWN_SHARE = 0.5
/** A side of more rows filters nothing: one thread reads their keys, and a set of them takes 16 MB at most (native/pipeline/join_table.cc). */
const MAX_SIDE_ROWS = 2 ** 23

type TableJoin = OperatorOf<'probe' | 'hashJoin'>

/** The runs of each exchange that tasks of a stage make tables of. */
export type Builds = Map<string, RunEntry[]>

/** The rows of a side whose keys filter those of the other one. */
export function sideOf(side: 0 | 1, runs: readonly RunEntry[], { sideRows = MAX_SIDE_ROWS }: Tuning): SideSpec {
  const { records } = total(runs)
  return { side, records, runs: records > sideRows ? null : namesOf(runs) }
}

/** What the tables of one stage may take. */
export class TablePlan {
  readonly #inputs: Input[]
  readonly #builds: Builds
  /** Of each of these exchanges. */
  readonly #rows: Map<string, TableRow>
  /** Ids of exchanges whose tables are shared, and in memory. */
  readonly #held = new Set<string>()
  /** Of these tables, in each worker's share. */
  readonly #tableBytes: number
  readonly #ownBytes: number
  /** What users may want to know. */
  readonly notes: string[] = []

  constructor(plan: Plan, { inputs }: Stage, builds: Builds, { collectorBytes }: WorkerBudget, workers: number) {
    this.#inputs = inputs
    this.#builds = builds
    const joins = inputs.flatMap(({ operators }) => tableJoinsIn(operators))
    this.#rows = new Map([...builds.keys()].map((id) => [id, largestRow(plan, id, joins)]))
    const shared = new Set(joins.flatMap(({ op, build }) => (op === 'probe' ? build : [])))
    // The smallest first: so most tables are in memory.
    const sizes = [...shared].map((id) => ({ id, bytes: this.#sizeInMemory(id, total(builds.get(id)!)) }))
    const most = collectorBytes * workers * SHARED_SHARE
    let held = 0
    for (const { id, bytes } of sizes.sort((a, b) => a.bytes - b.bytes)) {
      if (held + bytes <= most) {
        held += bytes
        this.#held.add(id)
      } else {
        this.notes.push(
          `the right side of a join (${id}) takes about ${formatBytes(bytes)} as a table, and memory has ${formatBytes(most)} for such tables: it is looked up in a file, which takes longer; give more memory, or leave out broadcast() if the query says it`,
        )
      }
    }
    this.#tableBytes = held / workers
    this.#ownBytes = (collectorBytes - this.#tableBytes) * OWN_SHARE
  }

  /** The tasks, with the tables that they need. */
  for<Spec extends MapSpec | ReduceSpec>(tasks: Spec[]): Spec[] {
    if (this.#builds.size === 0) return tasks
    return tasks.map((task) => {
      const joins = tableJoinsIn(this.#inputs[task.input]!.operators)
      return {
        ...task,
        builds: joins.map(({ op, build }) => this.#buildOf(task, op, build)),
        tableBytes: this.#tableBytes,
      }
    })
  }

  #buildOf(task: MapSpec | ReduceSpec, op: 'probe' | 'hashJoin', exchange: string): BuildSpec {
    const runs = this.#builds.get(exchange)!
    if (op === 'probe' || task.kind !== 'reduce') {
      const { records } = total(runs)
      return {
        exchange,
        partition: 0,
        runs: namesOf(runs),
        records,
        isShared: true,
        inMemory: this.#held.has(exchange),
      }
    }
    const { partition } = task
    const own = runs.filter(({ partitions }) => partitions[partition]!.records > 0)
    const size = total(own.map(({ partitions }) => partitions[partition]!))
    const isSkewed = isLarge(size.records, total(runs).records, runs[0]?.partitions.length ?? 0)
    return {
      exchange,
      partition,
      runs: namesOf(own),
      records: size.records,
      isShared: false,
      inMemory: this.#sizeInMemory(exchange, size) <= this.#ownBytes,
      ...(isSkewed ? { watchKeys: true } : {}),
    }
  }

  #sizeInMemory(exchange: string, { records, bytes }: Size): number {
    const row = this.#rows.get(exchange)!
    return records * row.bytes + bytes * row.copies
  }
}

interface Size {
  records: number
  bytes: number
}

/** An exchange may be in several tables, by different keys. */
function largestRow(plan: Plan, exchange: string, joins: readonly TableJoin[]): TableRow {
  const rows = rowsOf(plan, exchange)
  const columns = rows.kind === 'rows' ? rows.columns : []
  const made = joins.filter(({ build }) => build === exchange).map(({ buildOn }) => tableRow(columns, buildOn))
  return {
    bytes: Math.max(...made.map(({ bytes }) => bytes)),
    copies: Math.max(...made.map(({ copies }) => copies)),
  }
}

function total(sizes: readonly Size[]): Size {
  return sizes.reduce((sum, { records, bytes }) => ({ records: sum.records + records, bytes: sum.bytes + bytes }), {
    records: 0,
    bytes: 0,
  })
}

function namesOf(runs: readonly RunEntry[]): string[] {
  return runs.map(({ name }) => name)
}
