/** The tables that joins look into. */
import { join } from 'node:path'
import { RunjobError } from '../../../base/errors.js'
import { kernels } from '../../../kernels/addon.js'
import { joinTableProgram, tableRowsFor } from '../../../kernels/join_program.js'
import type { Cursor, JoinTable } from '../../../kernels/kernels.js'
import { rowsOf } from '../../../plan/columns.js'
import type { Operator, OperatorOf } from '../../../plan/plan.js'
import { exchangeOf, probeOf, sideFiltersIn, tableJoinsIn } from '../../../plan/stages.js'
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
  /** One for each join, in their order; then the keys of the other side, if rows are filtered by these. */
  all: JoinTable[]
  /** In memory, besides those that the task knows of (`tableBytes`). */
  ownBytes: number
  /** Call once the task is over. */
  close(): void
}

/** A table that a task needs: how it is opened and filled, unless another thread of the process has done that. */
interface Wanted {
  /** What it is made of. */
  name: string
  isShared: boolean
  open(): JoinTable
  fill(table: JoinTable): void
}

/** @param operators of a pipeline */
export function openTables(operators: readonly Operator[], env: TaskEnvironment): Tables {
  const wanted = [
    ...tableJoinsIn(operators).map((join, i) => joinTable(join, i, operators, env)),
    ...otherSide(operators, env),
  ]
  // Before more memory is taken.
  const names = new Set(wanted.map(({ name }) => name))
  for (const name of shared.keys()) if (!names.has(name)) closeShared(name)
  const own: JoinTable[] = []
  const close = () => {
    for (const table of own) table.close()
  }
  try {
    const all = wanted.map(({ name, isShared, open, fill }) => {
      const table = shared.get(name) ?? open()
      if (isShared) shared.set(name, table)
      else own.push(table)
      if (isMine(table, env)) fill(table)
      return table
    })
    const counted = [...own, ...all.slice(tableJoinsIn(operators).length)]
    return { all, ownBytes: counted.reduce((sum, { bytes }) => sum + bytes, 0), close }
  } catch (error) {
    // Another thread may be waiting for one of them.
    close()
    closeTables()
    throw error
  }
}

/** Whether it is this thread that has to fill a table. Otherwise it is complete. */
function isMine(table: JoinTable, env: TaskEnvironment): boolean {
  for (;;) {
    const state = table.claim(WAIT_MS)
    if (state !== 'busy') return state === 'mine'
    env.checkStop()
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
 * The name of a table that is made of this. One that is not shared is of one attempt. An earlier run into the same output has the same names of
 * runs, and a thread of it may still have its table.
 */
function nameOf(made: readonly unknown[], isShared: boolean, env: TaskEnvironment): string {
  const attempt = isShared ? null : attemptName(env.task.id, env.attempt)
  return JSON.stringify([env.runId, env.runsDir, attempt, ...made])
}

/** The table of the i-th join. */
function joinTable(own: TableJoin, i: number, operators: readonly Operator[], env: TaskEnvironment): Wanted {
  const { build, buildOn, type, residual } = own
  const spec = 'builds' in env.task ? env.task.builds?.[i] : undefined
  if (spec?.exchange !== build) {
    throw new RunjobError('INTERNAL', { detail: `the task ${env.task.id} has no runs of ${build}` })
  }
  const { runs, isShared, partition, inMemory, records } = spec
  const keys = filteredKeys(operators, own)
  const kept = tableRowsFor(type, residual)
  const name = nameOf([build, buildOn, kept, keys, runs, partition], isShared, env)
  return {
    name,
    isShared,
    open() {
      const rows = rowsOf(env.plan, build)
      if (rows.kind !== 'rows') throw new RunjobError('INTERNAL', { detail: `a table of ${rows.kind}` })
      const program = joinTableProgram(rows.columns, buildOn, kept, { keys, rows: records })
      const memoryBytes = Math.floor(env.budget.collectorBytes * SORT_SHARE)
      return kernels.createJoinTable(program, { name, ...(inMemory ? {} : { folder: env.runsDir, memoryBytes }) })
    },
    fill: (table) => fillTable(table, build, spec, env),
  }
}

/** Sets of the keys of the other side's rows, by which these operators filter; none if they do not. */
function otherSide(operators: readonly Operator[], env: TaskEnvironment): Wanted[] {
  const filters = sideFiltersIn(operators)
  if (filters.length === 0) return []
  const spec = 'otherSide' in env.task ? env.task.otherSide : undefined
  const { target } = env.plan.stages[env.task.stage]!
  if (!spec || target.kind !== 'exchange' || target.rows?.kind !== 'sides') {
    throw new RunjobError('INTERNAL', { detail: `the task ${env.task.id} has no rows of another side` })
  }
  const { side, runs, records } = spec
  const keys = runs === null ? [] : [...new Set(filters.map(({ key }) => key))]
  const { columns, keys: by } = target.rows.sides[side]!
  const name = nameOf([target.id, side, keys, runs], true, env)
  return [
    {
      name,
      isShared: true,
      open() {
        return kernels.createJoinTable(joinTableProgram(columns, by, 'sets', { keys, rows: records }), { name })
      },
      fill(table) {
        const cursor = kernels.openEveryRecord((runs ?? []).map((run) => join(env.runsDir, run)))
        addAll(table, cursor, env)
        expectCount(`${env.task.id} read from the other side of ${target.id}`, cursor.runRecords, runs ? records : 0)
        cursor.close()
      },
    },
  ]
}

/** The keys of its table that rows are filtered by, ahead of the join. */
function filteredKeys(operators: readonly Operator[], join: TableJoin): number[] {
  const keys = operators.flatMap((operator) =>
    operator.op === 'keyFilter' && probeOf(operators, operator) === join ? [operator.key] : [],
  )
  return [...new Set(keys)]
}

function fillTable(table: JoinTable, build: string, spec: BuildSpec, env: TaskEnvironment): void {
  const { runs, partition, records } = spec
  const opened = kernels.openRuns(
    runs.map((run) => join(env.runsDir, run)),
    partition,
    { descending: false },
  )
  const exchange = exchangeOf(env.plan, build)
  const cursor = spec.watchKeys ? trackLargestKey(opened, exchange) : opened
  addAll(table, cursor, env)
  expectCount(`${env.task.id} read from ${build}`, cursor.runRecords, records)
  if (spec.watchKeys) env.tally.largestKeys.push(largestKeyOf(cursor, exchange, env))
  cursor.close()
}

function addAll(table: JoinTable, cursor: Cursor, env: TaskEnvironment): void {
  env.clock.time('merge', () => {
    while (table.add(cursor, ADD_RECORDS) > 0) env.checkStop()
  })
}
