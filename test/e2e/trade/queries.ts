/**
 * Twenty-two questions to a wholesaler's tables, as data frames and, to check them, in SQL. They use what analysts use: joins of up to
 * eight tables, sub-queries, conditions on text and dates, sums of decimals.
 */
import {
  avg,
  col,
  count,
  countDistinct,
  type DataFrame,
  lit,
  max,
  min,
  substring,
  sum,
  type Untyped,
  when,
  year,
} from 'runjob'

type Table = DataFrame<Untyped>
export type TableName = 'lineitem' | 'orders' | 'customer' | 'part' | 'supplier' | 'partsupp' | 'nation' | 'region'
export type Tables = Record<TableName, Table>

export interface Question {
  frame: (tables: Tables) => Table
  /** For DuckDB, over views of the same names. */
  sql: string
}

const net = col('l_extendedprice').mul(lit(1).sub(col('l_discount')))
const NET = 'l_extendedprice * (1 - l_discount)'

/** Suppliers with the names of their nation and region. */
function placedSuppliers({ supplier, nation, region }: Tables): Table {
  return supplier
    .join(nation, { left: 's_nationkey', right: 'n_nationkey' })
    .join(region, { left: 'n_regionkey', right: 'r_regionkey' })
}

const PLACED = 'supplier join nation on s_nationkey = n_nationkey join region on n_regionkey = r_regionkey'

export const QUESTIONS: Record<string, Question> = {
  'what was shipped, by flag and status': {
    frame: ({ lineitem }) =>
      lineitem
        .filter(col('l_shipdate').le('1998-08-20'))
        .groupBy('l_returnflag', 'l_linestatus')
        .agg({
          quantity: sum('l_quantity'),
          gross: sum('l_extendedprice'),
          net: sum(net),
          charged: sum(net.mul(lit(1).add(col('l_tax')))),
          mean_quantity: avg('l_quantity'),
          mean_price: avg('l_extendedprice'),
          mean_discount: avg('l_discount'),
          lines: count(),
        })
        .orderBy('l_returnflag', 'l_linestatus'),
    sql: `select l_returnflag, l_linestatus, sum(l_quantity) quantity, sum(l_extendedprice) gross, sum(${NET}) net,
        sum(${NET} * (1 + l_tax)) charged, avg(l_quantity)::decimal(19, 6) mean_quantity,
        avg(l_extendedprice)::decimal(19, 6) mean_price, avg(l_discount)::decimal(19, 6) mean_discount, count(*) lines
      from lineitem where l_shipdate <= date '1998-08-20' group by all order by all`,
  },
  'the cheapest European source of each small steel part': {
    frame: (tables) => {
      const offers = tables.partsupp.join(placedSuppliers(tables).filter(col('r_name').eq('EUROPE')), {
        left: 'ps_suppkey',
        right: 's_suppkey',
      })
      const cheapest = offers.groupBy('ps_partkey').agg({ cheapest: min('ps_supplycost') })
      const parts = tables.part.filter(col('p_size').lt(9).and(col('p_type').like('%STEEL')))
      return offers
        .join(cheapest, 'ps_partkey')
        .filter(col('ps_supplycost').eq(col('cheapest')))
        .join(parts, { left: 'ps_partkey', right: 'p_partkey' })
        .select('s_acctbal', 's_name', 'n_name', 'ps_partkey', 'p_mfgr', 's_phone')
        .orderBy(col('s_acctbal').desc(), 'n_name', 's_name', 'ps_partkey')
        .limit(50)
    },
    sql: `with offers as (select * from partsupp join (${`select * from ${PLACED} where r_name = 'EUROPE'`}) on ps_suppkey = s_suppkey),
        cheapest as (select ps_partkey k, min(ps_supplycost) c from offers group by 1)
      select s_acctbal, s_name, n_name, ps_partkey, p_mfgr, s_phone
      from offers join cheapest on k = ps_partkey and c = ps_supplycost join part on p_partkey = ps_partkey
      where p_size < 9 and p_type like '%STEEL' order by s_acctbal desc, n_name, s_name, ps_partkey limit 50`,
  },
  'the largest orders of machinery that were not shipped in March 1995': {
    frame: ({ lineitem, orders, customer }) =>
      customer
        .filter(col('c_mktsegment').eq('MACHINERY'))
        .join(orders.filter(col('o_orderdate').lt('1995-03-20')), { left: 'c_custkey', right: 'o_custkey' })
        .join(lineitem.filter(col('l_shipdate').gt('1995-03-20')), { left: 'o_orderkey', right: 'l_orderkey' })
        .groupBy('o_orderkey', 'o_orderdate', 'o_shippriority')
        .agg({ revenue: sum(net) })
        .orderBy(col('revenue').desc(), 'o_orderdate', 'o_orderkey')
        .limit(10),
    sql: `select o_orderkey, o_orderdate, o_shippriority, sum(${NET}) revenue
      from customer join orders on c_custkey = o_custkey join lineitem on o_orderkey = l_orderkey
      where c_mktsegment = 'MACHINERY' and o_orderdate < date '1995-03-20' and l_shipdate > date '1995-03-20'
      group by all order by revenue desc, o_orderdate, o_orderkey limit 10`,
  },
  'orders with a late line, by priority': {
    frame: ({ lineitem, orders }) =>
      orders
        .filter(col('o_orderdate').between('1995-04-01', '1995-06-30'))
        .join(
          lineitem.filter(col('l_commitdate').lt(col('l_receiptdate'))),
          { left: 'o_orderkey', right: 'l_orderkey' },
          'semi',
        )
        .groupBy('o_orderpriority')
        .agg({ orders: count() })
        .orderBy('o_orderpriority'),
    sql: `select o_orderpriority, count(*) orders from orders
      where o_orderdate between date '1995-04-01' and date '1995-06-30'
        and o_orderkey in (select l_orderkey from lineitem where l_commitdate < l_receiptdate)
      group by all order by all`,
  },
  'revenue of local suppliers in Africa': {
    frame: (tables) =>
      tables.orders
        .filter(col('o_orderdate').ge('1996-01-01').and(col('o_orderdate').lt('1997-01-01')))
        .join(tables.customer, { left: 'o_custkey', right: 'c_custkey' })
        .join(tables.lineitem, { left: 'o_orderkey', right: 'l_orderkey' })
        .join(placedSuppliers(tables), { left: ['l_suppkey', 'c_nationkey'], right: ['s_suppkey', 's_nationkey'] })
        .filter(col('r_name').eq('AFRICA'))
        .groupBy('n_name')
        .agg({ revenue: sum(net) })
        .orderBy(col('revenue').desc(), 'n_name'),
    sql: `select n_name, sum(${NET}) revenue
      from orders join customer on o_custkey = c_custkey join lineitem on o_orderkey = l_orderkey
        join (select * from ${PLACED}) on l_suppkey = s_suppkey and c_nationkey = s_nationkey
      where r_name = 'AFRICA' and year(o_orderdate) = 1996 group by all order by revenue desc, n_name`,
  },
  'what smaller discounts would have earned': {
    frame: ({ lineitem }) =>
      lineitem
        .filter(col('l_shipdate').ge('1995-01-01').and(col('l_shipdate').lt('1996-01-01')))
        .filter(col('l_discount').between('0.04', '0.06').and(col('l_quantity').lt(25)))
        .agg({ earned: sum(col('l_extendedprice').mul(col('l_discount'))) }),
    sql: `select sum(l_extendedprice * l_discount) earned from lineitem
      where year(l_shipdate) = 1995 and l_discount between 0.04 and 0.06 and l_quantity < 25`,
  },
  'trade between two nations, by year': {
    frame: (tables) => {
      const { supplier, customer, nation, orders, lineitem } = tables
      const from = nation.select(col('n_nationkey').as('from_key'), col('n_name').as('from_nation'))
      const to = nation.select(col('n_nationkey').as('to_key'), col('n_name').as('to_nation'))
      return lineitem
        .filter(col('l_shipdate').between('1995-01-01', '1996-12-31'))
        .join(supplier.join(from, { left: 's_nationkey', right: 'from_key' }), {
          left: 'l_suppkey',
          right: 's_suppkey',
        })
        .join(orders, { left: 'l_orderkey', right: 'o_orderkey' })
        .join(customer.join(to, { left: 'c_nationkey', right: 'to_key' }), { left: 'o_custkey', right: 'c_custkey' })
        .filter(
          col('from_nation')
            .eq('BRAZIL')
            .and(col('to_nation').eq('KENYA'))
            .or(col('from_nation').eq('KENYA').and(col('to_nation').eq('BRAZIL'))),
        )
        .groupBy('from_nation', 'to_nation', year('l_shipdate').as('shipped'))
        .agg({ revenue: sum(net) })
        .orderBy('from_nation', 'to_nation', 'shipped')
    },
    sql: `select f.n_name from_nation, t.n_name to_nation, year(l_shipdate) shipped, sum(${NET}) revenue
      from lineitem join supplier on l_suppkey = s_suppkey join nation f on s_nationkey = f.n_nationkey
        join orders on l_orderkey = o_orderkey join customer on o_custkey = c_custkey join nation t on c_nationkey = t.n_nationkey
      where year(l_shipdate) in (1995, 1996)
        and ((f.n_name = 'BRAZIL' and t.n_name = 'KENYA') or (f.n_name = 'KENYA' and t.n_name = 'BRAZIL'))
      group by all order by 1, 2, 3`,
  },
  "a nation's share of a market in Asia": {
    frame: (tables) => {
      const { part, lineitem, orders, customer, nation, region, supplier } = tables
      const buyers = customer
        .join(nation, { left: 'c_nationkey', right: 'n_nationkey' })
        .join(region.filter(col('r_name').eq('ASIA')), { left: 'n_regionkey', right: 'r_regionkey' })
        .select('c_custkey')
      const sellers = supplier
        .join(nation, { left: 's_nationkey', right: 'n_nationkey' })
        .select('s_suppkey', col('n_name').as('seller'))
      return lineitem
        .join(part.filter(col('p_type').eq('LARGE PLATED COPPER')), { left: 'l_partkey', right: 'p_partkey' })
        .join(orders.filter(col('o_orderdate').between('1995-01-01', '1996-12-31')), {
          left: 'l_orderkey',
          right: 'o_orderkey',
        })
        .join(buyers, { left: 'o_custkey', right: 'c_custkey' })
        .join(sellers, { left: 'l_suppkey', right: 's_suppkey' })
        .groupBy(year('o_orderdate').as('ordered'))
        .agg({ of_it: sum(when(col('seller').eq('INDIA'), net).otherwise('0')), all: sum(net) })
        .select('ordered', col('of_it').cast('double').div(col('all').cast('double')).as('share'))
        .orderBy('ordered')
    },
    sql: `select year(o_orderdate) ordered,
        sum(case when s.n_name = 'INDIA' then ${NET} else 0 end)::double / sum(${NET})::double as share
      from lineitem join part on l_partkey = p_partkey join orders on l_orderkey = o_orderkey
        join customer on o_custkey = c_custkey join nation c on c_nationkey = c.n_nationkey
        join region on c.n_regionkey = r_regionkey join supplier on l_suppkey = s_suppkey
        join nation s on s_nationkey = s.n_nationkey
      where r_name = 'ASIA' and p_type = 'LARGE PLATED COPPER' and year(o_orderdate) in (1995, 1996) group by 1 order by 1`,
  },
  'profit on azure parts, by nation and year': {
    frame: (tables) => {
      const { part, lineitem, orders, supplier, nation, partsupp } = tables
      const cost = col('ps_supplycost').mul(col('l_quantity'))
      return lineitem
        .join(part.filter(col('p_name').contains('azure')), { left: 'l_partkey', right: 'p_partkey' })
        .join(partsupp, { left: ['l_partkey', 'l_suppkey'], right: ['ps_partkey', 'ps_suppkey'] })
        .join(orders, { left: 'l_orderkey', right: 'o_orderkey' })
        .join(supplier, { left: 'l_suppkey', right: 's_suppkey' })
        .join(nation, { left: 's_nationkey', right: 'n_nationkey' })
        .groupBy('n_name', year('o_orderdate').as('ordered'))
        .agg({ profit: sum(net.sub(cost)) })
        .orderBy('n_name', col('ordered').desc())
    },
    sql: `select n_name, year(o_orderdate) ordered, sum(${NET} - ps_supplycost * l_quantity) profit
      from lineitem join part on l_partkey = p_partkey join partsupp on l_partkey = ps_partkey and l_suppkey = ps_suppkey
        join orders on l_orderkey = o_orderkey join supplier on l_suppkey = s_suppkey
        join nation on s_nationkey = n_nationkey
      where p_name like '%azure%' group by all order by 1, 2 desc`,
  },
  'customers who sent most back': {
    frame: ({ customer, orders, lineitem, nation }) =>
      customer
        .join(orders.filter(col('o_orderdate').ge('1994-01-01').and(col('o_orderdate').lt('1994-04-01'))), {
          left: 'c_custkey',
          right: 'o_custkey',
        })
        .join(lineitem.filter(col('l_returnflag').eq('R')), { left: 'o_orderkey', right: 'l_orderkey' })
        .join(nation, { left: 'c_nationkey', right: 'n_nationkey' })
        .groupBy('c_custkey', 'c_name', 'c_acctbal', 'c_phone', 'n_name')
        .agg({ lost: sum(net) })
        .orderBy(col('lost').desc(), 'c_custkey')
        .limit(20),
    sql: `select c_custkey, c_name, c_acctbal, c_phone, n_name, sum(${NET}) lost
      from customer join orders on c_custkey = o_custkey join lineitem on o_orderkey = l_orderkey
        join nation on c_nationkey = n_nationkey
      where o_orderdate >= date '1994-01-01' and o_orderdate < date '1994-04-01' and l_returnflag = 'R'
      group by all order by lost desc, c_custkey limit 20`,
  },
  'parts that hold much of the stock in Peru': {
    frame: ({ partsupp, supplier, nation }) => {
      const stock = partsupp
        .join(supplier, { left: 'ps_suppkey', right: 's_suppkey' })
        .join(nation.filter(col('n_name').eq('PERU')), { left: 's_nationkey', right: 'n_nationkey' })
        .withColumn('worth', col('ps_supplycost').mul(col('ps_availqty')).cast('decimal(12, 2)'))
      const total = stock.agg({ total: sum('worth') })
      return stock
        .groupBy('ps_partkey')
        .agg({ worth: sum('worth') })
        .crossJoin(total)
        .filter(col('worth').gt(col('total').mul('0.001')))
        .select('ps_partkey', 'worth')
        .orderBy(col('worth').desc(), 'ps_partkey')
    },
    sql: `with stock as (select ps_partkey, ps_supplycost * ps_availqty w from partsupp
        join supplier on ps_suppkey = s_suppkey join nation on s_nationkey = n_nationkey where n_name = 'PERU')
      select ps_partkey, sum(w) worth from stock group by 1
      having sum(w) > (select sum(w) * 0.001 from stock) order by worth desc, ps_partkey`,
  },
  'late lines by mode of shipping and urgency': {
    frame: ({ orders, lineitem }) => {
      const urgent = col('o_orderpriority').isIn('1-URGENT', '2-HIGH')
      return lineitem
        .filter(col('l_shipmode').isIn('RAIL', 'TRUCK'))
        .filter(
          col('l_commitdate')
            .lt(col('l_receiptdate'))
            .and(col('l_shipdate').lt(col('l_commitdate'))),
        )
        .filter(year('l_receiptdate').eq(1995))
        .join(orders, { left: 'l_orderkey', right: 'o_orderkey' })
        .groupBy('l_shipmode')
        .agg({ urgent: sum(when(urgent, 1).otherwise(0)), other: sum(when(urgent, 0).otherwise(1)) })
        .orderBy('l_shipmode')
    },
    sql: `select l_shipmode, count(*) filter (o_orderpriority in ('1-URGENT', '2-HIGH')) urgent,
        count(*) filter (o_orderpriority not in ('1-URGENT', '2-HIGH')) other
      from lineitem join orders on l_orderkey = o_orderkey
      where l_shipmode in ('RAIL', 'TRUCK') and l_commitdate < l_receiptdate and l_shipdate < l_commitdate
        and year(l_receiptdate) = 1995 group by 1 order by 1`,
  },
  'customers by their number of ordinary orders': {
    frame: ({ customer, orders }) =>
      customer
        .join(
          orders.filter(col('o_comment').like('%pending%requests%').not()),
          { left: 'c_custkey', right: 'o_custkey' },
          'left',
        )
        .groupBy('c_custkey')
        .agg({ orders: count('o_orderkey') })
        .groupBy('orders')
        .agg({ customers: count() })
        .orderBy(col('customers').desc(), col('orders').desc()),
    sql: `select orders, count(*) customers from (select c_custkey, count(o_orderkey) orders
        from customer left join orders on c_custkey = o_custkey and o_comment not like '%pending%requests%' group by 1)
      group by 1 order by customers desc, orders desc`,
  },
  'share of promoted parts in revenue': {
    frame: ({ lineitem, part }) =>
      lineitem
        .filter(col('l_shipdate').ge('1995-10-01').and(col('l_shipdate').lt('1995-11-01')))
        .join(part, { left: 'l_partkey', right: 'p_partkey' })
        .agg({ promoted: sum(when(col('p_type').startsWith('PROMO'), net).otherwise('0')), all: sum(net) })
        .select(col('promoted').cast('double').mul(100).div(col('all').cast('double')).as('percent')),
    sql: `select 100 * (sum(${NET}) filter (p_type like 'PROMO%'))::double / sum(${NET})::double as percent
      from lineitem join part on l_partkey = p_partkey
      where l_shipdate >= date '1995-10-01' and l_shipdate < date '1995-11-01'`,
  },
  'the best supplier of a quarter': {
    frame: ({ lineitem, supplier }) => {
      const revenue = lineitem
        .filter(col('l_shipdate').ge('1996-04-01').and(col('l_shipdate').lt('1996-07-01')))
        .groupBy('l_suppkey')
        .agg({ revenue: sum(net) })
      return revenue
        .crossJoin(revenue.agg({ best: max('revenue') }))
        .filter(col('revenue').eq(col('best')))
        .join(supplier, { left: 'l_suppkey', right: 's_suppkey' })
        .select('l_suppkey', 's_name', 's_address', 's_phone', 'revenue')
        .orderBy('l_suppkey')
    },
    sql: `with r as (select l_suppkey, sum(${NET}) revenue from lineitem
        where l_shipdate >= date '1996-04-01' and l_shipdate < date '1996-07-01' group by 1)
      select l_suppkey, s_name, s_address, s_phone, revenue from r join supplier on l_suppkey = s_suppkey
      where revenue = (select max(revenue) from r) order by 1`,
  },
  'suppliers of parts by brand, type and size': {
    frame: ({ partsupp, part, supplier }) =>
      partsupp
        .join(
          supplier.filter(col('s_comment').like('%Customer%Complaints%')),
          { left: 'ps_suppkey', right: 's_suppkey' },
          'anti',
        )
        .join(
          part.filter(
            col('p_brand')
              .ne('Brand#34')
              .and(col('p_type').startsWith('ECONOMY').not())
              .and(col('p_size').isIn(4, 11, 17, 23, 29, 38, 42, 50)),
          ),
          { left: 'ps_partkey', right: 'p_partkey' },
        )
        .groupBy('p_brand', 'p_type', 'p_size')
        .agg({ suppliers: countDistinct('ps_suppkey') })
        .orderBy(col('suppliers').desc(), 'p_brand', 'p_type', 'p_size'),
    sql: `select p_brand, p_type, p_size, count(distinct ps_suppkey) suppliers
      from partsupp join part on p_partkey = ps_partkey
      where p_brand <> 'Brand#34' and p_type not like 'ECONOMY%' and p_size in (4, 11, 17, 23, 29, 38, 42, 50)
        and ps_suppkey not in (select s_suppkey from supplier where s_comment like '%Customer%Complaints%')
      group by all order by suppliers desc, p_brand, p_type, p_size`,
  },
  'yearly revenue of lines far below the usual quantity': {
    frame: ({ lineitem, part }) => {
      const parts = part.filter(col('p_brand').eq('Brand#12').and(col('p_container').eq('SM PKG'))).select('p_partkey')
      const lines = lineitem.join(parts, { left: 'l_partkey', right: 'p_partkey' })
      const usual = lines.groupBy('l_partkey').agg({ usual: avg('l_quantity') })
      return lines
        .join(usual, 'l_partkey')
        .filter(col('l_quantity').lt(col('usual').mul('0.3')))
        .agg({ price: sum('l_extendedprice') })
        .select(col('price').cast('double').div(7).as('yearly'))
    },
    sql: `with l as (select * from lineitem join part on l_partkey = p_partkey where p_brand = 'Brand#12' and p_container = 'SM PKG'),
        u as (select l_partkey k, avg(l_quantity) * 0.3 q from l group by 1)
      select sum(l_extendedprice)::double / 7 yearly from l join u on k = l_partkey where l_quantity < q`,
  },
  'customers of the largest orders': {
    frame: ({ customer, orders, lineitem }) => {
      const large = lineitem
        .groupBy('l_orderkey')
        .agg({ quantity: sum('l_quantity') })
        .filter(col('quantity').gt(270))
      return orders
        .join(large, { left: 'o_orderkey', right: 'l_orderkey' })
        .join(customer, { left: 'o_custkey', right: 'c_custkey' })
        .select('c_name', 'o_custkey', 'o_orderkey', 'o_orderdate', 'o_totalprice', 'quantity')
        .orderBy(col('o_totalprice').desc(), 'o_orderdate', 'o_orderkey')
        .limit(100)
    },
    sql: `select c_name, o_custkey, o_orderkey, o_orderdate, o_totalprice, quantity
      from orders join (select l_orderkey, sum(l_quantity) quantity from lineitem group by 1 having sum(l_quantity) > 270)
        on o_orderkey = l_orderkey join customer on o_custkey = c_custkey
      order by o_totalprice desc, o_orderdate, o_orderkey limit 100`,
  },
  'revenue of three kinds of parcels': {
    frame: ({ lineitem, part }) => {
      const kind = (brand: string, containers: [string, ...string[]], from: number, size: number) =>
        col('p_brand')
          .eq(brand)
          .and(col('p_container').isIn(...containers))
          .and(col('l_quantity').between(from, from + 10))
          .and(col('p_size').between(1, size))
      return lineitem
        .filter(col('l_shipmode').isIn('AIR', 'REG AIR').and(col('l_shipinstruct').eq('DELIVER IN PERSON')))
        .join(part, { left: 'l_partkey', right: 'p_partkey' })
        .filter(
          kind('Brand#13', ['SM CASE', 'SM BOX'], 3, 6)
            .or(kind('Brand#24', ['MED BAG', 'MED BOX'], 12, 12))
            .or(kind('Brand#35', ['LG CASE', 'LG BOX'], 21, 16)),
        )
        .agg({ revenue: sum(net) })
    },
    sql: `select sum(${NET}) revenue from lineitem join part on l_partkey = p_partkey
      where l_shipmode in ('AIR', 'REG AIR') and l_shipinstruct = 'DELIVER IN PERSON' and (
        (p_brand = 'Brand#13' and p_container in ('SM CASE', 'SM BOX') and l_quantity between 3 and 13 and p_size between 1 and 6)
        or (p_brand = 'Brand#24' and p_container in ('MED BAG', 'MED BOX') and l_quantity between 12 and 22 and p_size between 1 and 12)
        or (p_brand = 'Brand#35' and p_container in ('LG CASE', 'LG BOX') and l_quantity between 21 and 31 and p_size between 1 and 16))`,
  },
  'suppliers with more forest parts than they sold': {
    frame: ({ supplier, nation, partsupp, part, lineitem }) => {
      const sold = lineitem
        .filter(year('l_shipdate').eq(1994))
        .groupBy('l_partkey', 'l_suppkey')
        .agg({ sold: sum('l_quantity') })
      const over = partsupp
        .join(part.filter(col('p_name').startsWith('forest')), { left: 'ps_partkey', right: 'p_partkey' }, 'semi')
        .join(sold, { left: ['ps_partkey', 'ps_suppkey'], right: ['l_partkey', 'l_suppkey'] })
        .filter(col('ps_availqty').gt(col('sold').mul('0.5')))
      return supplier
        .join(over, { left: 's_suppkey', right: 'ps_suppkey' }, 'semi')
        .join(nation.filter(col('n_name').eq('CANADA')), { left: 's_nationkey', right: 'n_nationkey' })
        .select('s_name', 's_address')
        .orderBy('s_name')
    },
    sql: `select s_name, s_address from supplier join nation on s_nationkey = n_nationkey
      where n_name = 'CANADA' and s_suppkey in (select ps_suppkey from partsupp
        join (select l_partkey, l_suppkey, sum(l_quantity) sold from lineitem where year(l_shipdate) = 1994 group by all)
          on l_partkey = ps_partkey and l_suppkey = ps_suppkey
        where ps_availqty > 0.5 * sold and ps_partkey in (select p_partkey from part where p_name like 'forest%'))
      order by 1`,
  },
  'suppliers who alone kept an order waiting': {
    frame: ({ supplier, lineitem, orders, nation }) => {
      const suppliers = lineitem.groupBy('l_orderkey').agg({ suppliers: countDistinct('l_suppkey') })
      const late = lineitem.filter(col('l_receiptdate').gt(col('l_commitdate')))
      const lateOnes = late.groupBy('l_orderkey').agg({ late_ones: countDistinct('l_suppkey') })
      return late
        .join(orders.filter(col('o_orderstatus').eq('F')), { left: 'l_orderkey', right: 'o_orderkey' })
        .join(suppliers.filter(col('suppliers').gt(1)), 'l_orderkey')
        .join(lateOnes.filter(col('late_ones').eq(1)), 'l_orderkey')
        .join(supplier, { left: 'l_suppkey', right: 's_suppkey' })
        .join(nation.filter(col('n_name').eq('EGYPT')), { left: 's_nationkey', right: 'n_nationkey' })
        .groupBy('s_name')
        .agg({ waits: count() })
        .orderBy(col('waits').desc(), 's_name')
        .limit(100)
    },
    sql: `with late as (select * from lineitem where l_receiptdate > l_commitdate),
        n as (select l_orderkey k, count(distinct l_suppkey) c from lineitem group by 1),
        m as (select l_orderkey k, count(distinct l_suppkey) c from late group by 1)
      select s_name, count(*) waits from late join orders on o_orderkey = l_orderkey
        join n on n.k = l_orderkey join m on m.k = l_orderkey join supplier on l_suppkey = s_suppkey
        join nation on s_nationkey = n_nationkey
      where o_orderstatus = 'F' and n.c > 1 and m.c = 1 and n_name = 'EGYPT'
      group by 1 order by waits desc, s_name limit 100`,
  },
  'idle customers with money, by country code': {
    frame: ({ customer, orders }) => {
      const chosen = customer
        .withColumn('code', substring('c_phone', 1, 2))
        .filter(col('code').isIn('12', '19', '21', '24', '27', '30', '33'))
      const mean = chosen.filter(col('c_acctbal').gt('0.00')).agg({ mean: avg('c_acctbal') })
      return chosen
        .crossJoin(mean)
        .filter(col('c_acctbal').gt(col('mean')))
        .join(orders, { left: 'c_custkey', right: 'o_custkey' }, 'anti')
        .groupBy('code')
        .agg({ customers: count(), money: sum('c_acctbal') })
        .orderBy('code')
    },
    sql: `with chosen as (select *, c_phone[1:2] code from customer where c_phone[1:2] in ('12', '19', '21', '24', '27', '30', '33'))
      select code, count(*) customers, sum(c_acctbal) money from chosen
      where c_acctbal > (select avg(c_acctbal) from chosen where c_acctbal > 0)
        and c_custkey not in (select o_custkey from orders) group by 1 order by 1`,
  },
}
