/** The tables that joins look into. */
import { join } from 'node:path'
import { RunjobError } from '../../../base/errors.js'
import { kernels } from '../../../kernels/addon.js'
import { joinTableProgram, tableRowsFor } from '../../../kernels/join_program.js'
import type { JoinTable } from '../../../kernels/kernels.js'
import { rowsOf } from '../../../plan/columns.js'
import type { Operator, OperatorOf } from '../../../plan/plan.js'
import { exchangeOf, probeOf, tableJoinsIn } from '../../../plan/stages.js'
import { expectCount } from '../../counts.js'
import { attemptName, type BuildSpec } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'
import { largestKeyOf, trackLargestKey } from '../largest_key.js'

type TableJoin = OperatorOf<'probe' | 'hashJoin'>

/** Records between two looks at the stop flag. */
const ADD_RECORDS = 16_384
/** As long, for another thread that makes the same table. */
const WAIT_MS = 20
/** Of what a worker may collect: while a table in a file is made. */
const SORT_SHARE = 0.25

/** Those that this thread shares with others, by their names: its next tasks need the same ones. */
const shared = new Map<string, JoinTable>()

export interface Tables {
  /** One for each join, in their order. */
  all: JoinTable[]
  /** In memory, and of this task alone. */
  ownBytes: number
  /** Call once the task is over. */
  close(): void
}

/** @param operators of a pipeline */
export function openTables(operators: readonly Operator[], env: TaskEnvironment): Tables {
  const joins = tableJoinsIn(operators)
  const builds = 'builds' in env.task ? (env.task.builds ?? []) : []
  const wanted = joins.map((join, i) => {
    const build = builds[i]
    if (build?.exchange !== join.build) {
      throw new RunjobError('INTERNAL', { detail: `the task ${env.task.id} has no runs of ${join.build}` })
    }
    const keys = filteredKeys(operators, join)
    return { join, build, keys, name: nameOf(join, build, keys, env) }
  })
  // Before more memory is taken.
  const names = new Set(wanted.map(({ name }) => name))
  for (const name of shared.keys()) if (!names.has(name)) closeShared(name)
  const own: JoinTable[] = []
  const close = () => {
    for (const table of own) table.close()
  }
  try {
    const all = wanted.map(({ join, build, keys, name }) => {
      const table = shared.get(name) ?? openTable(name, join, build, keys, env)
      if (build.isShared) shared.set(name, table)
      else own.push(table)
      makeTable(table, join, build, env)
      return table
    })
    return { all, ownBytes: own.reduce((sum, { bytes }) => sum + bytes, 0), close }
  } catch (error) {
    // Another thread may be waiting for one of them.
    close()
    closeTables()
    throw error
  }
}

/** Gives up the tables that this thread shares. */
export function closeTables(): void {
  for (const name of shared.keys()) closeShared(name)
}

function closeShared(name: string): void {
  shared.get(name)!.close()
  shared.delete(name)
}

/**
 * What a table is made of. One that is not shared is of one attempt. An earlier run into the same output has the same names of runs, and a thread
 * of it may still have its table.
 */
function nameOf(
  { build, buildOn, type, residual }: TableJoin,
  spec: BuildSpec,
  keys: readonly number[],
  env: TaskEnvironment,
): string {
  const { runs, isShared, partition } = spec
  const attempt = isShared ? null : attemptName(env.task.id, env.attempt)
  return JSON.stringify([
    env.runId,
    env.runsDir,
    build,
    buildOn,
    tableRowsFor(type, residual),
    keys,
    runs,
    partition,
    attempt,
  ])
}

/** The keys of its table that rows are filtered by, ahead of the join. */
function filteredKeys(operators: readonly Operator[], join: TableJoin): number[] {
  const keys = operators.flatMap((operator) =>
    operator.op === 'keyFilter' && probeOf(operators, operator) === join ? [operator.key] : [],
  )
  return [...new Set(keys)]
}

function openTable(
  name: string,
  join: TableJoin,
  { inMemory, records }: BuildSpec,
  keys: readonly number[],
  env: TaskEnvironment,
): JoinTable {
  const rows = rowsOf(env.plan, join.build)
  if (rows.kind !== 'rows') throw new RunjobError('INTERNAL', { detail: `a table of ${rows.kind}` })
  const kept = tableRowsFor(join.type, join.residual)
  const program = joinTableProgram(rows.columns, join.buildOn, kept, { keys, rows: records })
  const memoryBytes = Math.floor(env.budget.collectorBytes * SORT_SHARE)
  return kernels.createJoinTable(program, { name, ...(inMemory ? {} : { folder: env.runsDir, memoryBytes }) })
}

function makeTable(table: JoinTable, { build }: TableJoin, spec: BuildSpec, env: TaskEnvironment): void {
  for (let state = table.claim(WAIT_MS); state !== 'mine'; state = table.claim(WAIT_MS)) {
    if (state === 'ready') return
    env.checkStop()
  }
  const { runs, partition, records } = spec
  const opened = kernels.openRuns(
    runs.map((run) => join(env.runsDir, run)),
    partition,
    { descending: false },
  )
  const exchange = exchangeOf(env.plan, build)
  const cursor = spec.watchKeys ? trackLargestKey(opened, exchange) : opened
  env.clock.time('merge', () => {
    while (table.add(cursor, ADD_RECORDS) > 0) env.checkStop()
  })
  expectCount(`${env.task.id} read from ${build}`, cursor.runRecords, records)
  if (spec.watchKeys) env.tally.largestKeys.push(largestKeyOf(cursor, exchange, env))
  cursor.close()
}
