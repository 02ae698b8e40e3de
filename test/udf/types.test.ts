/** What the compiler knows of functions, and what is refused where they are made. */
import {
  boolean,
  col,
  type DataFrame,
  date,
  decimal,
  double,
  type Int,
  int,
  list,
  long,
  type Nullable,
  nullable,
  read,
  type Str,
  string,
  struct,
  timestamp,
  udf,
} from 'runjob'
import { describe, expect, expectTypeOf, it } from 'vitest'

const frame = read.csv('nowhere.csv', {
  schema: {
    n: int(),
    maybe: nullable(int()),
    text: string(),
    price: decimal(10, 2),
    at: timestamp(),
    big: long({ js: 'bigint' }),
  },
})

describe('the compiler', () => {
  it('knows what a function takes and gives', () => {
    const half = udf((n: number) => n / 2, double())
    const named = udf((text: string, n: number | null) => (n === null ? null : text + n), nullable(string()))
    const made = frame.select((c) => ({ half: half(c.n), named: named(c.text, c.maybe), twice: half(half(c.n)) }))
    expectTypeOf<Awaited<ReturnType<typeof made.collect>>[number]>().toEqualTypeOf<{
      half: number
      named: string | null
      twice: number
    }>()
    expectTypeOf(frame.withColumn('x', (c) => named(c.price, 1)).select('x')).toEqualTypeOf<
      DataFrame<{ x: Nullable<Str> }>
    >()
    const day = udf((at: Date, big: bigint) => at.toISOString().slice(0, 10) + String(big).slice(0, 0), date())
    const isEven = udf((n: number) => n % 2 === 0, boolean())
    expect(frame.filter((c) => isEven(c.n)).withColumn('day', (c) => day(c.at, c.big))).toBeDefined()
    expectTypeOf(frame.select((c) => ({ n: udf((n: number) => n, int())(c.n) }))).toEqualTypeOf<DataFrame<{ n: Int }>>()
    // By name, and of columns that the compiler does not know.
    expect(frame.withColumn('h', half('n')).filter(isEven(col('n')))).toBeDefined()
  })

  it('knows lists and structs', () => {
    const nested = read.csv('nowhere.csv', {
      schema: { xs: list(int()), at: struct({ x: double(), y: nullable(int()) }) },
    })
    const size = udf((xs: number[]) => xs.length, int())
    const points = udf(
      (at: { x: number; y: number | null }) => [at, at],
      list(struct({ x: double(), y: nullable(int()) })),
    )
    const made = nested.select((c) => ({ size: size(c.xs), points: points(c.at), x: points(c.at).getItem(0).x }))
    expectTypeOf<Awaited<ReturnType<typeof made.collect>>[number]>().toEqualTypeOf<{
      size: number
      points: { x: number; y: number | null }[]
      x: number | null
    }>()
    const wrong = () => [
      // @ts-expect-error: elements that may be null
      udf((xs: number[]) => [...xs, null], list(int())),
      // @ts-expect-error: a field is missing
      udf((x: number) => ({ x }), struct({ x: double(), y: int() })),
      // @ts-expect-error: a list for a number
      nested.select((c) => ({ x: udf((x: number) => x, double())(c.xs) })),
      // @ts-expect-error: elements of another type
      nested.select((c) => ({ x: udf((xs: string[]) => xs.length, int())(c.xs) })),
    ]
    expect(wrong).toBeTypeOf('function')
  })

  it('refuses other columns, values and results', () => {
    const half = udf((n: number) => n / 2, double())
    const wrong = () => [
      // @ts-expect-error: text for a number
      frame.select((c) => ({ x: half(c.text) })),
      // @ts-expect-error: a column that may be null
      frame.select((c) => ({ x: half(c.maybe) })),
      // @ts-expect-error: an argument too many
      frame.select((c) => ({ x: half(c.n, c.n) })),
      // @ts-expect-error: an argument is missing
      frame.select(() => ({ x: half() })),
      // @ts-expect-error: a column of another frame
      frame.select({ x: half(col('other')) }),
      // @ts-expect-error: it gives a number
      udf((n: number) => n, string()),
      // @ts-expect-error: it may give null
      udf((n: number | null) => n, int()),
    ]
    expect(wrong).toBeTypeOf('function')
  })
})

describe('udf()', () => {
  const refused = (...args: unknown[]) => (udf as unknown as (...all: unknown[]) => unknown)(...args)
  const message = (make: () => unknown) => {
    try {
      make()
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message} ${(error as { hint: string }).hint}`
    }
    throw new Error('it was not refused')
  }

  it.each<[string, unknown[], RegExp]>([
    ['no function', ['x', string()], /DATASET_INVALID: udf\(\) takes a function .* not "x"/],
    ['an async function', [async () => 1, int()], /neither async nor a generator/],
    ['a generator', [function* () {}, int()], /neither async nor a generator/],
    ['no type', [() => 1], /udf\(\): the type of what the function gives must be a type/],
    ['an unknown type', [() => 1, 'integr'], /DATASET_INVALID/],
    ['more', [() => 1, int(), 2], /DATASET_INVALID: udf\(\) takes/],
  ])('refuses %s', (_, args, expected) => {
    expect(message(() => refused(...args))).toMatch(expected)
  })

  it('names columns that there are not, and what is no expression', () => {
    const same = udf((n: number) => n, int())
    expect(message(() => frame.select({ x: same('m') as never }))).toMatch(/COLUMN_UNKNOWN: No column "m"/)
    expect(message(() => same({} as never))).toMatch(/an expression or a value is expected/)
    const two = udf((a: number, b: number) => a + b, int()) as (...columns: unknown[]) => never
    expect(message(() => two('n'))).toMatch(/udf\(\) takes 2 columns, not 1/)
    expect(message(() => two('n', 'n', 'n'))).toMatch(/udf\(\) takes 2 columns, not 3/)
    const more = udf((...all: number[]) => all.length, int())
    expect(frame.select({ x: more('n', 'n') as never })).toBeDefined()
  })

  it('is what a hint names for operators of JavaScript', () => {
    expect(message(() => frame.filter((c) => ((c.n as unknown as number) > 1) as never))).toMatch(/udf\(\(price\)/)
    expect(message(() => frame.filter((c) => (c.n && c.maybe) as never))).toMatch(/udf\(\(a, b\)/)
    const isEven = udf((n: number) => n % 2 === 0, boolean())
    const fns = { isEven }
    expect(message(() => frame.filter((c) => isEven(c.n) || isEven(c.n)))).toMatch(/\|\| of JavaScript/)
    expect(message(() => frame.filter((c) => !fns.isEven(c.n) as never))).toMatch(/! of JavaScript/)
    // Where the source does not show it.
    const both = () => isEven('n') && isEven('n')
    expect(message(() => frame.filter(() => both()))).toMatch(/makes the condition udf\(n\), but does not use it/)
  })
})
