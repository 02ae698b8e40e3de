/** Links the operators of an input, with the task's target at the end. */
import { RunjobError } from '../../base/errors.js'
import type { MapFunction, ReduceFunction } from '../../plan/functions.js'
import type { CsvFormat, ExchangeInput, FileInput, Input, Operator, OperatorOf, RecordSpec } from '../../plan/plan.js'
import { exchangeOf } from '../../plan/stages.js'
import type { TaskEnvironment } from './environment.js'
import type { BatchIntake, Intake, LineIntake, RecordIntake, SortedIntake } from './intake.js'
import { aggregate } from './operator/aggregate.js'
import { byNumber, dropNumber } from './operator/by_number.js'
import { elementsMap, elementsReduce, isOfGroups } from './operator/elements.js'
import { fields } from './operator/fields.js'
import { grep } from './operator/grep.js'
import { join } from './operator/join.js'
import { lines } from './operator/lines.js'
import { mapOfFiles, mapOfRecords } from './operator/map.js'
import { reduce } from './operator/reduce.js'
import { take } from './operator/take.js'
import { words } from './operator/words.js'
import { linkRows, takesRows } from './pipeline.js'
import type { Target } from './target/target.js'

/**
 * The receiver of an input's records: a ByteIntake for bytes of files, a SortedIntake for an exchange.
 */
export function linkOperators(input: Input, target: Target, env: TaskEnvironment): Intake {
  if (takesRows(input)) return linkRows(input, target, env)
  let record = input.kind === 'exchange' ? exchangeOf(env.plan, input.exchange).record : NO_RECORD
  const links = input.operators.map((operator, i): Link => {
    const takes = record
    if ('gives' in operator) record = operator.gives
    const isGuarded = input.operators.slice(0, i).some(({ op }) => op === 'map')
    return { operator, takes, isGuarded }
  })
  return links.reduceRight<Intake>((next, one) => link(input, one, next, env), target)
}

/** Bytes have no types. */
const NO_RECORD: RecordSpec = { key: 'bytes', value: { columns: [] } }

interface Link {
  operator: Operator
  takes: RecordSpec
  /** An earlier map undoes what a bad record has done. */
  isGuarded: boolean
}

// The plan has been checked: forms of neighbours match.
function link(input: Input, { operator, takes, isGuarded }: Link, next: Intake, env: TaskEnvironment): Intake {
  const mapBy = (map: MapFunction, rows?: OperatorOf<'map'>['rows']): Intake =>
    input.kind === 'files' && !isGuarded
      ? mapOfFiles(map, rows, input.format, next as RecordIntake, env)
      : mapOfRecords(map, { takes, isGuarded }, next as RecordIntake, env)
  const reduceBy = (call: ReduceFunction): Intake => {
    const { grouping } = exchangeOf(env.plan, (input as ExchangeInput).exchange)
    return reduce(call, { takes, prefixGrouping: grouping === 'prefix' }, next as RecordIntake, env)
  }
  switch (operator.op) {
    case 'words':
      return words(operator, next as BatchIntake, env)
    case 'lines':
      return lines(next as BatchIntake, env)
    case 'fields':
      return fields(operator, (input as FileInput).format as CsvFormat, next as BatchIntake, env)
    case 'grep':
      return grep(operator, next as LineIntake, env)
    case 'map':
      return mapBy(env.functions.find(operator.fn) as MapFunction, operator.rows)
    case 'elements':
      return isOfGroups(operator) ? reduceBy(elementsReduce(operator, env)) : mapBy(elementsMap(operator, env, null))
    case 'reduce':
      return reduceBy(env.functions.find(operator.fn) as ReduceFunction)
    case 'aggregate':
      return aggregate(operator, takes, next as SortedIntake)
    case 'join':
      return join(operator, next as SortedIntake, env)
    case 'take':
      return take(operator, next as SortedIntake)
    case 'byNumber':
      return byNumber(operator, takes, next as BatchIntake, env)
    case 'dropNumber':
      return dropNumber(next as SortedIntake)
    default:
      throw new RunjobError('INTERNAL', {
        detail: `${operator.op} takes rows, but the input's first operator gives none`,
      })
  }
}
