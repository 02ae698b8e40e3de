/** The functions of a collection over the rows of a pipeline, which come as blocks. */
import type { Where } from '../../../base/errors.js'
import { jsonOf } from '../../../base/text.js'
import { type RowBlock, readBlocks } from '../../../kernels/row_block.js'
import {
  lateRows,
  plainRowsRefusingLate,
  type RowFactory,
  rowText,
  wholeRow,
  withoutClass,
} from '../../../kernels/row_objects.js'
import type { Row } from '../../../kernels/rows.js'
import { decodeAny } from '../../../plan/any.js'
import type { ElementsOperator } from '../../../plan/plan.js'
import { type Column, withMarks } from '../../../plan/type.js'
import type { Use } from '../elements/pipe.js'
import type { Push } from '../elements/receiver.js'
import { type RowUses, rowUses } from '../elements/row_uses.js'
import type { Change } from '../elements/steps.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RecordIntake } from '../intake.js'
import { shortened } from '../printable.js'
import { recordGuard } from '../record_guard.js'
import { elementsMap, findIn } from './elements.js'
import { mapEnd } from './map.js'

/** Input size from which parsing functions pays off. */
const USES_FROM_BYTES = 1 << 20

type As = NonNullable<ElementsOperator['rows']>['as']
/** Of a row of a block. */
type Of<T> = (block: RowBlock, row: number) => T
/** Which row is at its turn. */
interface RowAt {
  readonly block: RowBlock
  row: number
}

export class CalledRows implements Intake {
  /** Those that the blocks must have. */
  readonly columns: readonly Column[]
  readonly end: () => void
  readonly abort: () => void
  readonly #use: (at: RowAt) => void
  readonly #where: () => Where
  readonly #env: TaskEnvironment
  #at: RowAt | null = null

  /** @param isParquet whether columns that functions do not read are not decoded: then they must not depend on the size of a task */
  constructor(operator: ElementsOperator, next: RecordIntake, env: TaskEnvironment, isParquet: boolean) {
    const { as } = operator.rows!
    const { context, quarantine, task, plan } = env
    const { undo } = next
    const { columns, change, elementAt, textAt, useAll } = rowsOf(operator, isParquet, env)
    this.columns = columns
    const map = elementsMap(operator, next, env, change)
    const call = env.guard('map', map, (use: Use) => map.together(use))
    const guard = quarantine && recordGuard(env, quarantine, undo)
    this.#use = guard
      ? (at) => {
          const use = (push: Push): void => push(elementAt(at.block, at.row))
          for (; at.row < at.block.rows && !map.isFull; at.row++) {
            guard(
              () => call(use),
              () => textAt(at.block, at.row),
            )
          }
        }
      : (at) => call((push, receiver) => useAll(at, push, receiver))
    // A row is no longer at a place of a file: operators have made it.
    const stage = plan.stages[task.stage]!.name
    this.#where = () => ({
      stage,
      ...(context.inputPath !== '' && { file: context.inputPath }),
      ...(as === 'rows' && this.#at && { values: shortened(textAt(this.#at.block, this.#at.row)) }),
    })
    this.#env = env
    this.end = mapEnd(map, next, env)
    this.abort = () => next.abort?.()
  }

  writeRows(bytes: Uint8Array): void {
    const outer = this.#env.where
    this.#env.where = this.#where
    for (const block of readBlocks(bytes, this.columns, {})) {
      this.#at = { block, row: 0 }
      this.#use(this.#at)
    }
    this.#at = null
    this.#env.where = outer
  }
}

interface Rows {
  columns: readonly Column[]
  /** What becomes of rows that filters have got; null: nothing. */
  change: Change | null
  elementAt: Of<unknown>
  /** For people. */
  textAt: Of<string>
  useAll: (at: RowAt, ...into: Parameters<Use>) => void
}

const known = new WeakMap<ElementsOperator, Map<string, Rows>>()

/** For all tasks of a thread: a function that gets objects of one class is faster. */
function rowsOf(operator: ElementsOperator, isParquet: boolean, env: TaskEnvironment): Rows {
  const all = known.get(operator) ?? new Map<string, Rows>()
  const isJudged = isParquet || env.task.bytes >= USES_FROM_BYTES
  // The list of bad records has all columns, unless those that are not read are not decoded.
  const areWhole = !isJudged || (env.quarantine !== null && !isParquet)
  const key = `${isJudged} ${areWhole}`
  const rows = all.get(key) ?? makeRows(operator, isJudged, areWhole, env)
  known.set(operator, all.set(key, rows))
  return rows
}

/**
 * @param isJudged whether by what functions do with rows
 * @param areWhole whether blocks have all columns
 */
function makeRows(operator: ElementsOperator, isJudged: boolean, areWhole: boolean, env: TaskEnvironment): Rows {
  const { columns: given, exact, as } = operator.rows!
  const all = withMarks(given, exact)
  const uses = as === 'rows' && isJudged ? rowUses(operator, findIn(env)) : null
  const columns = areWhole ? all : columnsOf(all, uses)
  const plainAt = plainRowsRefusingLate(columns)
  const elementAt = elementsOf(as, uses === null ? plainAt : lateRows(columns, withoutClass))
  return {
    columns,
    change: uses !== null && uses.filters !== null ? { after: uses.filters, of: wholeRow(columns, plainAt) } : null,
    elementAt,
    textAt:
      as === 'encoded' ? (block, row) => jsonOf(elementAt(block, row)) : (block, row) => rowText(columns, block, row),
    useAll: loopOver(elementAt),
  }
}

/** Compiled for these elements alone. */
function loopOver(elementAt: Of<unknown>): Rows['useAll'] {
  const source = `return (at, push, receiver) => {
    const { block } = at
    for (; at.row < block.rows && !receiver.isFull; at.row++) push(elementAt(block, at.row))
  }`
  return new Function('elementAt', source)(elementAt)
}

function columnsOf(all: readonly Column[], uses: RowUses | null): readonly Column[] {
  if (uses === null || uses.filters !== null || uses.read.any) return all
  return all.filter(({ name }) => uses.read.names.has(name))
}

function elementsOf(as: As, rowAt: RowFactory): Of<unknown> {
  switch (as) {
    case 'rows':
      return rowAt
    case 'pairs':
      return (block, row) => {
        const { key, value } = rowAt(block, row) as { key: Row; value: unknown }
        // With its names, a key is in the order of its columns.
        return [Object.entries(key), value]
      }
    case 'encoded':
      return ({ columns: [encoded] }, row) => decodeAny(encoded!.value(row) as Uint8Array)
  }
}
