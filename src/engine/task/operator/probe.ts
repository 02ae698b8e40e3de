/** The tables that probes look into: exchanges of one partition, in memory. */
import { join } from 'node:path'
import { RunjobError } from '../../../base/errors.js'
import { formatBytes } from '../../../base/units.js'
import { kernels } from '../../../kernels/addon.js'
import { joinTableProgram } from '../../../kernels/join_program.js'
import type { JoinTable } from '../../../kernels/kernels.js'
import { rowsOf } from '../../../plan/columns.js'
import type { OperatorOf } from '../../../plan/plan.js'
import { expectCount } from '../../counts.js'
import type { BuildSpec, TaskSpec } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'

/** What front ends take for small fits, however little memory there is. */
const LEAST_TABLE_BYTES = 256 << 20
/** Records between two looks at the stop flag. */
const ADD_RECORDS = 16_384

/** This thread's, by what they were made of: its next tasks need the same ones. */
const tables = new Map<string, JoinTable>()

/** One for each of a pipeline's probes, in their order. */
export function tablesOf(probes: readonly OperatorOf<'probe'>[], env: TaskEnvironment): JoinTable[] {
  const wanted = probes.map((probe) => ({ probe, build: buildOf(env.task, probe.build) }))
  const keys = wanted.map(({ probe, build }) => JSON.stringify([env.runsDir, probe.build, probe.buildOn, build.runs]))
  // Before more memory is taken.
  for (const [key, table] of tables) {
    if (keys.includes(key)) continue
    table.close()
    tables.delete(key)
  }
  return wanted.map(({ probe, build }, i) => {
    const table = tables.get(keys[i]!) ?? makeTable(probe, build, env)
    tables.set(keys[i]!, table)
    return table
  })
}

function buildOf(task: TaskSpec, exchange: string): BuildSpec {
  const build = 'builds' in task ? task.builds?.find((build) => build.exchange === exchange) : undefined
  if (!build) throw new RunjobError('INTERNAL', { detail: `the task ${task.id} has no runs of ${exchange}` })
  return build
}

function makeTable(probe: OperatorOf<'probe'>, { runs, records }: BuildSpec, env: TaskEnvironment): JoinTable {
  const rows = rowsOf(env.plan, probe.build)
  if (rows.kind !== 'rows') throw new RunjobError('INTERNAL', { detail: `a probe of ${rows.kind}` })
  const most = Math.max(env.budget.collectorBytes, LEAST_TABLE_BYTES)
  const table = kernels.createJoinTable(joinTableProgram(rows.columns, probe.buildOn))
  const cursor = kernels.openRuns(
    runs.map((run) => join(env.runsDir, run)),
    0,
    { descending: false },
  )
  env.clock.time('merge', () => {
    while (table.add(cursor, ADD_RECORDS) > 0) {
      env.checkStop()
      if (table.bytes > most) {
        const detail = `the right side of a join, which is held in memory, has more than ${formatBytes(most)}: leave out broadcast()`
        throw new RunjobError('OUT_OF_MEMORY', { detail })
      }
    }
  })
  expectCount(`${env.task.id} read from ${probe.build}`, cursor.runRecords, records)
  cursor.close()
  return table
}
