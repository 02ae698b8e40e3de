/** The functions of a collection over the rows of a pipeline, which come as blocks. */
import type { Where } from '../../../base/errors.js'
import { type RowBlock, readBlocks } from '../../../kernels/row_block.js'
import { lateRows, plainRowsRefusingLate, rowText, wholeRow } from '../../../kernels/row_objects.js'
import type { ElementsOperator } from '../../../plan/plan.js'
import { type Column, withMarks } from '../../../plan/type.js'
import { type RowUses, rowUses } from '../elements/row_uses.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RecordIntake } from '../intake.js'
import { recordGuard } from '../record_guard.js'
import { elementsMap, findIn } from './elements.js'
import { mapEnd } from './map.js'

/** Input size from which parsing functions pays off. */
const USES_FROM_BYTES = 1 << 20

export class CalledRows implements Intake {
  /** Those that the blocks must have. */
  readonly columns: readonly Column[]
  readonly end: () => void
  readonly abort: () => void
  readonly #use: (block: RowBlock, row: number) => void
  readonly #where: () => Where
  readonly #env: TaskEnvironment

  constructor(operator: ElementsOperator, next: RecordIntake, env: TaskEnvironment) {
    const { columns, exact } = operator.rows!
    const { context, quarantine, task, plan } = env
    const { emit, undo } = next
    const all = withMarks(columns, exact)
    const uses = task.bytes < USES_FROM_BYTES ? null : rowUses(operator, findIn(env))
    // The list of bad records has them whole.
    this.columns = quarantine ? all : columnsOf(all, uses)
    const plainAt = plainRowsRefusingLate(this.columns)
    const whole = uses !== null && uses.filters !== null ? { after: uses.filters, of: wholeRow(plainAt) } : null
    const map = elementsMap(operator, env, whole)
    const rowAt = uses === null ? plainAt : lateRows(this.columns, withoutClass)
    const call = env.guard('map', map, (row: unknown) => map(row, emit, context))
    const guard = quarantine && recordGuard(env, quarantine, undo)
    this.#use = guard
      ? (block, row) =>
          guard(
            () => call(rowAt(block, row)),
            () => rowText(all, block, row),
          )
      : (block, row) => call(rowAt(block, row))
    // A row is no longer at a place of a file: operators have made it.
    const stage = plan.stages[task.stage]!.name
    this.#where = () => (context.inputPath === '' ? { stage } : { stage, file: context.inputPath })
    this.#env = env
    this.end = mapEnd(map, next, env)
    this.abort = () => next.abort?.()
  }

  writeRows(bytes: Uint8Array): void {
    const outer = this.#env.where
    this.#env.where = this.#where
    for (const block of readBlocks(bytes, this.columns, {})) {
      for (let row = 0; row < block.rows; row++) this.#use(block, row)
    }
    this.#env.where = outer
  }
}

function columnsOf(all: readonly Column[], uses: RowUses | null): readonly Column[] {
  if (uses === null || uses.filters !== null || uses.read.any) return all
  return all.filter(({ name }) => uses.read.names.has(name))
}

/** Reading `constructor` of a row gives what it gives of a plain object. */
function withoutClass<C extends new (...args: never[]) => object>(Row: C): C {
  delete (Row.prototype as { constructor?: unknown }).constructor
  return Row
}
