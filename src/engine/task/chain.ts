/** Links the operators of an input, with the task's target at the end. */
import { RunjobError } from '../../base/errors.js'
import type { MapFunction, ReduceFunction } from '../../plan/functions.js'
import type { CsvFormat, ExchangeInput, FileInput, Input, Operator, OperatorOf, RecordSpec } from '../../plan/plan.js'
import { exchangeOf, tablesOf } from '../../plan/stages.js'
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
import { openTables, type Tables } from './operator/table.js'
import { take } from './operator/take.js'
import { words } from './operator/words.js'
import { linkRows, takesRows } from './pipeline.js'
import type { Target } from './target/target.js'

/**
 * The receiver of an input's records: a ByteIntake for bytes of files, a SortedIntake for an exchange.
 */
export function linkOperators(input: Input, target: Target, env: TaskEnvironment): Intake {
  const parts = partsOf(input.operators)
  const tables = openTables(input.operators, env)
  // Each part has a pipeline at most, and its share of the memory.
  const budget = { ...env.budget, collectorBytes: Math.floor(env.budget.collectorBytes / parts.length) }
  let first = tables.all.length
  try {
    return parts.reduceRight<Intake>((next, operators) => {
      env.budget = budget
      const end = first
      first -= tablesOf(operators)
      // Those of the task alone are tables of the exchange that it reads.
      const own = operators === parts[0] ? tables : { ownBytes: 0, close() {} }
      return linkPart({ ...input, operators }, next as Target, { ...own, all: tables.all.slice(first, end) }, env)
    }, target)
  } catch (error) {
    tables.close()
    throw error
  }
}

/** Where elements become rows, another part begins. */
function partsOf(operators: readonly Operator[]): Operator[][] {
  const starts = operators.flatMap(({ op }, i) => (i === 0 || op === 'toDF' ? i : []))
  return starts.map((start, i) => operators.slice(start, starts[i + 1]))
}

/** @param next the target, or what makes rows of elements */
function linkPart(input: Input, next: Target | RecordIntake, tables: Tables, env: TaskEnvironment): Intake {
  if (takesRows(input)) return linkRows(input, next, tables, env)
  let record = input.kind === 'exchange' ? exchangeOf(env.plan, input.exchange).record : NO_RECORD
  const links = input.operators.map((operator, i): Link => {
    const takes = record
    if ('gives' in operator) record = operator.gives
    const isGuarded = input.operators.slice(0, i).some(({ op }) => op === 'map')
    return { operator, takes, isGuarded }
  })
  return links.reduceRight<Intake>((next, one) => link(input, one, next, env), next)
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
      return isOfGroups(operator)
        ? reduceBy(elementsReduce(operator, next as RecordIntake, env))
        : mapBy(elementsMap(operator, next as RecordIntake, env, null))
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
