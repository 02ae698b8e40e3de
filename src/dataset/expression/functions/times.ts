/** Functions of dates and timestamps. All of them are in UTC. */
import { type Expression, isNullable } from '../../../plan/expression.js'
import { convert, type Operand, take, typeOf } from '../coercion.js'
import { refuse } from '../fault.js'
import { call, type FunctionEntry, literalText, plain, taken } from './entry.js'

function part(name: string, spark: string, of: 'date' | 'timestamp', does: string): FunctionEntry {
  return plain({ name, spark, params: { t: of }, gives: 'integer', does })
}

function oneOf(units: string[], param: string) {
  return (args: Expression[], at: number) => {
    const unit = literalText(args[at])
    if (unit === null || !units.includes(unit.toLowerCase())) {
      refuse(`${param} must be a literal, one of ${units.join(', ')}`)
    }
  }
}

const DATE_UNITS = ['year', 'yyyy', 'yy', 'quarter', 'month', 'mon', 'mm', 'week']
const TIME_UNITS = [...DATE_UNITS, 'day', 'dd', 'hour', 'minute', 'second', 'millisecond', 'microsecond']
const isDateUnit = oneOf(DATE_UNITS, 'unit')
const isTimeUnit = oneOf(TIME_UNITS, 'unit')

/** Letters that a pattern may have, and how often. */
const WRITTEN = /^(?:y+|M{1,4}|d{1,2}|D{1,3}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,9}|a|E{1,4})$/
const READ = /^(?:y+|M{1,4}|d{1,2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,9}|a)$/

/** Refuses patterns of Java with letters that back ends do not know, or may understand otherwise. */
function checkFormat(format: Expression | undefined, letters: RegExp): void {
  if (format === undefined) return
  const text = literalText(format)
  if (text === null) refuse('the format must be a literal')
  const bare = text.replace(/'(?:[^']|'')*'/g, ' ')
  if (bare.includes("'")) refuse("the format has a quote without its end: write '' for the character")
  for (const [run] of bare.matchAll(/([A-Za-z])\1*/g)) {
    if (!letters.test(run)) {
      refuse(
        `the format has ${run}, which is not supported`,
        `Known are ${letters === READ ? 'y M d H h m s S a' : 'y M d D H h m s S a E'}; put other letters in single quotes.`,
      )
    }
  }
  const special = /[[\]{}#]/.exec(bare)
  if (special) refuse(`the format has ${special[0]}, which is not supported`, 'Put it in single quotes.')
}

/** As a date or an instant, from text by a format, or by what Spark's cast reads. */
function reading(name: string, spark: string, type: 'date' | 'timestamp', does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: `(s: string, format?: string) -> ${type}`,
    nulls: '',
    does,
    least: 1,
    most: 2,
    resolve([s, format]) {
      if (format === undefined) return take(s!, type, 's')
      if (typeOf(s!) !== 'string' && typeOf(s!) !== undefined) return take(s!, type, 's')
      const pattern = taken(format, 'string', 'format')
      checkFormat(pattern, READ)
      return call(name, [convert(s!, 'string'), pattern], type)
    },
  }
}

const READ_TIMESTAMP = reading(
  'toTimestamp',
  'to_timestamp',
  'timestamp',
  'The instant that text has, by a format of Java, or as `cast` reads it.',
)

function unixTime(name: string, spark: string, does: string): FunctionEntry {
  return plain({ name, spark, params: { t: 'timestamp' }, gives: 'long', does })
}

function fromUnix(name: string, spark: string, does: string): FunctionEntry {
  return plain({ name, spark, params: { n: 'long' }, gives: 'timestamp', does })
}

function seconds(operand: Operand): Expression {
  const type = typeOf(operand)
  const as = type === 'integer' || type === 'long' || type === undefined ? 'long' : 'double'
  return taken(operand, as, 'seconds')
}

export const TIMES: FunctionEntry[] = [
  part('year', 'year', 'date', 'The year.'),
  part('quarter', 'quarter', 'date', 'The quarter of the year, 1 to 4.'),
  part('month', 'month', 'date', 'The month, 1 to 12.'),
  part(
    'weekOfYear',
    'weekofyear',
    'date',
    'The week of the year by ISO 8601, 1 to 53: it starts on Monday, week 1 has the first Thursday.',
  ),
  part('dayOfMonth', 'dayofmonth', 'date', 'The day of the month, 1 to 31.'),
  part('dayOfYear', 'dayofyear', 'date', 'The day of the year, 1 to 366.'),
  part('dayOfWeek', 'dayofweek', 'date', 'The day of the week: 1 is Sunday, 7 Saturday.'),
  part('hour', 'hour', 'timestamp', 'The hour, 0 to 23.'),
  part('minute', 'minute', 'timestamp', 'The minute, 0 to 59.'),
  part('second', 'second', 'timestamp', 'The second, 0 to 59.'),
  plain({
    name: 'dateAdd',
    spark: 'date_add',
    params: { d: 'date', days: 'integer' },
    gives: 'date',
    does: 'So many days later.',
  }),
  plain({
    name: 'dateSub',
    spark: 'date_sub',
    params: { d: 'date', days: 'integer' },
    gives: 'date',
    does: 'So many days earlier.',
  }),
  plain({
    name: 'dateDiff',
    spark: 'datediff',
    params: { end: 'date', start: 'date' },
    gives: 'integer',
    does: 'The days from `start` to `end`.',
  }),
  plain({
    name: 'addMonths',
    spark: 'add_months',
    params: { d: 'date', months: 'integer' },
    gives: 'date',
    does: 'So many months later; the last day of a shorter month, if it has no such day.',
  }),
  plain({
    name: 'lastDay',
    spark: 'last_day',
    params: { d: 'date' },
    gives: 'date',
    does: 'The last day of the month.',
  }),
  plain({
    name: 'makeDate',
    spark: 'make_date',
    params: { year: 'integer', month: 'integer', day: 'integer' },
    gives: 'date',
    does: 'That day. A day that does not exist: an error.',
  }),
  {
    name: 'monthsBetween',
    spark: 'months_between',
    signature: '(end: timestamp, start: timestamp, rounded: boolean = true) -> double',
    nulls: '',
    does: 'The months from `start` to `end`, 31 days each; whole where both are the same day of a month or its last; rounded to 8 digits.',
    least: 2,
    most: 3,
    resolve: ([end, start, rounded]) =>
      call(
        'monthsBetween',
        [
          taken(end!, 'timestamp', 'end'),
          taken(start!, 'timestamp', 'start'),
          rounded === undefined
            ? { op: 'literal', value: true, type: 'boolean' }
            : taken(rounded, 'boolean', 'rounded'),
        ],
        'double',
      ),
  },
  plain({
    name: 'dateTrunc',
    spark: 'date_trunc',
    params: { unit: 'string', t: 'timestamp' },
    gives: 'timestamp',
    does: 'The start of the year, quarter, month, week (Monday), day, hour, minute, second, millisecond or microsecond.',
    check: (args) => isTimeUnit(args, 0),
  }),
  plain({
    name: 'trunc',
    spark: 'trunc',
    params: { d: 'date', unit: 'string' },
    gives: 'date',
    does: 'The first day of the year, quarter, month or week (Monday).',
    check: (args) => isDateUnit(args, 1),
  }),
  reading(
    'toDate',
    'to_date',
    'date',
    'The date that text has, by a format of Java such as `dd.MM.yyyy`, or as `cast` reads it.',
  ),
  READ_TIMESTAMP,
  plain({
    name: 'dateFormat',
    spark: 'date_format',
    params: { t: 'timestamp', format: 'string' },
    gives: 'string',
    does: 'As text by a format of Java, of the letters `y M d D H h m s S a E`.',
    check: ([, format]) => checkFormat(format, WRITTEN),
  }),
  {
    name: 'fromUnixtime',
    spark: 'from_unixtime',
    signature: "(seconds: bigint, format: string = 'yyyy-MM-dd HH:mm:ss') -> string",
    nulls: '',
    does: 'An instant, in seconds since 1970-01-01 UTC, as text by a format of Java.',
    least: 1,
    most: 2,
    resolve([n, format]) {
      const pattern = taken(format ?? { op: 'free', value: 'yyyy-MM-dd HH:mm:ss' }, 'string', 'format')
      checkFormat(pattern, WRITTEN)
      return call(
        'dateFormat',
        [call('timestampSeconds', [taken(n!, 'long', 'seconds')], 'timestamp'), pattern],
        'string',
      )
    },
  },
  {
    name: 'unixTimestamp',
    spark: 'unix_timestamp',
    signature: '(t: timestamp, format?: string) -> bigint',
    nulls: '',
    does: 'The seconds since 1970-01-01 UTC, towards zero; of text by a format, too.',
    least: 1,
    most: 2,
    resolve: (args) => call('unixTimestamp', [READ_TIMESTAMP.resolve(args)], 'long'),
  },
  unixTime('unixMillis', 'unix_millis', 'The milliseconds since 1970-01-01 UTC.'),
  unixTime('unixMicros', 'unix_micros', 'The microseconds since 1970-01-01 UTC.'),
  {
    name: 'timestampSeconds',
    spark: 'timestamp_seconds',
    signature: '(seconds: bigint or double) -> timestamp',
    nulls: '',
    does: 'The instant so many seconds after 1970-01-01 UTC.',
    least: 1,
    most: 1,
    resolve: ([n]) => {
      const value = seconds(n!)
      return call('timestampSeconds', [value], 'timestamp', isNullable(value))
    },
  },
  fromUnix('timestampMillis', 'timestamp_millis', 'The instant so many milliseconds after 1970-01-01 UTC.'),
  fromUnix('timestampMicros', 'timestamp_micros', 'The instant so many microseconds after 1970-01-01 UTC.'),
  {
    name: 'currentTimestamp',
    spark: 'current_timestamp',
    signature: '() -> timestamp',
    nulls: '',
    does: 'The instant at which the plan was made: the same in every row.',
    least: 0,
    most: 0,
    // The rule of constants (fold.ts) puts the time in its place.
    resolve: () => call('currentTimestamp', [], 'timestamp', false),
  },
  {
    name: 'currentDate',
    spark: 'current_date',
    signature: '() -> date',
    nulls: '',
    does: 'The day (UTC) on which the plan was made: the same in every row.',
    least: 0,
    most: 0,
    resolve: () => call('currentDate', [], 'date', false),
  },
]
