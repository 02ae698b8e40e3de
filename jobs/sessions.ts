// Events -> user sessions.    runjob sessions clicks.csv -o sessions
import { type CsvOptions, csv, csvOptions, csvParams, defineJob, json, mapReduce, RunjobError, string } from 'runjob'

interface Session {
  start: number
  end: number
  events: number
}

export default defineJob({
  name: 'sessions',
  description: 'Cuts each user’s events (CSV: user, time) into sessions at gaps of inactivity.',
  examples: ['runjob sessions clicks.csv -o sessions', 'runjob sessions clicks.csv --gap 600 -o sessions'],
  params: {
    gap: { type: 'number', min: 0, default: 1800, describe: 'Seconds without an event that end a session' },
    user: { type: 'string', default: 'user', describe: 'Column of the user' },
    time: { type: 'string', default: 'time', describe: 'Column of the time: ISO 8601, or seconds since 1970' },
    ...csvParams,
  },
  define: ({ gap, user, time, ...dialect }) => {
    const options = csvOptions(dialect)
    const plainNumber = numberReader(options)
    return mapReduce({
      input: csv(options),
      key: string(),
      map(row, emit) {
        const name = row[user] ?? ''
        if (name === '') throw new RunjobError('CSV_EMPTY_FIELD', { detail: `column "${user}"` })
        emit(name, secondsOf(row[time] ?? '', time, plainNumber))
      },
      // Secondary sort: a user's events arrive by time, so one pass with one open session is enough.
      order: (seconds) => seconds,
      outValue: json<Session>(),
      reduce(name, times, emit) {
        let session: Session | null = null
        for (const seconds of times) {
          if (session && seconds - session.end <= gap) {
            session.end = seconds
            session.events++
            continue
          }
          if (session) emit(name, session)
          session = { start: seconds, end: seconds, events: 1 }
        }
        if (session) emit(name, session)
      },
    })
  },
})

/** Rewrites numbers written as the file's options say to JavaScript's form; '' for anything else. */
function numberReader({ decimal = '.', thousands }: CsvOptions): (text: string) => string {
  const group = thousands === ' ' ? '[ \u00a0\u2009\u202f]' : `[${thousands ?? ''}]`
  const number = new RegExp(`^([+-]?(?:\\d{1,3}(?:${group}\\d{3})+|\\d*))(?:[${decimal}](\\d*))?(e[+-]?\\d+)?$`, 'i')
  const separators = new RegExp(group, 'g')
  return (text) => {
    const [, whole = '', fraction = '', exponent = ''] = number.exec(text) ?? []
    return `${whole.replace(separators, '')}${fraction && `.${fraction}`}${exponent}`
  }
}

const SECONDS = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i
const YEAR_10000 = 253_402_300_800

/** Parses seconds since 1970, or a time in ISO 8601. @throws CSV_EMPTY_FIELD, CSV_BAD_TIME */
function secondsOf(field: string, column: string, plainNumber: (text: string) => string): number {
  const text = field.trim()
  const number = plainNumber(text)
  const seconds = SECONDS.test(number) ? Number(number) : isoSeconds(text)
  if (Math.abs(seconds) < YEAR_10000) return seconds
  if (text === '') throw new RunjobError('CSV_EMPTY_FIELD', { detail: `column "${column}"` })
  throw new RunjobError('CSV_BAD_TIME', { detail: `column "${column}" holds "${text.slice(0, 60)}"` })
}

/** @returns NaN if the text is not a time */
function isoSeconds(text: string): number {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone = 'Z'] = ISO.exec(text) ?? []
  const [date, time] = [
    [year, month, day],
    [hour, minute, second],
  ].map((parts) => parts.map(Number))
  const whole = new Date(Date.UTC(2000, 0, 1, ...(time as [number, number, number])))
  whole.setUTCFullYear(date![0]!, date![1]! - 1, date![2])
  // The 30th of February would be the 1st of March, 25 o'clock the next day.
  const shown = [whole.getUTCFullYear(), whole.getUTCMonth() + 1, whole.getUTCDate()]
  const clock = [whole.getUTCHours(), whole.getUTCMinutes(), whole.getUTCSeconds()]
  if (`${shown}` !== `${date}` || `${clock}` !== `${time}`) return Number.NaN
  const [sign, zoneHours, zoneMinutes] = [
    zone.startsWith('-') ? -1 : 1,
    zone.slice(1, 3),
    zone.slice(3).replace(':', ''),
  ]
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return Number.NaN
  const seconds = whole.getTime() / 1000 - sign * (Number(zoneHours) * 3600 + Number(zoneMinutes) * 60)
  // Parsed as one decimal: a sum would round twice.
  return seconds < 0 ? seconds + Number(`0.${fraction}`) : Number(`${seconds}.${fraction}`)
}
