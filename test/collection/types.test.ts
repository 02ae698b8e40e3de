/** What the compiler knows of collections. Nothing runs. */
import {
  type Collection,
  csv,
  type DataFrame,
  decimal,
  defineDataset,
  int,
  list,
  long,
  nullable,
  read,
  type Str,
  string,
  struct,
  timestamp,
} from 'runjob'
import { expectTypeOf, it } from 'vitest'

type Of<C> = C extends Collection<infer T> ? T : never

it('types of elements follow from functions', () => {
  const lines = read.text('a').lines()
  const counts = read
    .text('a')
    .flatMap((line) => line.split(' '))
    .map((word) => [word, 1] as const)
    .reduceByKey((a, b) => a + b)
  expectTypeOf<Of<typeof lines>>().toEqualTypeOf<string>()
  expectTypeOf<Of<typeof counts>>().toEqualTypeOf<[string, number]>()
  const rows = read(csv({ schema: { id: int(), name: nullable(string()) } }), 'a').rows()
  expectTypeOf<Of<typeof rows>>().toEqualTypeOf<{ id: number; name: string | null }>()
  const byName = rows.keyBy((row) => row.name)
  expectTypeOf<Of<typeof byName>>().toEqualTypeOf<[string | null, { id: number; name: string | null }]>()
  const ids = byName.mapValues((row) => row.id)
  const lists = ids.aggregateByKey(
    [] as number[],
    (list, id) => [...list, id],
    (a, b) => [...a, ...b],
  )
  const joined = ids.leftOuterJoin(lists)
  expectTypeOf<Of<typeof joined>>().toEqualTypeOf<[string | null, [number, number[] | null]]>()
  const groups = ids.groupByKey()
  expectTypeOf<Of<typeof groups>>().toEqualTypeOf<[string | null, Iterable<number>]>()
  const counted = () => ids.countByKey()
  expectTypeOf(counted).returns.toEqualTypeOf<Promise<Map<string | null, number>>>()
  expectTypeOf(lines.first).returns.toEqualTypeOf<Promise<string | null>>()
  const present = rows.map((row) => row.name).filter((name) => name !== null)
  expectTypeOf<Of<typeof present>>().toEqualTypeOf<string>()
  const dataset = defineDataset({ name: 'd', build: () => counts })
  expectTypeOf<NonNullable<(typeof dataset)['types']>['row']>().toEqualTypeOf<[string, number]>()
})

it('elements become rows of declared types', () => {
  const lines = read.text('a').lines()
  const schema = { word: string(), n: long(), note: nullable(decimal(5, 2)) }
  const frame = lines.map((word) => ({ word, n: word.length })).toDF(schema)
  expectTypeOf(() => frame.first()).returns.toEqualTypeOf<
    Promise<{ word: string; n: number; note: string | null } | null>
  >()
  const words = lines.map((word) => [word, 1] as const)
  expectTypeOf(() => words.toDF({ word: string(), n: long() })).toBeFunction()
  const groups = words.groupByKey().map(([word, counts]) => ({ word, counts }))
  expectTypeOf(() => groups.toDF({ word: string(), counts: list(int()) })).toBeFunction()
  expectTypeOf(() => lines.map((line) => ({ x: new Set(line) })).toDF({ x: list(string()) })).toBeFunction()
  // @ts-expect-error: a text is no list of texts
  expectTypeOf(() => lines.map((line) => ({ x: line })).toDF({ x: list(string()) })).toBeFunction()
  const exact = lines.map((line) => ({ at: 5n, price: '1.50', inner: { x: line } }))
  const types = { at: timestamp({ js: 'micros' }), price: decimal(5, 2), inner: struct({ x: string() }) }
  expectTypeOf(() => exact.toDF(types)).toBeFunction()
  const dates = lines.map(() => ({ at: new Date(0) }))
  expectTypeOf(() => dates.toDF({ at: timestamp({ js: 'micros' }) })).toBeFunction()
  // @ts-expect-error: microseconds only where the schema says so
  expectTypeOf(() => exact.toDF({ ...types, at: timestamp() })).toBeFunction()
  // @ts-expect-error: text is no row
  expectTypeOf(() => lines.toDF({ word: string() })).toBeFunction()
  // @ts-expect-error: a number is no text
  expectTypeOf(() => lines.map((line) => ({ word: line.length })).toDF({ word: string() })).toBeFunction()
  // @ts-expect-error: n is missing, and not nullable
  expectTypeOf(() => lines.map((word) => ({ word })).toDF(schema)).toBeFunction()
  // @ts-expect-error: there is no such column
  expectTypeOf(() => frame.filter((c) => c.words.eq('a'))).toBeFunction()
})

it('rows go to functions, also by groups', () => {
  const rows = read(csv({ schema: { id: int(), name: nullable(string()) } }), 'a')
  const names = rows.map(({ name }) => name)
  expectTypeOf<Of<typeof names>>().toEqualTypeOf<string | null>()
  const groups = rows.groupBy('name').mapGroups(({ name }, group) => [name, [...group].map(({ id }) => id)] as const)
  expectTypeOf<Of<typeof groups>>().toEqualTypeOf<readonly [string | null, number[]]>()
  const lengths = read.text('a').map((line) => line.length)
  expectTypeOf<Of<typeof lengths>>().toEqualTypeOf<number>()
  // @ts-expect-error: lines are no rows
  const wrong: DataFrame<{ value: Str }> = read.text('a')
  expectTypeOf(wrong).toBeObject()
})

it('methods of pairs need pairs', () => {
  const lines = read.text('a').lines()
  // @ts-expect-error: text is no pair
  expectTypeOf(() => lines.groupByKey()).toBeFunction()
  // @ts-expect-error: a number is no boolean
  expectTypeOf(() => lines.filter((line) => line.length)).toBeFunction()
  // @ts-expect-error: a promise is no list
  expectTypeOf(() => lines.flatMap(async (line) => [line])).toBeFunction()
})
