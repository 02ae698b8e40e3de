// Revenue of each day and category, in folders by month:   runjob examples/daily_revenue.ts -o revenue --format parquet
import { broadcast, count, date, dateFormat, defineDataset, mean, sum, window } from 'runjob'
import { orders, products } from './shop/tables.js'

export default defineDataset({
  name: 'daily-revenue',
  description: 'Revenue, mean and number of the completed orders of each day (UTC) and category.',
  params: {
    orders: { type: 'string', default: 'examples/shop/orders.csv', describe: 'CSV files of orders' },
    products: { type: 'string', default: 'examples/shop/products.csv', describe: 'CSV file of products' },
    since: { type: 'string', default: '1970-01-01', describe: 'First day' },
  },
  build: ({ read, params }) =>
    read(orders, params.orders)
      .filter((c) => c.status.eq('completed').and(c.created_at.ge(params.since)))
      .join(broadcast(read(products, params.products)), { left: 'product_id', right: 'id' })
      .groupBy(window('created_at', '1 day'), 'category')
      .agg({ revenue: sum('total'), avg_order_value: mean('total'), order_count: count() })
      .orderBy('window', 'category')
      .select((c) => ({
        month: dateFormat(c.window.start, 'yyyy-MM'),
        day: c.window.start.cast(date()),
        category: c.category,
        revenue: c.revenue,
        avg_order_value: c.avg_order_value,
        order_count: c.order_count,
      }))
      .write.partitionBy('month'),
})
