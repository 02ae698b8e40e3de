/** Groups, joins, sorts and windows of generated tables, as data frames and in SQL. */
import {
  avg,
  col,
  corr,
  count,
  type DataFrame,
  max,
  median,
  min,
  rowNumber,
  stddev,
  sum,
  type Untyped,
  Window,
} from 'runjob'
import type { MeasureTable } from '../data/measures.js'

type Table = DataFrame<Untyped>
export type TableOf = (name: MeasureTable) => Table

export interface MeasureQuestion {
  title: string
  tables: readonly MeasureTable[]
  frame: (table: TableOf) => Table
  /** Over views of the tables: `measures`, `facts`, … */
  sql: string
}

const measures = (table: TableOf) => table('measures.parquet')

/** What is asked of a join: nothing of it may be left out, but little is written. */
const JOINED = { n: count(), v1: sum('v1'), v2: sum('v2') }
const SQL_JOINED = 'count(*) AS n, sum(v1)::BIGINT AS v1, sum(v2)::BIGINT AS v2'

const joined = (
  title: string,
  side: MeasureTable,
  left: string,
  right: string,
  type: 'inner' | 'left',
): MeasureQuestion => ({
  title,
  tables: ['facts.parquet', side],
  frame: (table) => table('facts.parquet').join(table(side).select(right, 'v2'), { left, right }, type).agg(JOINED),
  sql: `SELECT ${SQL_JOINED} FROM facts ${type} JOIN ${side.replace('.parquet', '')} d ON facts.${left} = d.${right}`,
})

const grouped = (
  title: string,
  by: string[],
  values: Record<string, [aggregate: unknown, sql: string]>,
): MeasureQuestion => ({
  title,
  tables: ['measures.parquet'],
  frame: (table) =>
    measures(table)
      .groupBy(...by)
      .agg(
        Object.fromEntries(Object.entries(values).map(([name, [aggregate]]) => [name, aggregate])) as never,
      ) as Table,
  sql: `SELECT ${[...by, ...Object.entries(values).map(([name, [, sql]]) => `${sql} AS ${name}`)].join(', ')} FROM measures GROUP BY ${by.join(', ')}`,
})

const ranked = rowNumber().over(Window.partitionBy('id6').orderBy(col('v3').desc(), 'id1', 'id2', 'id3'))

/** By the name of the row. */
export const MEASURE_QUESTIONS: Record<string, MeasureQuestion> = {
  'groups-1': grouped('sum by 100 texts', ['id1'], { v1: [sum('v1'), 'sum(v1)'] }),
  'groups-2': grouped('sum by two times 100 texts', ['id1', 'id2'], { v1: [sum('v1'), 'sum(v1)'] }),
  'groups-3': grouped('sum and mean by many texts', ['id3'], {
    v1: [sum('v1'), 'sum(v1)'],
    v3: [avg('v3'), 'avg(v3)'],
  }),
  'groups-4': grouped('means by 100 numbers', ['id4'], {
    v1: [avg('v1'), 'avg(v1)'],
    v2: [avg('v2'), 'avg(v2)'],
    v3: [avg('v3'), 'avg(v3)'],
  }),
  'groups-5': grouped('sums by many numbers', ['id6'], {
    v1: [sum('v1'), 'sum(v1)'],
    v2: [sum('v2'), 'sum(v2)'],
    v3: [sum('v3'), 'sum(v3)'],
  }),
  'groups-6': grouped('median and deviation by two times 100 numbers', ['id4', 'id5'], {
    middle: [median('v3'), 'median(v3)'],
    deviation: [stddev('v3'), 'stddev(v3)'],
  }),
  'groups-7': {
    title: 'a range by many texts',
    tables: ['measures.parquet'],
    frame: (table) =>
      measures(table)
        .groupBy('id3')
        .agg({ high: max('v1'), low: min('v2') })
        .select('id3', col('high').sub(col('low')).as('width')),
    sql: 'SELECT id3, max(v1) - min(v2) AS width FROM measures GROUP BY id3',
  },
  'groups-8': {
    title: 'the two largest by many numbers',
    tables: ['measures.parquet'],
    frame: (table) => measures(table).withColumn('place', ranked).filter(col('place').le(2)).select('id6', 'v3'),
    sql: `SELECT id6, v3 FROM measures QUALIFY row_number() OVER (PARTITION BY id6 ORDER BY v3 DESC, id1, id2, id3) <= 2`,
  },
  'groups-9': grouped('correlation by texts and numbers', ['id2', 'id4'], { r: [corr('v1', 'v2'), 'corr(v1, v2)'] }),
  'groups-10': grouped('sum and count by six keys', ['id1', 'id2', 'id3', 'id4', 'id5', 'id6'], {
    v3: [sum('v3'), 'sum(v3)'],
    n: [count(), 'count(*)'],
  }),
  'joins-1': joined('with a small table, by number', 'small.parquet', 'small', 'id', 'inner'),
  'joins-2': joined('with a medium table, by number', 'medium.parquet', 'medium', 'id', 'inner'),
  'joins-3': joined('with a medium table, left, by number', 'medium.parquet', 'medium', 'id', 'left'),
  'joins-4': joined('with a medium table, by text', 'medium.parquet', 'name', 'name', 'inner'),
  'joins-5': joined('with as many rows, by number', 'big.parquet', 'big', 'id', 'inner'),
  'order-all': {
    title: 'order by two columns',
    tables: ['measures.parquet'],
    frame: (table) => measures(table).select('id6', 'v2').orderBy('id6', 'v2'),
    sql: 'SELECT id6, v2 FROM measures ORDER BY id6, v2',
  },
  'order-top': {
    title: 'the first 100 by two columns',
    tables: ['measures.parquet'],
    frame: (table) => measures(table).orderBy(col('v3').desc(), 'id3', 'id1', 'id2').limit(100),
    sql: 'SELECT * FROM measures ORDER BY v3 DESC, id3, id1, id2 LIMIT 100',
  },
  'windows-rank': {
    title: 'places in many groups',
    tables: ['measures.parquet'],
    frame: (table) =>
      measures(table)
        .withColumn('place', ranked)
        .agg({ n: count(), places: sum('place') }),
    sql: `SELECT count(*) AS n, sum(place)::BIGINT AS places FROM
      (SELECT row_number() OVER (PARTITION BY id6 ORDER BY v3 DESC, id1, id2, id3) AS place FROM measures)`,
  },
  'windows-running': {
    title: 'running totals in many groups',
    tables: ['measures.parquet'],
    frame: (table) => {
      const before = Window.partitionBy('id6').orderBy('v3').rangeBetween(Window.unboundedPreceding, Window.currentRow)
      return measures(table)
        .withColumn('total', sum('v1').over(before))
        .agg({ n: count(), totals: sum('total') })
    },
    sql: `SELECT count(*) AS n, sum(total)::BIGINT AS totals FROM
      (SELECT sum(v1) OVER (PARTITION BY id6 ORDER BY v3 RANGE UNBOUNDED PRECEDING) AS total FROM measures)`,
  },
}
