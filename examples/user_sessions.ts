// Clicks of each user cut into sessions:   runjob examples/user_sessions.ts --gap 600 -o sessions
import { count, countIf, csv, defineDataset, lag, long, max, maxBy, min, minBy, string, Window } from 'runjob'

const clicks = csv({ schema: { user: string(), time: long(), page: string() } })
const byTime = Window.partitionBy('user').orderBy('time')

export default defineDataset({
  name: 'user-sessions',
  description: 'Clicks of each user, in sessions that end where nothing happens for a while.',
  params: {
    files: { type: 'string', default: 'examples/clicks.csv', describe: 'CSV files; time is in seconds' },
    gap: { type: 'integer', default: 1800, min: 0, describe: 'Seconds without a click that end a session' },
  },
  build: ({ read, params }) =>
    read(clicks, params.files)
      .withColumn('pause', (c) => c.time.sub(lag(c.time).over(byTime)))
      // Each long pause so far began another session; a user's first click has no pause.
      .withColumn('session', (c) => countIf(c.pause.gt(params.gap)).over(byTime).add(1))
      .groupBy('user', 'session')
      .agg({
        start: min('time'),
        end: max('time'),
        clicks: count(),
        entry: minBy('page', 'time'),
        exit: maxBy('page', 'time'),
      })
      .withColumn('seconds', (c) => c.end.sub(c.start)),
})
