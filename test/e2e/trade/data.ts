/** Tables of a wholesaler, of our own making: the same rows for a scale, wherever they are made. */
import { DuckDBInstance } from '@duckdb/node-api'
import type { TableName } from './queries.js'

const list = (...words: string[]) => `[${words.map((word) => `'${word}'`).join(', ')}]`
/** One of a list, by a key and a number that tells columns apart. */
const pick = (words: string, key: string, salt: number) => `(${words})[1 + rnd(${key}, ${salt}, len(${words}))]`

const COLOURS = list('azure', 'forest', 'ivory', 'coral', 'navy', 'plum', 'sienna', 'tan', 'white', 'yellow')
const SIZES = list('SM', 'MED', 'LG', 'JUMBO')
const BOXES = list('CASE', 'BOX', 'BAG', 'PKG', 'CAN')
const KINDS = list('STANDARD', 'SMALL', 'MEDIUM', 'LARGE', 'ECONOMY', 'PROMO')
const FINISHES = list('PLATED', 'BURNISHED', 'BRUSHED')
const METALS = list('STEEL', 'COPPER', 'TIN')
const SEGMENTS = list('AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY')
const PRIORITIES = list('1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW')
const MODES = list('AIR', 'REG AIR', 'RAIL', 'TRUCK', 'SHIP', 'MAIL', 'FOB')
const INSTRUCTIONS = list('DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN')
const WORDS = list('pending', 'requests', 'Customer', 'Complaints', 'quick', 'über', 'foxes', 'sleep', '', 'accounts')
const REGIONS = list('AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST')
const NATIONS = list(
  ...['ALGERIA', 'ARGENTINA', 'BRAZIL', 'CANADA', 'EGYPT', 'ETHIOPIA', 'FRANCE', 'GERMANY', 'INDIA', 'INDONESIA'],
  ...['IRAN', 'IRAQ', 'JAPAN', 'JORDAN', 'KENYA', 'MOROCCO', 'MOZAMBIQUE', 'PERU', 'CHINA', 'ROMANIA'],
  ...['SAUDI ARABIA', 'VIETNAM', 'RUSSIA', 'UNITED KINGDOM', 'UNITED STATES'],
)
const NATIONS_REGION = '[0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1]'

const comment = (key: string, salt: number) =>
  `concat_ws(' ', ${[0, 1, 2, 3].map((i) => pick(WORDS, key, salt + i)).join(', ')})`
const money = (key: string, salt: number, most: number) => `(rnd(${key}, ${salt}, ${most * 100}) / 100)::decimal(15, 2)`

const TABLES: [TableName, (scale: number) => string][] = [
  ['region', () => `select i r_regionkey, (${REGIONS})[i + 1] r_name, ${comment('i', 1)} r_comment from range(5) t(i)`],
  [
    'nation',
    () => `select i n_nationkey, (${NATIONS})[i + 1] n_name, (${NATIONS_REGION})[i + 1]::bigint n_regionkey,
      ${comment('i', 11)} n_comment from range(25) t(i)`,
  ],
  [
    'supplier',
    (scale) => `select i s_suppkey, printf('Supplier#%09d', i) s_name, 'street ' || rnd(i, 21, 1000) s_address,
      rnd(i, 22, 25) s_nationkey, printf('%d-%d', 10 + rnd(i, 22, 25), rnd(i, 23, 900)) s_phone,
      ${money('i', 24, 10_000)} - 1000 s_acctbal, ${comment('i', 25)} s_comment from range(1, ${10_000 * scale} + 1) t(i)`,
  ],
  [
    'customer',
    (scale) => `select i c_custkey, printf('Customer#%09d', i) c_name, 'road ' || rnd(i, 31, 1000) c_address,
      rnd(i, 32, 25) c_nationkey, printf('%d-%d', 10 + rnd(i, 32, 25), rnd(i, 33, 900)) c_phone,
      ${money('i', 34, 10_000)} - 1000 c_acctbal, ${pick(SEGMENTS, 'i', 35)} c_mktsegment,
      ${comment('i', 36)} c_comment from range(1, ${150_000 * scale} + 1) t(i)`,
  ],
  [
    'part',
    (scale) => `select i p_partkey, concat_ws(' ', ${pick(COLOURS, 'i', 41)}, ${pick(COLOURS, 'i', 42)}) p_name,
      'Maker#' || (1 + rnd(i, 43, 5)) p_mfgr, 'Brand#' || (1 + rnd(i, 43, 5)) || (1 + rnd(i, 44, 5)) p_brand,
      concat_ws(' ', ${pick(KINDS, 'i', 45)}, ${pick(FINISHES, 'i', 46)}, ${pick(METALS, 'i', 47)}) p_type,
      (1 + rnd(i, 48, 50))::int p_size, concat_ws(' ', ${pick(SIZES, 'i', 49)}, ${pick(BOXES, 'i', 50)}) p_container,
      ${money('i', 51, 2000)} p_retailprice, ${comment('i', 52)} p_comment from range(1, ${200_000 * scale} + 1) t(i)`,
  ],
  [
    'partsupp',
    (
      scale,
    ) => `select p_partkey ps_partkey, 1 + (p_partkey * 7 + j * ${Math.floor((10_000 * scale) / 4) + 1}) % ${10_000 * scale} ps_suppkey,
      (1 + rnd(p_partkey * 4 + j, 61, 9999))::int ps_availqty, ${money('p_partkey * 4 + j', 62, 1000)} ps_supplycost,
      ${comment('p_partkey * 4 + j', 63)} ps_comment from part, range(4) t(j) order by p_partkey, j`,
  ],
  [
    'orders',
    (scale) => `select i * 4 o_orderkey, 1 + 3 * rnd(i, 71, ${50_000 * scale}) o_custkey,
      ${pick(list('F', 'O', 'P'), 'i', 72)} o_orderstatus, ${money('i', 73, 400_000)} o_totalprice,
      date '1992-01-01' + rnd(i, 74, 2400)::int o_orderdate, ${pick(PRIORITIES, 'i', 75)} o_orderpriority,
      printf('Clerk#%06d', rnd(i, 76, 1000)) o_clerk, 0 o_shippriority, ${comment('i', 77)} o_comment
      from range(1, ${1_500_000 * scale} + 1) t(i)`,
  ],
  [
    'lineitem',
    (scale) => `select o_orderkey l_orderkey, 1 + rnd(n, 81, ${200_000 * scale}) l_partkey,
      1 + ((1 + rnd(n, 81, ${200_000 * scale})) * 7 + rnd(n, 82, 4) * ${Math.floor((10_000 * scale) / 4) + 1}) % ${10_000 * scale} l_suppkey,
      j::int l_linenumber, (1 + rnd(n, 83, 50))::decimal(15, 2) l_quantity, ${money('n', 84, 100_000)} l_extendedprice,
      (rnd(n, 85, 11) / 100)::decimal(15, 2) l_discount, (rnd(n, 86, 9) / 100)::decimal(15, 2) l_tax,
      ${pick(list('R', 'A', 'N'), 'n', 87)} l_returnflag, ${pick(list('O', 'F'), 'n', 88)} l_linestatus,
      o_orderdate + (1 + rnd(n, 89, 120))::int l_shipdate, o_orderdate + (30 + rnd(n, 90, 60))::int l_commitdate,
      o_orderdate + (5 + rnd(n, 89, 120) + rnd(n, 91, 30))::int l_receiptdate, ${pick(INSTRUCTIONS, 'n', 92)} l_shipinstruct,
      ${pick(MODES, 'n', 93)} l_shipmode, ${comment('n', 94)} l_comment
      from (select *, o_orderkey * 8 + j n from orders, range(1, 8) t(j) where j <= 1 + rnd(o_orderkey, 95, 7)) order by l_orderkey, j`,
  ],
]

export const TABLE_NAMES: readonly TableName[] = TABLES.map(([name]) => name)

/** Writes each table as a Parquet file of that name. At scale 1 lineitem has six million rows. */
export async function writeTables(dir: string, scale: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const database = await instance.connect()
  await database.run('create macro rnd(key, salt, n) as (hash(key, salt) % n::ubigint)::bigint')
  for (const [name, select] of TABLES) {
    await database.run(`create table ${name} as ${select(scale)}`)
    await database.run(`copy ${name} to '${dir}/${name}.parquet' (format parquet, row_group_size 20480)`)
  }
  database.closeSync()
  instance.closeSync()
}
