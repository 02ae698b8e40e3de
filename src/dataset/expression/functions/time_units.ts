/** Functions that count in units of time, made of those that back ends have. */
import { type Expression, isNullable } from '../../../plan/expression.js'
import type { Type } from '../../../plan/type.js'
import { convert, type Operand } from '../coercion.js'
import { refuse } from '../fault.js'
import { DAY_MICROS } from '../parse.js'
import { timeWindow } from '../time_window.js'
import { call, type FunctionEntry, literalText, plain, taken } from './entry.js'
import { structOf } from './nested.js'

function long(value: bigint): Expression {
  return { op: 'literal', value: String(value), type: 'long' }
}

function int(value: number): Expression {
  return { op: 'literal', value, type: 'integer' }
}

function micros(time: Expression): Expression {
  return call('unixMicros', [time], 'long')
}

function instant(time: Expression): Expression {
  return call('timestampMicros', [time], 'timestamp')
}

function sum(a: Expression, b: Expression): Expression {
  return call('add', [a, b], a.type)
}

function difference(a: Expression, b: Expression): Expression {
  return call('subtract', [a, b], a.type)
}

function castTo(value: Expression, type: Type): Expression {
  return convert(value, type)
}

function textOf(operand: Operand, name: string, example: string): string {
  return literalText(taken(operand, 'string', name)) ?? refuse(`${name} must be a literal such as '${example}'`)
}

/** start = t - pmod(t - offset, length), in microseconds. */
function windowOf([t, ...lengths]: Operand[]): Expression {
  const time = taken(t!, 'timestamp', 't')
  const names = ['length', 'slide', 'offset']
  const [size, slide, from] = lengths.map((operand, i) => textOf(operand, names[i]!, '1 day'))
  const parts = timeWindow(size!, slide, from)
  if (parts.slide !== parts.length) {
    refuse(
      'windows that overlap make rows, which is not possible here',
      'Make a column of them before, with select() or withColumn(), and use that.',
    )
  }
  const rest = call('pmod', [difference(micros(time), long(parts.offset)), long(parts.length)], 'long')
  const start = difference(micros(time), rest)
  const window = structOf(['start', 'end'], [instant(start), instant(sum(start, long(parts.length)))])
  if (!isNullable(time)) return window
  return call('case', [call('isNotNull', [time], 'boolean', false), window], window.type, true)
}

/** Units of one length. */
const UNIT_MICROS: Record<string, bigint> = {
  MICROSECOND: 1n,
  MILLISECOND: 1000n,
  SECOND: 1_000_000n,
  MINUTE: 60_000_000n,
  HOUR: 3_600_000_000n,
  DAY: DAY_MICROS,
  WEEK: 7n * DAY_MICROS,
}
const UNIT_MONTHS: Record<string, number> = { MONTH: 1, QUARTER: 3, YEAR: 12 }

function unitOf(operand: Operand): string {
  return textOf(operand, 'unit', 'day').toUpperCase()
}

function unknownUnit(unit: string, known: object[]): never {
  const names = known.flatMap(Object.keys).join(', ').toLowerCase()
  return refuse(`there is no unit ${unit.toLowerCase()} here`, `Units: ${names}.`)
}

function timestampAdd([unit, n, t]: Operand[]): Expression {
  const name = unitOf(unit!)
  const count = taken(n!, 'integer', 'n')
  const time = taken(t!, 'timestamp', 't')
  const months = UNIT_MONTHS[name]
  if (months !== undefined) {
    const day = call('addMonths', [castTo(time, 'date'), call('multiply', [count, int(months)], 'integer')], 'date')
    const inDay = call('pmod', [micros(time), long(DAY_MICROS)], 'long')
    return instant(sum(micros(castTo(day, 'timestamp')), inDay))
  }
  const size = UNIT_MICROS[name] ?? unknownUnit(name, [UNIT_MICROS, UNIT_MONTHS])
  return instant(sum(micros(time), call('multiply', [castTo(count, 'long'), long(size)], 'long')))
}

function timestampDiff([unit, start, end]: Operand[]): Expression {
  const name = unitOf(unit!)
  const size = UNIT_MICROS[name] ?? unknownUnit(name, [UNIT_MICROS])
  const [from, to] = [taken(start!, 'timestamp', 'start'), taken(end!, 'timestamp', 'end')]
  return call('div', [difference(micros(to), micros(from)), long(size)], 'long')
}

/** What `extract` takes out of a date, and out of an instant. */
const DATE_PARTS: Record<string, string> = {
  YEAR: 'year',
  QUARTER: 'quarter',
  MONTH: 'month',
  WEEK: 'weekOfYear',
  DAY: 'dayOfMonth',
  DOY: 'dayOfYear',
  DOW: 'dayOfWeek',
  DAYOFWEEK: 'dayOfWeek',
}
const TIME_PARTS: Record<string, string> = { HOUR: 'hour', MINUTE: 'minute' }

function extract([part, t]: Operand[]): Expression {
  const name = textOf(part!, 'part', 'year').toUpperCase()
  const [ofDate, ofTime] = [DATE_PARTS[name], TIME_PARTS[name]]
  if (ofDate !== undefined) return call(ofDate, [taken(t!, 'date', 't')], 'integer')
  if (ofTime !== undefined) return call(ofTime, [taken(t!, 'timestamp', 't')], 'integer')
  return unknownUnit(name, [DATE_PARTS, TIME_PARTS])
}

const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY']

function nextDay([d, weekday]: Operand[]): Expression {
  const day = taken(d!, 'date', 'd')
  const name = textOf(weekday!, 'weekday', 'Monday').toUpperCase()
  const index = WEEKDAYS.findIndex((one) => one === name || one.slice(0, 3) === name || one.slice(0, 2) === name)
  if (index < 0) refuse(`there is no weekday ${name.toLowerCase()}`, 'Write monday, mon or mo.')
  const ahead = call('pmod', [difference(int(index), call('dayOfWeek', [day], 'integer')), int(7)], 'integer')
  return call('dateAdd', [day, sum(ahead, int(1))], 'date')
}

function named(name: string, spark: string, pattern: string, does: string): FunctionEntry {
  const entry = plain({ name, spark, params: { d: 'date' }, gives: 'string', does })
  const format: Expression = { op: 'literal', value: pattern, type: 'string' }
  return {
    ...entry,
    resolve: ([d]) => call('dateFormat', [castTo(taken(d!, 'date', 'd'), 'timestamp'), format], 'string'),
  }
}

export const TIME_UNITS: FunctionEntry[] = [
  {
    name: 'weekday',
    spark: 'weekday',
    signature: '(d: date) -> int',
    nulls: '',
    does: 'The day of the week: 0 is Monday, 6 Sunday.',
    least: 1,
    most: 1,
    resolve: ([d]) =>
      call('pmod', [sum(call('dayOfWeek', [taken(d!, 'date', 'd')], 'integer'), int(5)), int(7)], 'integer'),
  },
  named('dayName', 'dayname', 'EEE', 'The day of the week: Mon, Tue and so on.'),
  named('monthName', 'monthname', 'MMM', 'The month: Jan, Feb and so on.'),
  {
    name: 'nextDay',
    spark: 'next_day',
    signature: '(d: date, weekday: string) -> date',
    nulls: '',
    does: 'The first day after `d` that is that weekday: `monday`, `mon` or `mo`.',
    least: 2,
    most: 2,
    resolve: nextDay,
  },
  {
    name: 'extract',
    spark: 'extract',
    signature: '(part: string, t: timestamp) -> int',
    nulls: '',
    does: 'A part, a literal: year, quarter, month, week, day, doy, dow, hour or minute.',
    least: 2,
    most: 2,
    resolve: extract,
  },
  {
    name: 'timestampAdd',
    spark: 'timestampadd',
    signature: '(unit: string, n: int, t: timestamp) -> timestamp',
    nulls: '',
    does: 'So many units later: microsecond to week, month, quarter or year. The last day of a shorter month, if it has no such day.',
    least: 3,
    most: 3,
    resolve: timestampAdd,
  },
  {
    name: 'timestampDiff',
    spark: 'timestampdiff',
    signature: '(unit: string, start: timestamp, end: timestamp) -> bigint',
    nulls: '',
    does: 'The whole units from `start` to `end`: microsecond to week.',
    least: 3,
    most: 3,
    resolve: timestampDiff,
  },
  {
    name: 'unixSeconds',
    spark: 'unix_seconds',
    signature: '(t: timestamp) -> bigint',
    nulls: '',
    does: 'The seconds since 1970-01-01 UTC, downwards.',
    least: 1,
    most: 1,
    resolve: ([t]) => castTo(taken(t!, 'timestamp', 't'), 'long'),
  },
  {
    name: 'unixDate',
    spark: 'unix_date',
    signature: '(d: date) -> int',
    nulls: '',
    does: 'The days since 1970-01-01.',
    least: 1,
    most: 1,
    resolve: ([d]) => call('dateDiff', [taken(d!, 'date', 'd'), { op: 'literal', value: 0, type: 'date' }], 'integer'),
  },
  {
    name: 'dateFromUnixDate',
    spark: 'date_from_unix_date',
    signature: '(days: int) -> date',
    nulls: '',
    does: 'The day so many days after 1970-01-01.',
    least: 1,
    most: 1,
    resolve: ([n]) =>
      call('dateAdd', [{ op: 'literal', value: 0, type: 'date' }, taken(n!, 'integer', 'days')], 'date'),
  },
  {
    name: 'window',
    spark: 'window',
    signature:
      "(t: timestamp, length: string, slide: string = length, offset: string = '0 seconds') -> struct<start:timestamp,end:timestamp>",
    nulls: '',
    does: 'The window of that length that the instant is in, such as `1 day`: from 1970-01-01 UTC on, or from `offset` after it; without its end. With a `slide` below the length windows overlap, and a row is in several: only columns of a frame, and groups, may be such windows.',
    least: 2,
    most: 4,
    resolve: windowOf,
  },
]
