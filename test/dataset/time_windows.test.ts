/** Windows of time as columns and groups: what the plan makes of them, and what is refused. */
import {
  col,
  count,
  csv,
  explode,
  jsonl,
  list,
  lit,
  long,
  max,
  nullable,
  read,
  rowNumber,
  string,
  timestamp,
  udf,
  Window,
  when,
  window,
} from 'runjob'
import { expect, it } from 'vitest'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import { columns, failureOf, logical, optimised, products } from './frames.js'

const events = read(
  jsonl({ schema: { id: long(), at: nullable(timestamp()), seen: timestamp(), tags: list(string()) } }),
  'events',
)

it('rows without a time are left out and counted, where there may be some', () => {
  expect(logical(events.groupBy(window('at', '1 hour')).count())).toContain(
    'filter at is not null, and count the others',
  )
  expect(logical(events.groupBy(window('seen', '1 hour')).count())).not.toContain('filter')
  const twice = events.withColumn('early', (c) =>
    when(c.id.gt(1), window(c.at, '1 hour').getField('start')).otherwise(c.seen),
  )
  expect(logical(twice)).toContain('count the others')
})

it('windows that overlap are rows of their own', () => {
  const hours = events.select('id', window('at', '1 hour', '20 minutes').as('hour'))
  expect(columns(hours)).toBe('id: bigint, hour: struct<start:timestamp,end:timestamp>')
  expect(optimised(hours)).toMatchInlineSnapshot(`
    "project id, window as hour
    └─ explode windows(unixMicros(at), 3600000000, 1200000000, 0) as window
       └─ filter at is not null, and count the others
          └─ read jsonl events: id, at"
  `)
  const grouped = events.groupBy(window('seen', '1 hour', '20 minutes'), 'id').agg({ last: max('seen') })
  expect(columns(grouped)).toBe('window: struct<start:timestamp,end:timestamp>, id: bigint, last: timestamp')
  expect(optimised(grouped)).toMatchInlineSnapshot(`
    "aggregate by window, id, max(seen) as last
    └─ explode windows(unixMicros(seen), 3600000000, 1200000000, 0) as window
       └─ read jsonl events: id, seen"
  `)
  const starts = events.withColumn('start', window('seen', '1 hour', '20 minutes').getField('start').cast('string'))
  expect(optimised(starts.filter((c) => c.id.gt(3)).select('start'))).toMatchInlineSnapshot(`
    "project cast(window.start as string) as start
    └─ filter id > 3
       └─ explode windows(unixMicros(seen), 3600000000, 1200000000, 0) as window
          └─ read jsonl events: id, seen"
  `)
  // The same as a length of its own lies side by side.
  expect(logical(events.select(window('seen', '60 minutes', '1 hour')))).toContain('explode windows')
})

it('a function may take what is of a window', () => {
  const day = udf((start: Date | null) => start!.toISOString().slice(0, 10), string())
  const days = events.select(day(window('seen', '1 hour', '20 minutes').getField('start')).as('day'))
  expect(optimised(days)).toContain('explode windows(unixMicros(seen), 3600000000, 1200000000, 0) as window')
})

it('a filter above goes past the counting of rows, unless it may fail', () => {
  const hours = events.select('id', window('at', '1 hour'))
  expect(optimised(hours.filter((c) => c.id.gt(3)).select('window'))).toMatchInlineSnapshot(`
    "project case when at is not null then struct(timestampMicros(unixMicros(at) - pmod(unixMicros(at) - 0, 3600000000)), timestampMicros((unixMicros(at) - pmod(unixMicros(at) - 0, 3600000000)) + 3600000000)) end as window
    └─ filter at is not null, and count the others
       └─ filter id > 3
          └─ read jsonl events: id, at"
  `)
  expect(optimised(hours.filter((c) => c.id.add(1).gt(3)).agg({ n: count() }))).toMatchInlineSnapshot(`
    "aggregate count() as n
    └─ project id
       └─ filter (id + 1) > 3
          └─ filter at is not null, and count the others
             └─ read jsonl events: id, at"
  `)
})

it('as many rows as there are windows may be a small side of a join; of other lists no one knows', () => {
  const joined = (exploded: object, rows: number) => {
    const sizes = new Map([[events.query as ReadQuery, { bytes: 100 * rows, rows }]])
    return optimised(products.join(exploded as typeof events, 'id', 'left'), sizes).split('\n')[1]
  }
  const windows = events.select('id', window('seen', '1 hour', '20 minutes'))
  expect(joined(windows, 150_000)).toContain('right side in one table')
  expect(joined(windows, 700_000)).toContain('left join on id = right.id, sorted')
  expect(joined(events.select('id', explode('tags')), 10)).toContain('left join on id = right.id, sorted')
})

it('one makes rows, and only where columns are made', () => {
  const [hour, day] = [window('at', '1 hour', '20 minutes'), window('at', '1 day', '1 hour')]
  expect(failureOf(() => events.select(hour.as('a'), day.as('b')))).toContain('both window(at, ')
  expect(failureOf(() => events.select(hour.as('a'), explode('tags')))).toContain('make rows')
  expect(columns(events.select(hour.as('a'), hour.getField('start').as('b')))).toContain('b: timestamp')
  expect(failureOf(() => events.filter((c) => window(c.at, '1 hour', '20 minutes').isNotNull()))).toContain(
    'windows that overlap make rows, which is not possible here',
  )
  expect(failureOf(() => events.orderBy(hour))).toContain('make rows')
  expect(failureOf(() => events.agg({ n: max(hour as never) }))).toContain('make rows')
  expect(failureOf(() => events.select(window('at', '1 hour', '2 hours')))).toContain('at most its length')
  expect(failureOf(() => events.select(window('at', '1 hour', 'x')))).toContain("'x' is not a length of time")
  expect(failureOf(() => events.select(window('at', '30 days', '1 second')))).toContain(
    'a time would be in 2592000 windows',
  )
  expect(failureOf(() => events.select(window('id', '1 hour', '20 minutes')))).toContain('window(id')
  expect(failureOf(() => events.select(window('time', '1 hour', '20 minutes') as never))).toContain('No column "time"')
  const numbered = rowNumber().over(Window.partitionBy(col('window')).orderBy('id'))
  expect(columns(events.select('id', window('at', '1 day', '1 hour')).withColumn('n', numbered))).toContain('n: int')
  expect(
    columns(
      read(csv({ schema: { d: nullable(string()) } }), 'days').select(
        window(lit('2024-01-01').cast('timestamp'), '1 day'),
      ),
    ),
  ).toBe('window: struct<start:timestamp,end:timestamp>')
})
