/** Elements as rows of a pipeline. */
import { userError } from '../../../base/errors.js'
import { fromNative } from '../../../kernels/addon.js'
import { RowWriter, rowForm, type WriteRow } from '../../../kernels/row_writer.js'
import type { OperatorOf } from '../../../plan/plan.js'
import { withMarks } from '../../../plan/type.js'
import { checkedEmit } from '../calls.js'
import { invalid } from '../elements/called.js'
import type { TaskEnvironment } from '../environment.js'
import type { RecordIntake, RowIntake } from '../intake.js'

/** Enough that a call costs nothing. */
const BATCH_BYTES = 1 << 18

export function toDF(operator: OperatorOf<'toDF'>, next: RowIntake, env: TaskEnvironment): RecordIntake {
  const { plan, quarantine } = env
  const { place, part = 0 } = operator
  const writer = new RowWriter(formOf(operator), place ? placesOf(part, env) : null)
  const stage = plan.stages[env.task.stage]!.name
  let kept = 0
  const passOn = (): void => {
    if (writer.size === 0) return
    const rows = writer.take()
    // There are enough already.
    if (next.pipeline.done) return
    try {
      next.pipeline.addRows(rows)
      next.passOn()
    } catch (error) {
      // It may be the row of another element than the one that is at its turn now.
      env.where = () => ({ stage, operator: 'toDF' })
      throw userError(fromNative(error), 'toDF', env.where())
    }
  }
  const add = (element: unknown): void => {
    writer.add(element)
    if (quarantine === null && writer.size >= BATCH_BYTES) passOn()
  }
  return {
    emit: checkedEmit(env.gate, add),
    undo: {
      beginRecord() {
        kept = writer.size
      },
      keepRecord() {
        if (writer.size >= BATCH_BYTES) passOn()
      },
      dropRecord() {
        writer.cutTo(kept)
      },
    },
    get done() {
      // What the current record gave may be taken back.
      if (quarantine === null) passOn()
      return next.pipeline.done
    },
    end() {
      passOn()
      next.end()
    },
    abort: () => next.abort?.(),
  }
}

const forms = new WeakMap<OperatorOf<'toDF'>, WriteRow>()

/** For all tasks of a thread. */
function formOf(operator: OperatorOf<'toDF'>): WriteRow {
  const { columns, exact, place } = operator
  const misfit = (problem: string, hint?: string) => invalid(`toDF(): ${problem}`, hint)
  const form = forms.get(operator) ?? rowForm(withMarks(columns, exact), misfit, Boolean(place))
  forms.set(operator, form)
  return form
}

/** Numbers of elements: of the part, of the task, and in it. Which tasks there are follows from the input alone. */
function placesOf(part: number, { task }: TaskEnvironment): () => bigint {
  const number = 'inputNumber' in task ? task.inputNumber : 0
  let next = (BigInt(part) << 48n) | (BigInt(number) << 32n)
  return () => next++
}
