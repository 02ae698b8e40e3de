/** What the compiler knows of collections. Nothing runs. */
import { type Collection, csv, defineDataset, int, nullable, read, string } from 'runjob'
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

it('methods of pairs need pairs', () => {
  const lines = read.text('a').lines()
  // @ts-expect-error: text is no pair
  expectTypeOf(() => lines.groupByKey()).toBeFunction()
  // @ts-expect-error: a number is no boolean
  expectTypeOf(() => lines.filter((line) => line.length)).toBeFunction()
  // @ts-expect-error: a promise is no list
  expectTypeOf(() => lines.flatMap(async (line) => [line])).toBeFunction()
})
