/** Types flow: from schemas through every method to rows. Checked by the compiler. */
import {
  type ActionOptions,
  abs,
  avg,
  type Bool,
  boolAnd,
  broadcast,
  coalesce,
  col,
  collectList,
  concatWs,
  corr,
  count,
  countDistinct,
  countIf,
  csv,
  type DataFrame,
  type DateType,
  type Decimal,
  type Double,
  date,
  dateTrunc,
  decimal,
  double,
  first,
  fromJson,
  type Int,
  int,
  isNull,
  jsonl,
  type List,
  type Long,
  lag,
  length,
  list,
  lit,
  ln,
  locate,
  long,
  max,
  maxBy,
  median,
  min,
  minBy,
  mode,
  type Nullable,
  nullable,
  parquet,
  percentile,
  type RowForms,
  type RowOf,
  type RowWith,
  rank,
  read,
  type Str,
  string,
  struct,
  sum,
  type Timestamp,
  timestamp,
  topK,
  tryFromJson,
  type Untyped,
  Window,
  when,
  year,
} from 'runjob'
import { describe, expectTypeOf, it } from 'vitest'

const orders = read(
  csv({
    schema: {
      id: long(),
      product_id: long(),
      status: string(),
      total: decimal(12, 2),
      created_at: timestamp(),
      note: nullable(string()),
    },
  }),
  'orders.csv',
)
const products = read(
  jsonl({ schema: { id: long(), category: string(), weight: nullable(double()) } }),
  'products.jsonl',
)
const untyped = read(parquet(), 'lake')

type SchemaOf<F> = F extends { readonly schema?: infer S } ? NonNullable<S> : never

describe('the types of data frames', () => {
  it('are those of the schema, and give the types of rows', () => {
    type Row = RowOf<SchemaOf<typeof orders>>
    expectTypeOf<Row>().toEqualTypeOf<{
      id: number
      product_id: number
      status: string
      total: string
      created_at: Date
      note: string | null
    }>()
    expectTypeOf(() => orders.collect()).returns.resolves.toEqualTypeOf<Row[]>()
    expectTypeOf(() => orders.first()).returns.resolves.toEqualTypeOf<Row | null>()
    const nested = read(jsonl({ schema: { tags: list(string()), at: struct({ x: int(), y: nullable(int()) }) } }), 'x')
    expectTypeOf<RowOf<SchemaOf<typeof nested>>>().toEqualTypeOf<{
      tags: string[]
      at: { x: number; y: number | null }
    }>()
    expectTypeOf<RowOf<SchemaOf<ReturnType<typeof read.text>>>>().toEqualTypeOf<{ value: string }>()
  })

  it('say in which form rows are asked for', () => {
    expectTypeOf(() =>
      orders.collect({ longs: 'bigint', timestamps: 'micros', workers: 2 }),
    ).returns.resolves.toEqualTypeOf<
      {
        id: bigint
        product_id: bigint
        status: string
        total: string
        created_at: bigint
        note: string | null
      }[]
    >()
    expectTypeOf(() => products.first({ longs: 'bigint' })).returns.resolves.toEqualTypeOf<{
      id: bigint
      category: string
      weight: number | null
    } | null>()
    type Row = RowOf<SchemaOf<typeof orders>>
    expectTypeOf(() => orders.take(2, { workers: 2 })).returns.resolves.toEqualTypeOf<Row[]>()
    const options: ActionOptions = { workers: 2 }
    expectTypeOf(() => orders.take(2, options)).returns.resolves.toEqualTypeOf<Row[]>()
    expectTypeOf(() => orders.collect({ ...options, timestamps: 'micros' })).returns.resolves.toEqualTypeOf<
      RowWith<SchemaOf<typeof orders>, { timestamps: 'micros' }>[]
    >()
    type Times = RowWith<SchemaOf<typeof orders>, { timestamps: 'micros' }>
    expectTypeOf<Times['id']>().toEqualTypeOf<number>()
    expectTypeOf<Times['created_at']>().toEqualTypeOf<bigint>()
    // Columns without a declared type are as before.
    expectTypeOf(() => untyped.collect({ longs: 'bigint' })).returns.resolves.toEqualTypeOf<RowOf<Untyped>[]>()
  })

  it('know longs and timestamps wherever they go', () => {
    const deep = read(
      jsonl({
        schema: {
          ids: list(nullable(long())),
          at: nullable(struct({ n: int(), times: list(struct({ t: nullable(timestamp()) })) })),
        },
      }),
      'x',
    )
    const asked = { longs: 'bigint', timestamps: 'micros' } as const
    expectTypeOf(() => deep.first(asked)).returns.resolves.toEqualTypeOf<{
      ids: (bigint | null)[]
      at: { n: number; times: { t: bigint | null }[] } | null
    } | null>()
    const joined = orders
      .join(products, 'id', 'left')
      .groupBy('id', year('created_at').as('year'))
      .agg({ n: count(), all: collectList('product_id'), last: max('created_at'), sum: sum('id'), mean: avg('id') })
    expectTypeOf(() => joined.collect(asked)).returns.resolves.toEqualTypeOf<
      { id: bigint; year: number | null; n: bigint; all: bigint[]; last: bigint; sum: bigint; mean: number }[]
    >()
    expectTypeOf(() => joined.count()).returns.resolves.toEqualTypeOf<number>()
  })

  it('say what is declared to be bigints, and what is computed of it', () => {
    const exact = read(
      jsonl({
        schema: {
          id: long({ js: 'bigint' }),
          n: nullable(long({ js: 'bigint' })),
          at: timestamp({ js: 'micros' }),
          plain: long(),
          day: nullable(timestamp()),
          ids: list(long({ js: 'bigint' })),
          one: struct({ at: nullable(timestamp({ js: 'micros' })), n: long() }),
        },
      }),
      'x',
    )
    type Row = {
      id: bigint
      n: bigint | null
      at: bigint
      plain: number
      day: Date | null
      ids: bigint[]
      one: { at: bigint | null; n: number }
    }
    expectTypeOf(() => exact.collect()).returns.resolves.toEqualTypeOf<Row[]>()
    type Asked = RowWith<SchemaOf<typeof exact>, { longs: 'bigint' }>
    expectTypeOf<[Asked['id'], Asked['plain'], Asked['at'], Asked['day']]>().toEqualTypeOf<
      [bigint, bigint, bigint, Date | null]
    >()
    const made = exact.select((c) => ({
      added: c.id.add(1),
      both: c.plain.mul(c.n),
      half: c.id.div(2),
      chosen: when(c.id.gt(1), c.plain).otherwise(c.id),
      time: when(c.at.gt(c.day), c.at).otherwise(c.day),
      absolute: abs(c.n),
      day: dateTrunc('day', c.at),
      number: c.id.cast(long()),
      bigint: c.plain.cast(long({ js: 'bigint' })),
    }))
    expectTypeOf<RowOf<SchemaOf<typeof made>>>().toEqualTypeOf<{
      added: bigint
      both: bigint | null
      half: number
      chosen: bigint
      time: bigint | null
      absolute: bigint | null
      day: Date | null
      number: number
      bigint: bigint
    }>()
    const grouped = exact
      .groupBy('id')
      .agg({ total: sum('n'), all: collectList('n'), last: max('at'), rows: count(), mean: avg('id') })
    expectTypeOf<RowOf<SchemaOf<typeof grouped>>>().toEqualTypeOf<{
      id: bigint
      total: bigint | null
      all: bigint[]
      last: bigint
      rows: number
      mean: number
    }>()
    exact.filter((c) =>
      c.id
        .eq(1)
        .and(c.id.lt(2n ** 60n))
        .and(c.at.gt('2024-01-01'))
        .and(c.at.lt(new Date(0))),
    )
    exact.filter((c) => c.id.eq(c.plain).and(c.plain.eq(c.id)).and(c.at.eq(c.day)).and(c.day.eq(c.at)))
    const wrong = () => {
      // @ts-expect-error no such form
      long({ js: 'number' })
      // @ts-expect-error no such form
      timestamp({ js: 'bigint' })
      // @ts-expect-error not an instant
      exact.filter((c) => c.at.eq(5n))
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('say both where the form is known only at run time', () => {
    const forms: RowForms = {}
    expectTypeOf(() => products.first(forms).then((row) => row!.id)).returns.resolves.toEqualTypeOf<number | bigint>()
    const either = () => (Math.random() < 0.5 ? ({ longs: 'bigint' } as const) : { workers: 1 })
    const id = async () => (await products.collect(either()))[0]!.id
    expectTypeOf(id).returns.resolves.toEqualTypeOf<number | bigint>()
    const wrong = () => {
      // @ts-expect-error no such form
      orders.collect({ longs: 'text' })
      // @ts-expect-error no such form
      orders.first({ timestamps: 'bigint' })
      const exact = products.collect({ longs: 'bigint' })
      // @ts-expect-error a bigint is no number
      exact.then((rows) => rows.map((row): number => row.id))
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('know the columns in conditions', () => {
    orders.filter((c) => c.status.eq('completed').and(c.created_at.ge('2024-01-01')))
    orders.filter(col('status').eq('x'))
    orders.filter((c) => c.note.isNull().or(c.total.gt('12.5')))
    orders.where((c) => c.id.isIn(1, 2, 3))
    const wrong = () => {
      // @ts-expect-error unknown column
      orders.filter(col('statsu').eq('x'))
      // @ts-expect-error unknown column
      orders.filter((c) => c.statsu.eq('x'))
      // @ts-expect-error a number is no text
      orders.filter((c) => c.status.eq(5))
      // @ts-expect-error not a condition
      orders.filter((c) => c.id)
      // @ts-expect-error text and a number
      orders.filter((c) => c.status.eq(c.id))
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('follow what is selected, added, renamed and dropped', () => {
    expectTypeOf(orders.select('id', 'note')).toEqualTypeOf<DataFrame<Pick<SchemaOf<typeof orders>, 'id' | 'note'>>>()
    const computed = orders.select((c) => [c.id, c.total.mul(2).as('twice'), length(c.note).as('n')])
    expectTypeOf<SchemaOf<typeof computed>>().toExtend<{ twice: Decimal; n: Nullable<Int> }>()
    const net = orders.withColumn('net', (c) => c.total.mul('0.81')).withColumn('id', (c) => c.id.cast(string()))
    expectTypeOf<SchemaOf<typeof net>['net']>().toEqualTypeOf<Decimal>()
    expectTypeOf<SchemaOf<typeof net>['id']>().toEqualTypeOf<Str>()
    const renamed = orders.withColumnRenamed('id', 'order_id')
    expectTypeOf<SchemaOf<typeof renamed>['order_id']>().toEqualTypeOf<Long>()
    expectTypeOf<keyof SchemaOf<typeof renamed>>().toEqualTypeOf<
      'order_id' | 'product_id' | 'status' | 'total' | 'created_at' | 'note'
    >()
    expectTypeOf<keyof SchemaOf<ReturnType<typeof products.drop<'id'>>>>().toEqualTypeOf<'category' | 'weight'>()
    const chosen = orders.select((c) => ({ id: 'id', twice: c.total.mul(2) }))
    expectTypeOf<SchemaOf<typeof chosen>>().toEqualTypeOf<{ id: Long; twice: Decimal }>()
    const added = orders.withColumns({ net: (c) => c.total.mul('0.81'), id: (c) => c.id.cast(string()) })
    expectTypeOf<SchemaOf<typeof added>['net']>().toEqualTypeOf<Decimal>()
    expectTypeOf<SchemaOf<typeof added>['id']>().toEqualTypeOf<Str>()
    expectTypeOf<SchemaOf<typeof added>['note']>().toEqualTypeOf<Nullable<Str>>()
    const wrong = () => {
      // @ts-expect-error unknown column
      orders.select({ x: 'idd' })
      // @ts-expect-error unknown column
      orders.select((c) => ({ x: c.idd }))
      // @ts-expect-error unknown column
      orders.withColumns({ x: (c) => c.idd })
      // @ts-expect-error unknown column
      orders.select('idd')
      // @ts-expect-error unknown column
      orders.drop('idd')
      // @ts-expect-error unknown column
      net.select((c) => [c.nett])
      // @ts-expect-error it has another name now
      renamed.select('id')
      // @ts-expect-error unknown column
      orders.orderBy('idd')
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('know what arithmetic and functions give', () => {
    const made = products
      .withColumn('a', (c) => c.id.add(1))
      .withColumn('b', (c) => c.id.mul(c.weight))
      .withColumn('c', (c) => c.id.div(2))
      .withColumn('d', (c) => c.weight.isNull())
      .withColumn('e', (c) => length(c.category))
      .withColumn('f', (c) => when(c.id.gt(3), lit('large')).otherwise('small'))
    type Made = RowOf<SchemaOf<typeof made>>
    expectTypeOf<Made['a']>().toEqualTypeOf<number>()
    expectTypeOf<Made['b']>().toEqualTypeOf<number | null>()
    expectTypeOf<Made['c']>().toEqualTypeOf<number>()
    expectTypeOf<Made['d']>().toEqualTypeOf<boolean>()
    expectTypeOf<Made['e']>().toEqualTypeOf<number>()
    expectTypeOf<Made['f']>().toEqualTypeOf<string>()
    const chosen = orders
      .withColumn('widest', (c) => when(c.id.gt(3), length(c.status)).when(c.id.gt(2), c.id).otherwise(c.total))
      .withColumn('long', (c) => when(c.id.gt(3), length(c.status)).otherwise(c.id))
      .withColumn('missing', (c) => when(c.id.gt(3), c.status).otherwise(c.note))
      .withColumn('nothing', (c) => when(c.id.gt(3), c.status).otherwise(null))
    type Chosen = SchemaOf<typeof chosen>
    expectTypeOf<Chosen['widest']>().toEqualTypeOf<Decimal>()
    expectTypeOf<Chosen['long']>().toEqualTypeOf<Long>()
    expectTypeOf<Chosen['missing']>().toEqualTypeOf<Nullable<Str>>()
    expectTypeOf<Chosen['nothing']>().toEqualTypeOf<Nullable<Str>>()
    orders.withColumn('note', coalesce('note', lit('none')))
  })

  it('know the columns that functions read', () => {
    const made = orders.select('id', dateTrunc('day', 'created_at').as('day'), isNull('note').as('none'))
    expectTypeOf<SchemaOf<typeof made>>().toEqualTypeOf<{
      id: Long
      day: Timestamp | Nullable<Timestamp>
      none: Bool
    }>()
    const chosen = orders.select((c) => ({ size: when(c.id.gt(3), 'large').otherwise('small'), log: ln(c.id) }))
    expectTypeOf<SchemaOf<typeof chosen>>().toEqualTypeOf<{ size: Str; log: Nullable<Double> }>()
    const grouped = orders
      .groupBy(dateTrunc('day', 'created_at').as('day'))
      .agg((c) => ({ large: sum(when(c.id.gt(3), c.id).otherwise(0)) }))
    expectTypeOf<SchemaOf<typeof grouped>['large']>().toEqualTypeOf<Long>()
    orders.orderBy(locate('x', 'note'), concatWs(' ', 'status', 'note'))
    const wrong = () => {
      // @ts-expect-error unknown column
      orders.select(dateTrunc('day', 'created').as('day'))
      // @ts-expect-error unknown column
      orders.select(when(col('idd').gt(3), 1).otherwise(2).as('x'))
      // @ts-expect-error unknown column
      orders.orderBy(concatWs(' ', 'status', 'notes'))
      // @ts-expect-error unknown column
      orders.groupBy(isNull('notes').as('none'))
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('know the fields of structs', () => {
    const people = read(
      jsonl({
        schema: {
          id: long(),
          address: nullable(
            struct({ city: string(), zip: nullable(string()), at: struct({ x: double(), eq: int() }), key: int() }),
          ),
          pair: struct({ of: int(), names: string(), eq: string(), isNull: long({ js: 'bigint' }) }),
          orders: list(struct({ price: decimal(10, 2) })),
        },
      }),
      'x',
    )
    const chosen = people.select((c) => [
      c.address.city,
      c.address.at.x,
      c.address.zip.as('code'),
      c.address.key,
      c.pair.of,
      c.pair.names,
      c.pair.getField('eq'),
      c.pair.getField('isNull'),
    ])
    expectTypeOf<SchemaOf<typeof chosen>>().toEqualTypeOf<{
      city: Nullable<Str>
      x: Nullable<Double>
      code: Nullable<Str>
      key: Nullable<Int>
      of: Int
      names: Str
      eq: Str
      isNull: Long<bigint>
    }>()
    const made = people
      .filter((c) => c.address.city.eq('London').and(c.address.at.getField('eq').gt(3)))
      .withColumn('city', (c) => c.address.city)
      .withColumn('first', (c) => c.orders.getItem(0).price)
      .withColumn('n', (c) => length(c.pair.names))
      .orderBy((c) => c.address.at.x.desc())
    type Made = SchemaOf<typeof made>
    expectTypeOf<[Made['city'], Made['first'], Made['n']]>().toEqualTypeOf<[Nullable<Str>, Nullable<Decimal>, Int]>()
    const grouped = people.groupBy(col('id')).agg((c) => ({ last: max(c.address.zip), all: collectList(c.pair.of) }))
    expectTypeOf<SchemaOf<typeof grouped>['last']>().toEqualTypeOf<Nullable<Str>>()
    expectTypeOf<SchemaOf<typeof grouped>['all']>().toEqualTypeOf<List<Int>>()
    people.join(people.select('pair'), (l, r) => l.pair.of.eq(r.pair.of), { suffix: '_r' })
    const wrong = () => {
      // @ts-expect-error no such field
      people.filter((c) => c.address.citty.eq('x'))
      // @ts-expect-error no such field
      people.select((c) => ({ x: c.address.getField('citty') }))
      // @ts-expect-error a number is no text
      people.filter((c) => c.address.city.eq(5))
      // @ts-expect-error the method, not the field
      people.select((c) => ({ x: c.pair.eq }))
      // @ts-expect-error no struct
      people.select((c) => ({ x: c.id.city }))
      // @ts-expect-error no struct
      people.select((c) => ({ x: c.id.getField('city') }))
      // @ts-expect-error no such field of elements
      people.select((c) => ({ x: c.orders.getItem(0).prize }))
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('are those that JSON text is read as', () => {
    const events = read(jsonl({ schema: { id: long(), body: nullable(string()) } }), 'x')
    const read_ = events.withColumn(
      'event',
      fromJson('body', struct({ at: long({ js: 'bigint' }), note: nullable(string()) })),
    )
    expectTypeOf<RowOf<SchemaOf<typeof read_>>['event']>().toEqualTypeOf<{ at: bigint; note: string | null } | null>()
    const chosen = read_.select((c) => ({
      at: c.event.at,
      ids: tryFromJson(c.body, list(int())),
    }))
    expectTypeOf<RowOf<SchemaOf<typeof chosen>>>().toEqualTypeOf<{
      at: bigint | null
      ids: number[] | null
    }>()
    const wrong = () => {
      // @ts-expect-error no such column
      events.select(fromJson('bodies', list(int())).as('x'))
      // @ts-expect-error neither a struct nor a list
      fromJson('body', int())
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('go through groups', () => {
    const grouped = orders
      .groupBy(year('created_at').as('year'), 'status')
      .agg({ revenue: sum('total'), orders: count(), best: max('note'), ids: countDistinct('id'), mean: avg('id') })
    expectTypeOf<RowOf<SchemaOf<typeof grouped>>>().toEqualTypeOf<{
      year: number | null
      status: string
      revenue: string
      orders: number
      best: string | null
      ids: number
      mean: number
    }>()
    const made = orders
      .groupBy(
        (c) => c.status,
        (c) => year(c.created_at).as('year'),
      )
      .agg({ n: count() })
    expectTypeOf<RowOf<SchemaOf<typeof made>>>().toEqualTypeOf<{ status: string; year: number; n: number }>()
    const lists = orders.groupBy('status').agg((c) => ({
      all: collectList(c.note),
      net: sum(c.total.mul(2)),
      top: topK(3, 'id'),
      middle: median('total'),
      high: percentile(c.id, [0.9, 0.99]),
      like: corr('total', c.id),
      latest: maxBy('note', 'created_at'),
      cheapest: minBy(c.id, c.total),
      usual: mode('status'),
      good: countIf(c.note.isNotNull()),
      all_good: boolAnd(c.note.isNotNull()),
      noted: first('note', { ignoreNulls: true }),
    }))
    expectTypeOf<SchemaOf<typeof lists>>().toEqualTypeOf<{
      status: Str
      all: List<Str>
      net: Decimal
      top: List<Long>
      middle: Double
      high: List<Double>
      like: Nullable<Double>
      latest: Nullable<Str>
      cheapest: Long
      usual: Str
      good: Long
      all_good: Bool
      noted: Nullable<Str>
    }>()
    const counted = orders.groupBy('status').count()
    expectTypeOf<SchemaOf<typeof counted>>().toEqualTypeOf<{ status: Str; count: Long }>()
    const total = orders.agg({ most: max('total'), n: count() })
    expectTypeOf<SchemaOf<typeof total>>().toEqualTypeOf<{ most: Nullable<Decimal>; n: Long }>()
    const wrong = () => {
      // @ts-expect-error unknown column
      orders.groupBy('statsu')
      // @ts-expect-error no such column
      orders.groupBy((c) => c.statsu)
      // @ts-expect-error no name
      orders.groupBy((c) => year(c.created_at))
      // @ts-expect-error unknown column
      orders.groupBy('status').agg({ x: sum('totl') })
      // @ts-expect-error unknown column
      orders.groupBy('status').agg({ x: maxBy('note', 'created') })
      // @ts-expect-error unknown column
      orders.groupBy('status').agg({ x: corr('total', 'idd') })
      // @ts-expect-error an expression of one row
      orders.groupBy('status').agg((c) => ({ x: c.total }))
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('go through joins', () => {
    const inner = orders.join(broadcast(products), { left: 'product_id', right: 'id' })
    expectTypeOf<RowOf<SchemaOf<typeof inner>>>().toEqualTypeOf<{
      id: number
      product_id: number
      status: string
      total: string
      created_at: Date
      note: string | null
      category: string
      weight: number | null
    }>()
    const left = orders.join(products, 'id', 'left')
    expectTypeOf<RowOf<SchemaOf<typeof left>>['category']>().toEqualTypeOf<string | null>()
    const semi = orders.join(products, 'id', 'semi')
    expectTypeOf<SchemaOf<typeof semi>>().toEqualTypeOf<SchemaOf<typeof orders>>()
    const suffixed = orders.join(products, (l, r) => l.product_id.eq(r.id).and(l.total.gt(r.id)), {
      how: 'left',
      suffix: '_p',
    })
    expectTypeOf<RowOf<SchemaOf<typeof suffixed>>['id_p']>().toEqualTypeOf<number | null>()
    const wrong = () => {
      // @ts-expect-error both have an id
      orders.join(products, (l, r) => l.product_id.eq(r.id))
      // @ts-expect-error only one has it
      orders.join(products, 'status')
      // @ts-expect-error no such type
      orders.join(products, 'id', 'outer')
      const clashing = products.withColumn('status', (c) => c.category)
      // @ts-expect-error both would have a status
      orders.join(clashing, 'id')
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('of windows follow from what they are over', () => {
    const window = Window.partitionBy('status').orderBy(col('created_at').desc())
    const made = () =>
      orders
        .withColumns({ r: rank().over(window), n: count().over(window), any: sum('total').over(window) })
        .withColumn('share', (c) => c.total.div(sum(c.total).over(Window.partitionBy('status'))))
        .select((c) => ({
          r: c.r,
          n: c.n,
          share: c.share,
          before: lag(c.note).over(window),
          least: min(c.id).over(window.rowsBetween(-1, Window.currentRow)),
          all: collectList(c.id).over(window),
        }))
    expectTypeOf<RowOf<SchemaOf<ReturnType<typeof made>>>>().toEqualTypeOf<{
      r: number
      n: number
      share: string | null
      before: string | null
      least: number | null
      all: number[]
    }>()
    const wrong = () => {
      // @ts-expect-error no such column
      orders.withColumn('r', rank().over(Window.partitionBy('state').orderBy('id')))
      // @ts-expect-error no such column
      orders.withColumn('r', sum('price').over(window))
      // @ts-expect-error an aggregate is no expression
      orders.withColumn('r', sum('total'))
      // @ts-expect-error no window
      rank().over('status')
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('are any where no schema is declared', () => {
    expectTypeOf(untyped).toEqualTypeOf<DataFrame<Untyped>>()
    const made = () =>
      untyped
        .filter((c) => c.status.ge(500).and(col('path').isNotNull()))
        .groupBy('path')
        .agg({ n: count(), bytes: sum('bytes') })
        .orderBy((c) => c.n.desc(), 'path')
        .limit(10)
    type Made = RowOf<SchemaOf<ReturnType<typeof made>>>
    expectTypeOf<Made['n']>().toEqualTypeOf<number>()
    untyped.select((c) => ({ a: c.address.city, b: c.address.getField('eq'), d: col('address').getField('zip') }))
  })

  it('are exported by name', () => {
    expectTypeOf<RowOf<{ a: Int; b: Double; c: DateType }>>().toEqualTypeOf<{ a: number; b: number; c: string }>()
    expectTypeOf(read(csv({ schema: { d: date() } }), 'x')).toEqualTypeOf<DataFrame<{ d: DateType }>>()
    expectTypeOf(read.csv('x', { schema: { d: date() }, delimiter: ';' })).toEqualTypeOf<DataFrame<{ d: DateType }>>()
    expectTypeOf(read.json('x')).toEqualTypeOf<DataFrame<Untyped>>()
  })
})
