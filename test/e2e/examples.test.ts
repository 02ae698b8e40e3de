/** The datasets in examples/: what plain TypeScript answers, of their own files and of many more rows, however they are run. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { read, runDataset } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { hash } from '../helpers/interpreter/hash.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, failure } from '../helpers/run.js'

const examples = resolve(dirname(fileURLToPath(import.meta.url)), '../../examples')

interface Order {
  id: number
  customer_id: string
  product_id: string
  status: string
  total: string
  created_at: string
}
interface Product {
  id: string
  name: string
  category: string
}
interface Click {
  user: string
  time: number
  page: string
}

/** What the examples read. */
interface Files {
  orders: Order[]
  products: Product[]
  clicks: Click[]
  log: string[]
}

const own: Files = {
  orders: rowsOf(join(examples, 'shop/orders.csv')) as unknown as Order[],
  products: rowsOf(join(examples, 'shop/products.csv')) as unknown as Product[],
  clicks: rowsOf(join(examples, 'clicks.csv')) as unknown as Click[],
  log: readFileSync(join(examples, 'server.log'), 'utf8').trimEnd().split('\n'),
}

/** Several batches and splits; times and amounts that repeat, products that nobody knows, users with clicks at the same time. */
const many = manyRows(new Random(38))

function manyRows(random: Random): Files {
  const start = Date.UTC(2025, 10, 28)
  const pages = ['/home', '/help', '/order?id=7', '/caf%C3%A9', '/orders/12/items/3', '/products/p07']
  return {
    products: random.times(30, (i) => ({ id: `p${i}`, name: `Thing ${i}`, category: `kind ${i % 7}` })),
    orders: random.times(2500, (id) => ({
      id,
      customer_id: `c${random.below(400)}`,
      product_id: `p${random.below(33)}`,
      status: random.pick(['completed', 'completed', 'completed', 'cancelled', 'pending']),
      total: (random.below(2000) / 100).toFixed(2),
      created_at: new Date(start + random.below(150) * 86_400_000 + random.below(3) * 43_199_999).toISOString(),
    })),
    clicks: random.times(2500, () => ({
      user: `u${random.below(60)}`,
      time: 1000 + 20 * random.below(20_000),
      page: random.pick(pages),
    })),
    log: random.times(2500, (i) =>
      random.below(9) === 0
        ? `    at line ${i}`
        : `2026-03-14T08:00:00Z 10.0.0.1 "GET ${random.pick(pages)} HTTP/1.1" ${random.pick([200, 200, 404, 500])} ${random.below(900)}ms`,
    ),
  }
}

/** The rows of each folder or named output, '' for an output of one. */
type Answer = Record<string, object[]>

const ANSWERS: Record<string, (files: Files) => Answer> = {
  daily_revenue({ orders, products }) {
    const groups = groupBy(
      completed(orders, products),
      ({ created_at, category }) => `${created_at.slice(0, 10)} ${category}`,
    )
    const rows = sorted(groups).map(([key, group]) => {
      const [day, category] = [key.slice(0, 10), key.slice(11)]
      return { day, category, revenue: revenueOf(group), avg_order_value: meanOf(group), order_count: group.length }
    })
    return Object.fromEntries(sorted(groupBy(rows, ({ day }) => `month=${day.slice(0, 7)}`)))
  },

  top_products({ orders, products }) {
    const sales = sorted(groupBy(completed(orders, products), ({ category, name }) => `${category}\n${name}`)).map(
      ([key, group]) => {
        const [category, name] = key.split('\n') as [string, string]
        return { category, name, revenue: revenueOf(group), orders: group.length }
      },
    )
    const placed = sales.map(({ category, name, revenue, orders }) => {
      const better = sales.filter((other) => other.category === category && other.revenue > revenue)
      return { category, place: better.length + 1, name, revenue, orders }
    })
    const places = placed.filter(({ place }) => place <= 3)
    return {
      '': places.sort((a, b) => compare(a.category, b.category) || a.place - b.place || compare(a.name, b.name)),
    }
  },

  user_sessions({ clicks }) {
    const rows = sorted(groupBy(clicks, ({ user }) => user)).flatMap(([user, own]) => {
      const sessions: Click[][] = []
      for (const click of [...own].sort((a, b) => a.time - b.time)) {
        const open = sessions.at(-1)
        if (open && click.time - open.at(-1)!.time <= 1800) open.push(click)
        else sessions.push([click])
      }
      return sessions.map((clicks, i) => {
        const [start, end] = [clicks[0]!.time, clicks.at(-1)!.time]
        const exit = clicks.find(({ time }) => time === end)!.page
        const pages = { entry: clicks[0]!.page, exit }
        return { user, session: i + 1, start, end, clicks: clicks.length, ...pages, seconds: end - start }
      })
    })
    return { '': rows }
  },

  latency_by_route({ log }) {
    const isRequest = (line: string) => line.endsWith('ms')
    const requests = log.filter(isRequest).map((line) => {
      const [, , , target = '', , status = '', ms = ''] = line.split(' ')
      const path = decodeURIComponent(target.split('?')[0]!)
      const route = path
        .split('/')
        .map((part) => (/^p?\d+$/.test(part) ? ':id' : part))
        .join('/')
      return { route, status: Number(status), ms: Number.parseInt(ms, 10) }
    })
    const routes = sorted(groupBy(requests, ({ route }) => route)).map(([route, group]) => {
      const times = group.map(({ ms }) => ms).sort((a, b) => a - b)
      const at = (share: number) => times[Math.ceil(share * times.length) - 1]!
      const errors = group.filter(({ status }) => status >= 500).length
      return { route, requests: group.length, errors, median: at(0.5), p95: at(0.95), slowest: times.at(-1) }
    })
    return {
      routes: routes.sort((a, b) => b.p95 - a.p95 || compare(a.route, b.route)),
      other_lines: log.filter((line) => !isRequest(line)).map((value) => ({ value })),
    }
  },

  customer_retention({ orders }) {
    const monthOf = ({ created_at }: Order) => 12 * Number(created_at.slice(0, 4)) + Number(created_at.slice(5, 7)) - 1
    const bought = orders.filter(({ status }) => status === 'completed')
    const customers = [...groupBy(bought, ({ customer_id }) => customer_id).values()]
    const months = customers.map((own) => [...new Set(own.map(monthOf))].sort((a, b) => a - b))
    const rows = sorted(groupBy(months, ([first]) => String(first))).map(([first, cohort]) => {
      const later = [0, 1, 2, 3].map((n) => cohort.filter((own) => own.includes(Number(first) + n)).length)
      const first_month = `${Math.floor(Number(first) / 12)}-${String((Number(first) % 12) + 1).padStart(2, '0')}-01`
      return { first_month, ...Object.fromEntries(later.map((n, i) => [`month_${i}`, n || null])) }
    })
    return { '': rows }
  },

  orders_in_buckets({ orders }) {
    const rows = [...orders].sort(
      (a, b) => compare(a.customer_id, b.customer_id) || compare(a.created_at, b.created_at),
    )
    const bucketOf = ({ customer_id }: Order) => ((hash(customer_id, 'string', 42) % 4) + 4) % 4
    return Object.fromEntries(
      sorted(groupBy(rows, (row) => `bucket=${bucketOf(row)}`)).map(([folder, rows]) => [
        folder,
        rows.map((row) => ({ ...row, total: Number(row.total), created_at: new Date(row.created_at).toISOString() })),
      ]),
    )
  },
}

const CONFIGURATIONS = {
  ...CONFIGS,
  'little memory': { workers: 2, memory: '48MB', tuning: { splitBytes: 30_000 } },
}

describe.each(Object.keys(ANSWERS))('examples/%s.ts', (name) => {
  const path = join(examples, `${name}.ts`)

  it('answers what it says of its own files, without parameters', async () => {
    const output = join(temporaryFolder(), 'out')
    await runDataset(path, { output, format: 'jsonl' })
    expect(answerIn(output)).toEqual(ANSWERS[name]!(own))
  })

  it('gives the same of many rows, however it is run', async () => {
    const folder = filesOf(many)
    const texts: object[] = []
    for (const { tuning, ...config } of Object.values(CONFIGURATIONS)) {
      const output = join(folder, `out${texts.length}`)
      await runDataset(path, {
        output,
        format: 'jsonl',
        params: paramsOf(name, folder),
        ...config,
        [TUNING]: tuning ?? {},
      })
      texts.push(answerIn(output))
    }
    expect(texts[0]).toEqual(ANSWERS[name]!(many))
    for (const text of texts) expect(text).toEqual(texts[0])
  })
})

it('products that sell equally well share a place, and those behind them keep theirs', async () => {
  const sold = { p01: '5.00', p02: '10.00', p03: '10.00', p04: '1.00' }
  const orders = Object.entries(sold).map(([product_id, total]) => ({ ...own.orders[0]!, product_id, total }))
  const folder = filesOf({ ...own, orders })
  const output = join(folder, 'out')
  await runDataset(join(examples, 'top_products.ts'), { output, params: paramsOf('top_products', folder) })
  const places = (answerIn(output)[''] as { name: string; place: number }[]).map(({ name, place }) => [name, place])
  expect(places).toEqual([
    ['Brass lamp', 1],
    ['Floor lamp', 1],
    ['Desk lamp', 3],
  ])
})

it('the revenue of some days is read from the folders and row groups that have them', async () => {
  const folder = filesOf(many)
  const output = join(folder, 'revenue')
  await runDataset(join(examples, 'daily_revenue.ts'), {
    output,
    format: 'parquet',
    params: paramsOf('daily_revenue', folder),
  })
  const some = read.parquet(output).filter((c) => c.month.ge('2026-02').and(c.day.ge('2026-03-10')))
  const days = Object.entries(ANSWERS.daily_revenue!(many)).flatMap(([folder, rows]) =>
    rows.map(
      (row) =>
        ({ ...row, month: folder.slice('month='.length) }) as Record<'month' | 'day' | 'category', string> & {
          revenue: number
        },
    ),
  )
  const expected = days.filter(({ month, day }) => month >= '2026-02' && day >= '2026-03-10')
  const found = await some.select('month', 'day', 'category', 'revenue').collect()
  expect(found.map((row) => ({ ...row, revenue: Number(row.revenue) }))).toEqual(
    expected.map(({ month, day, category, revenue }) => ({ month, day, category, revenue })),
  )
  const plan = await some.explain({ analyze: true })
  expect(plan).toContain('3 of 6 folders')
  expect(plan).toContain('2 of 3 row groups read')
})

it('a request that cannot be decoded is told of with its line, and is no reason to lose the others', async () => {
  const folder = filesOf({ ...many, log: [...own.log, own.log[0]!.replace('/products', '/100%')] })
  const path = join(examples, 'latency_by_route.ts')
  const options = {
    output: join(folder, 'out'),
    params: paramsOf('latency_by_route', folder),
    format: 'jsonl' as const,
  }
  const error = await failure(runDataset(path, options))
  expect(error).toMatchObject({ code: 'USER_ERROR', where: { file: join(folder, 'server.log') } })
  expect(error.message).toContain('URI malformed')
  const { recordsQuarantined } = await runDataset(path, { ...options, maxBad: 1 })
  expect(recordsQuarantined).toBe(1)
  expect(answerIn(options.output)).toEqual(ANSWERS.latency_by_route!(own))
})

function rowsOf(path: string): Record<string, string | number>[] {
  const [names = [], ...rows] = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  const isNumber = (name: string) => name === 'time' || (name === 'id' && names.includes('total'))
  return rows.map((row) =>
    Object.fromEntries(names.map((name, i) => [name, isNumber(name) ? Number(row[i]) : row[i]!])),
  )
}

function filesOf({ orders, products, clicks, log }: Files): string {
  const folder = temporaryFolder()
  const csv = (rows: object[]) =>
    [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))].map((row) => `${row}\n`).join('')
  writeFiles(folder, {
    'orders.csv': csv(orders),
    'products.csv': csv(products),
    'clicks.csv': csv(clicks),
    'server.log': log.map((line) => `${line}\n`).join(''),
  })
  return folder
}

function paramsOf(name: string, folder: string): Record<string, string> {
  const [orders, products] = [join(folder, 'orders.csv'), join(folder, 'products.csv')]
  switch (name) {
    case 'user_sessions':
      return { files: join(folder, 'clicks.csv') }
    case 'latency_by_route':
      return { files: join(folder, 'server.log') }
    case 'customer_retention':
    case 'orders_in_buckets':
      return { orders }
    default:
      return { orders, products }
  }
}

function answerIn(output: string): Answer {
  const folders = readdirSync(output, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = folders.length === 0 ? [''] : folders.map(({ name }) => name)
  return Object.fromEntries(
    names.map((name) => [name, linesOf(join(output, name)).map((line) => JSON.parse(line) as object)]),
  )
}

function completed(orders: Order[], products: Product[]): (Order & Product)[] {
  const known = new Map(products.map((product) => [product.id, product]))
  return orders
    .filter(({ status, product_id }) => status === 'completed' && known.has(product_id))
    .map((order) => ({ ...order, ...known.get(order.product_id)! }) as never)
}

/** In hundredths, so that nothing is rounded before the end. */
function centsOf(orders: { total: string }[]): number {
  return orders.reduce((cents, { total }) => cents + Math.round(100 * Number(total)), 0)
}

function revenueOf(orders: { total: string }[]): number {
  return centsOf(orders) / 100
}

/** With six digits, halves away from zero. */
function meanOf(orders: { total: string }[]): number {
  return Math.floor((2 * 10_000 * centsOf(orders) + orders.length) / (2 * orders.length)) / 1e6
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function sorted<T>(groups: Map<string, T>): [key: string, value: T][] {
  return [...groups].sort(([a], [b]) => compare(a, b))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
