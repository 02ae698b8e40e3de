/** The functions of a collection over the rows of a pipeline, which come as blocks. */
import type { Where } from '../../../base/errors.js'
import { jsonOf } from '../../../base/text.js'
import { type RowBlock, readBlocks } from '../../../kernels/row_block.js'
import { lateRows, plainRowsRefusingLate, type RowFactory, rowText, wholeRow } from '../../../kernels/row_objects.js'
import type { Row } from '../../../kernels/rows.js'
import { decodeAny } from '../../../plan/any.js'
import type { MapFunction } from '../../../plan/functions.js'
import type { ElementsOperator } from '../../../plan/plan.js'
import { type Column, withMarks } from '../../../plan/type.js'
import { type RowUses, rowUses } from '../elements/row_uses.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RecordIntake } from '../intake.js'
import { shortened } from '../printable.js'
import { recordGuard } from '../record_guard.js'
import { elementsMap, findIn } from './elements.js'
import { mapEnd } from './map.js'

/** Input size from which parsing functions pays off. */
const USES_FROM_BYTES = 1 << 20

type Rows = NonNullable<ElementsOperator['rows']>
/** Of a row of a block. */
type Of<T> = (block: RowBlock, row: number) => T

export class CalledRows implements Intake {
  /** Those that the blocks must have. */
  readonly columns: readonly Column[]
  readonly end: () => void
  readonly abort: () => void
  readonly #map: MapFunction
  readonly #use: Of<void>
  readonly #where: () => Where
  readonly #env: TaskEnvironment
  #at: { block: RowBlock; row: number } | null = null

  constructor(operator: ElementsOperator, next: RecordIntake, env: TaskEnvironment) {
    const { columns, exact, as } = operator.rows!
    const { context, quarantine, task, plan } = env
    const { emit, undo } = next
    const all = withMarks(columns, exact)
    const uses = as !== 'rows' || task.bytes < USES_FROM_BYTES ? null : rowUses(operator, findIn(env))
    // The list of bad records has them whole.
    this.columns = quarantine ? all : columnsOf(all, uses)
    const plainAt = plainRowsRefusingLate(this.columns)
    const whole =
      uses !== null && uses.filters !== null ? { after: uses.filters, of: wholeRow(this.columns, plainAt) } : null
    const map = elementsMap(operator, next, env, whole)
    const elementAt = elementsOf(as, uses === null ? plainAt : lateRows(this.columns, withoutClass))
    const textAt: Of<string> =
      as === 'encoded'
        ? (block, row) => jsonOf(elementAt(block, row))
        : (block, row) => rowText(this.columns, block, row)
    const call = env.guard('map', map, (element: unknown) => map(element, emit, context))
    const guard = quarantine && recordGuard(env, quarantine, undo)
    this.#map = map
    this.#use = guard
      ? (block, row) =>
          guard(
            () => call(elementAt(block, row)),
            () => textAt(block, row),
          )
      : (block, row) => call(elementAt(block, row))
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
      const at = { block, row: 0 }
      this.#at = at
      for (; at.row < block.rows && !this.#map.isFull; at.row++) this.#use(block, at.row)
    }
    this.#at = null
    this.#env.where = outer
  }
}

function columnsOf(all: readonly Column[], uses: RowUses | null): readonly Column[] {
  if (uses === null || uses.filters !== null || uses.read.any) return all
  return all.filter(({ name }) => uses.read.names.has(name))
}

function elementsOf(as: Rows['as'], rowAt: RowFactory): Of<unknown> {
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

/** Reading `constructor` of a row gives what it gives of a plain object. */
function withoutClass<C extends new (...args: never[]) => object>(Row: C): C {
  delete (Row.prototype as { constructor?: unknown }).constructor
  return Row
}
