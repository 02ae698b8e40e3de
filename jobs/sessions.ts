// Events -> user sessions.    runjob sessions clicks.csv -o sessions
import { csv, defineJob, json, mapReduce, string } from 'runjob'

interface Session {
  start: number
  end: number
  events: number
}

export default defineJob({
  name: 'sessions',
  description: 'Cuts each user’s events (CSV: user, time in seconds) into sessions at gaps of inactivity.',
  examples: ['runjob sessions clicks.csv -o sessions', 'runjob sessions clicks.csv --gap 600 -o sessions'],
  params: {
    gap: { type: 'number', default: 1800, describe: 'Seconds without an event that end a session' },
    user: { type: 'string', default: 'user', describe: 'Column of the user' },
    time: { type: 'string', default: 'time', describe: 'Column of the time, in seconds' },
  },
  define: ({ gap, user, time }) =>
    mapReduce({
      input: csv(),
      key: string(),
      map: (row, emit) => emit(row[user] ?? '', Number(row[time])),
      // Secondary sort: a user's events arrive by time, so one pass with one session in hand is enough.
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
    }),
})
