/** Mistakes of those who write data frames are refused where they are made, in words that say what to do. */
import {
  approxCountDistinct,
  boolAnd,
  boolean,
  col,
  collectList,
  corr,
  countDistinct,
  countIf,
  csv,
  date,
  decimal,
  defineDataset,
  first,
  int,
  lag,
  lit,
  long,
  maxBy,
  median,
  minBy,
  nthValue,
  ntile,
  percentile,
  percentileDisc,
  rank,
  read,
  rowNumber,
  runDataset,
  string,
  sum,
  timestamp,
  topK,
  udf,
  Window,
  when,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { failure } from '../helpers/run.js'

// biome-ignore lint/suspicious/noExplicitAny: the compiler would refuse what these tests do
const df = read(csv({ schema: { k: string(), n: int(), flag: string() } }), 'a.csv') as any
// biome-ignore lint/suspicious/noExplicitAny: likewise
type Columns = any

function refusal(make: () => unknown): { message: string; hint: string; code: string } {
  try {
    make()
  } catch (error) {
    return error as { message: string; hint: string; code: string }
  }
  throw new Error('it was not refused')
}

describe('operators of JavaScript, which see no values', () => {
  it.each([
    ['filter()', '&&', 'c.n.gt(1) && c.', () => df.filter((c: Columns) => c.n.gt(1) && c.k.eq('a'))],
    ['filter()', '||', 'c.n.gt(1) || c.', () => df.filter((c: Columns) => c.n.gt(1) || c.k.eq('a'))],
    ['filter()', '!', '!c.n.gt(1)', () => df.filter((c: Columns) => c.k.eq('a').and(!c.n.gt(1)))],
    ['filter()', '===', 'c.n === c.m', () => df.filter((c: Columns) => c.k.eq('a').or(c.n === c.m))],
    ['filter()', '!==', '1 !== c.n', () => df.filter((c: Columns) => c.k.eq('a').or(1 !== c.n))],
    ['withColumn()', '?', 'c.n.gt(1) ? c.n', () => df.withColumn('x', (c: Columns) => (c.n.gt(1) ? c.n : c.n.neg()))],
    ['withColumn()', '??', 'c.n ?? 0', () => df.withColumn('x', (c: Columns) => c.n ?? 0)],
    ['select()', '&&', 'c.n.isNull() && c.k', () => df.select((c: Columns) => ({ x: c.n.isNull() && c.k }))],
    ['filter()', '&&', 'c.k.eq(', () => df.filter((c: Columns) => c.n.gt(1).and(c.k.eq('a') && c.k.eq('b')))],
    ['join()', '&&', 'l.n.eq(r.n)', () => df.join(df, (l: Columns, r: Columns) => l.n.eq(r.n) && l.k.eq(r.k))],
    ['orderBy()', '||', 'c.n || c.k', () => df.orderBy((c: Columns) => c.n || c.k)],
    ['agg()', '||', 'c.n || c.k', () => df.groupBy('flag').agg((c: Columns) => ({ x: sum(c.n || c.k) }))],
    ['filter()', '||', 'n.gt(1) || k', () => df.filter(({ n, k }: Columns) => n.gt(1) || k.eq('a'))],
    [
      'filter()',
      '||',
      'isLarge || c.k',
      () =>
        df.filter((c: Columns) => {
          const isLarge = c.n.gt(1)
          return isLarge || c.k.eq('a')
        }),
    ],
    [
      'filter()',
      '?',
      'if (c.n.gt(1))',
      () =>
        df.filter((c: Columns) => {
          if (c.n.gt(1)) return c.k.eq('a')
          return c.k.eq('b')
        }),
    ],
  ])('%s %s in %s', (method, operator, text, make) => {
    const { code, message, hint } = refusal(make)
    expect(code).toBe('DATASET_INVALID')
    expect(message).toContain(`${method}: ${operator} of JavaScript does not see the values of a column: ${text}`)
    expect(hint).toMatch(/^Write /)
  })

  it('&& between functions of names is seen by the condition that is made and dropped, in a function of columns', () => {
    const isBig = udf((n: number) => n > 1, boolean()) as Columns
    const { code, message } = refusal(() => df.filter(() => isBig('n') && isBig('k')))
    expect([code, message]).toEqual(['DATASET_INVALID', expect.stringContaining('makes the condition udf(n)')])
    for (const make of [() => df.filter(!isBig('n')), () => df.filter(() => !isBig('n'))]) {
      expect(refusal(make).code).toBe('DATASET_INVALID')
    }
  })

  it.each([
    ['>', () => df.filter((c: Columns) => c.k.eq('a').and(c.n > 1)), 'takes n for a value'],
    ['+', () => df.withColumn('x', (c: Columns) => c.n + 1), 'takes n for a value'],
    ['a template', () => df.withColumn('x', (c: Columns) => lit(`${c.k}!`)), 'takes k for a value'],
  ])('%s', (_, make, problem) => {
    expect(refusal(make).message).toContain(problem)
  })

  it('are allowed for what is no expression', () => {
    const params = { least: 0, name: '' }
    for (const make of [
      (c: Columns) => c.n.gt(params.least || 5),
      (c: Columns) => (params.name === '' ? c.n.gt(1) : c.k.eq(params.name)),
      (c: Columns) => c.n.gt(1).and(!params.name ? lit(true) : c.k.eq('a')),
      (c: Columns) => (['n', 'k'].includes('n') && c.n.gt(1)) as unknown,
      (c: Columns) => {
        const made = c.n.gt(1)
        if (params.least > 3) return made.and(c.k.eq('a'))
        return made
      },
    ]) {
      expect(() => df.filter(make)).not.toThrow()
    }
  })

  it('a condition that is made and dropped', () => {
    const { message, hint } = refusal(() =>
      df.filter((c: Columns) => {
        c.n.gt(1)
        return c.k.eq('a')
      }),
    )
    expect(message).toContain('filter(): the function makes the condition n > 1, but does not use it')
    expect(hint).toContain('and(…)')
  })

  it('are not seen in what uses all of them', () => {
    const outside = col('n').gt(1)
    for (const make of [
      (c: Columns) => c.n.gt(1).and(c.k.eq('a')).or(c.flag.isNull()).not(),
      (c: Columns) => c.n.between(1, 2).and(outside),
      (c: Columns) => when(c.n.gt(1), c.k.eq('a')).otherwise(c.k.eq('b')),
      (c: Columns) => [c.n.gt(1), c.k.eq('a')].reduce((a, b) => a.or(b)),
    ]) {
      expect(() => df.filter(make)).not.toThrow()
    }
    expect(() => df.select((c: Columns) => [c.n.gt(1).as('a'), c.k.eq('b').as('b')])).not.toThrow()
    expect(() => df.select((c: Columns) => ({ a: c.n.gt(1), b: c.n }))).not.toThrow()
    expect(() => df.orderBy((c: Columns) => c.n.gt(1).desc())).not.toThrow()
    expect(() => df.withColumns({ a: (c: Columns) => c.n.gt(1).cast('int') })).not.toThrow()
  })
})

it.each([
  [() => df.filter((c: Columns) => c.k.name.eq('x')), 'k.name: is string, and has no field name', ''],
  [() => df.filter((c: Columns) => c.n.gtt(1)), 'n.gtt: expressions have no gtt; did you mean gt()?', ''],
  [() => df.filter((c: Columns) => c.n.add(1).gtt(1)), 'expressions have no gtt; did you mean gt()?', ''],
  [() => df.agg((c: Columns) => ({ x: sum(c.n.plus(1)) })), 'n.plus: expressions have no plus', ''],
  [() => df.join(df, (l: Columns, r: Columns) => l.n.equals(r.n)), 'n.equals: expressions have no equals', ''],
  [() => df.filter((c: Columns) => c.n.eq), 'not the method eq(); a field of that name is getField', ''],
  [() => df.select((c: Columns) => ({ x: c.n.like })), 'not the method like()', ''],
  [() => df.withColumns({ x: col('n').eq }), 'not the method eq()', ''],
  [() => df.filter((c: Columns) => c.n.eq(c.n.lt)), 'not the method lt()', ''],
  [() => df.filter((c: Columns) => c.n.getField('')), 'getField() needs the name of a field, not ""', ''],
  [() => df.filter((c: Columns) => c.n.eq(null)), 'n.eq(null) is null for every row', 'n.isNull()'],
  [() => df.filter((c: Columns) => c.n > 1), 'takes n for a value, but it is an expression', 'c.price.mul'],
  [() => df.filter((c: Columns) => c.n.gt(undefined)), 'not undefined', ''],
  [() => df.orderBy('n desc'), 'No column "n desc"', 'col("n").desc()'],
  [() => df.agg({ x: sum(3 as never) }), 'sum(): the column must be text', 'Correct it where it is called.'],
  [() => topK('n' as never, 3 as never), 'topK(): k comes first', 'Correct it where it is called.'],
  [() => (long as (n: number) => unknown)(5), 'long(): its options must be a plain object, not 5', ''],
  [() => decimal('10' as never), 'decimal(): the precision must be a whole number', ''],
])('%s is refused', (make, problem, hint) => {
  const error = refusal(make)
  expect(error.message).toContain(problem)
  expect(error.message).not.toContain('job')
  expect(error.hint).toContain(hint)
  expect(error.hint).not.toContain('job')
})

it('actions refuse what is no number of rows', async () => {
  expect((await failure(df.take('3'))).message).toBe('take() needs a whole number from 0 to 9007199254740991, not "3".')
  expect((await failure(df.show('3'))).message).toContain('show() needs a whole number')
  expect((await failure(df.show(-1))).message).toContain('show() needs a whole number')
})

it('errors of a run do not speak of a job, and addresses are no paths', async () => {
  const fails = defineDataset({
    name: 'boo',
    build: () => {
      throw new Error('boo')
    },
  })
  const built = await failure(runDataset(fails, { output: 'unused' }))
  expect(built.message).toBe("The dataset's build function failed: boo")
  // No task has run: there is nothing to start over.
  expect(built.hint).toContain('then run the same command')
  const error = await failure(read.csv('https://example.com/a.csv').collect())
  expect(error.hint).toContain('download it first')
})

describe('windows', () => {
  const at = read(csv({ schema: { k: string(), n: int(), day: date(), ts: timestamp() } }), 'a.csv')
  // biome-ignore lint/suspicious/noExplicitAny: the compiler would refuse what these tests do
  const [frame, any] = [at as any, (made: unknown) => made as any]
  const window = Window.partitionBy('k').orderBy('n')

  it.each([
    ['no window', () => any(sum('n')).over('k'), 'over() needs a window, not "k"'],
    ['nothing', () => any(rank()).over(), 'over() needs a window, not undefined'],
    ['a function that is not called', () => any(window).partitionBy(sum('n')), 'needs names of columns or expressions'],
    [
      'no order',
      () => frame.select(rank().over(Window.partitionBy('k'))),
      'rank() over (partition by k) needs an order',
    ],
    [
      'a frame where there is none',
      () => frame.withColumn('r', rowNumber().over(window.rowsBetween(-1, 0))),
      'takes no frame: it is about the whole partition',
    ],
    ['a filter', () => frame.filter(rank().over(window).lt(3)), 'a window function is not possible here'],
    ['an aggregate', () => frame.agg({ r: sum(rank().over(window)) }), 'a window function is not possible here'],
    ['a group', () => frame.groupBy(rank().over(window).as('r')).count(), 'a window function is not possible here'],
    ['a window in a window', () => frame.select(sum(rank().over(window)).over(window)), 'is not possible here'],
    ['an error that is too small', () => approxCountDistinct('n', 0.001), 'from 0.0022 to 0.39, not 0.001'],
    ['a correlation with text', () => frame.agg({ r: corr('n', 'k') }), 'corr(n, k) needs numbers, not string'],
    ['a correlation with nothing', () => any(corr)('n'), 'corr() needs a column or an expression, not undefined'],
    ['a count of numbers', () => frame.agg({ r: countIf('n') }), 'countIf(n) needs a condition, not int'],
    ['whether all are numbers', () => frame.agg({ r: boolAnd('n') }), 'boolAnd(n) needs a condition, not int'],
    ['the largest by nothing', () => any(maxBy)('n'), 'maxBy() needs a column or an expression, not undefined'],
    ['the smallest by an unknown column', () => frame.agg(any({ r: minBy('n', 'nn') })), '"nn"'],
    ['nulls that may be ignored', () => any(first)('n', { ignoreNull: true }), 'ignoreNull'],
    [
      'too many different values',
      () =>
        frame.agg(Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`d${i}`, countDistinct(col('n').add(i))]))),
      'more than 255 columns at once',
    ],
    ['a median of text', () => frame.agg({ r: median('k') }), 'needs numbers, not string'],
    ['a fraction of a hundred', () => percentile('n', 95), 'from 0 to 1, or a list of these, not 95'],
    ['a fraction that is none', () => percentileDisc('n', [0.5, Number.NaN]), 'not NaN'],
    ['no fractions', () => percentile('n', []), 'not an empty list'],
    ['no fraction', () => any(percentile)('n'), 'not undefined'],
    ['a percentile of a function', () => any(percentile)((c: { n: unknown }) => c.n, 0.5), 'not a function'],
    ['different values', () => frame.select(countDistinct('n').over(window)), 'are not counted in windows'],
    ['the smallest', () => frame.select(topK(2, 'n', { ascending: true }).over(window)), 'topK() of the smallest'],
    ['a sum of text', () => frame.select(sum('k').over(window)), 'needs numbers, not string'],
    ['ends in the wrong order', () => window.rowsBetween(1, -1), 'the frame ends before it starts'],
    ['the same by range', () => frame.select(sum('n').over(window.rangeBetween('1 day', '-1 day'))), 'Give a number'],
    [
      'the same in time',
      () => frame.select(sum('n').over(Window.orderBy('ts').rangeBetween('1 day', '-1 day'))),
      'the frame ends before it starts',
    ],
    ['half a row', () => window.rowsBetween(-0.5, 1), 'rowsBetween() needs whole numbers of rows'],
    ['no number', () => any(window).rangeBetween(null, 1), 'rangeBetween() needs numbers, lengths of time'],
    ['NaN', () => window.rangeBetween(Number.NaN, 1), 'rangeBetween() needs numbers, lengths of time'],
    ['half of a whole number', () => frame.select(sum('n').over(window.rangeBetween(-0.5, 0))), 'Give a whole number'],
    [
      'a number for a time',
      () => frame.select(sum('n').over(Window.orderBy('ts').rangeBetween(-1, 0))),
      '-1 is no distance of ts, which is of type timestamp',
    ],
    [
      'hours between days',
      () => frame.select(sum('n').over(Window.orderBy('day').rangeBetween('-1 hour', 0))),
      'whole days',
    ],
    [
      'a distance of two columns',
      () => frame.select(sum('n').over(window.orderBy('n', 'k').rangeBetween(-1, 0))),
      'needs an order by one column, not 2',
    ],
    [
      'a distance of text',
      () => frame.select(sum('n').over(Window.orderBy('k').rangeBetween(-1, 0))),
      '-1 is no distance of k, which is of type string',
    ],
    ['no part', () => ntile(0), 'ntile(): the number of parts must be'],
    ['no row', () => nthValue('n', 0), 'nthValue(): n must be'],
    ['part of a row', () => lag('n', 1.5), 'lag(): the distance must be'],
    ['no column', () => any(lag)(), 'lag() needs a column or an expression'],
    ['what lag gives else', () => frame.select(lag('n', 1, 'x').over(window)), "'x'"],
    [
      'an unknown column of a partition',
      () => frame.select(rank().over(Window.partitionBy('kk').orderBy('n'))),
      '"kk"',
    ],
    ['an unknown column beside one', () => frame.select('m', rank().over(window)), 'Columns: k, n, day, ts'],
    ['more than it takes', () => any(rank)(1), 'rank() takes no argument'],
    ['two windows', () => any(rank()).over(window, window), 'over() takes one argument'],
  ])('%s', (_, make, problem) => {
    const { message, hint } = refusal(make)
    expect(`${message} ${hint}`).toContain(problem)
  })
})

describe('sets, pivots and descriptions', () => {
  const other = df.select('n', 'k', 'flag')

  it.each([
    ['columns in another order', () => df.intersect(other), 'intersect(): both sides have the same columns'],
    ['fewer columns', () => df.exceptAll(df.select('k')), 'exceptAll(): one side has 3 columns, another 1'],
    ['no frame', () => df.subtract('a'), 'except() needs another data frame, not "a"'],
    [
      'an empty list of values',
      () => df.groupBy('k').pivot('flag', []),
      'pivot() needs the values that become columns',
    ],
    ['a list of lists', () => df.groupBy('k').pivot('flag', [['x']]), 'pivot() needs the values'],
    [
      'values of another type',
      () =>
        df
          .groupBy('k')
          .pivot('n', ['x'])
          .agg({ n: sum('n') }),
      "'x'",
    ],
    [
      'the same value twice',
      () =>
        df
          .groupBy('k')
          .pivot('flag', ['x', 'x'])
          .agg({ n: sum('n') }),
      'two columns would have the name "x"',
    ],
    [
      'a value that is a key',
      () =>
        df
          .groupBy('k')
          .pivot('flag', ['k'])
          .agg({ n: sum('n') }),
      'two columns would have the name "k"',
    ],
    [
      'a pivot of lists',
      () =>
        df
          .groupBy('k')
          .pivot('flag', ['x'])
          .agg({ n: collectList('n') }),
      'n is a list',
    ],
    [
      'an unknown pivot',
      () =>
        df
          .groupBy('k')
          .pivot('flagg', ['x'])
          .agg({ n: sum('n') }),
      '"flagg"',
    ],
    ['unknown columns', () => df.describe('m'), '"m"'],
  ])('%s', (_, make, problem) => {
    const { message, hint } = refusal(make)
    expect(`${message} ${hint}`).toContain(problem)
  })
})
