// The best-selling products of each category:   runjob examples/top_products.ts -o top --format csv
import { broadcast, col, count, defineDataset, rank, sum, Window } from 'runjob'
import { orders, products } from './shop/tables.js'

const byRevenue = Window.partitionBy('category').orderBy(col('revenue').desc())

export default defineDataset({
  name: 'top-products',
  description: 'The products of each category that sell best.',
  params: {
    orders: { type: 'string', default: 'examples/shop/orders.csv', describe: 'CSV files of orders' },
    products: { type: 'string', default: 'examples/shop/products.csv', describe: 'CSV file of products' },
    places: { type: 'integer', default: 3, min: 1, describe: 'Best places of each category' },
  },
  build: ({ read, params }) =>
    read(orders, params.orders)
      .filter((c) => c.status.eq('completed'))
      .join(broadcast(read(products, params.products)), { left: 'product_id', right: 'id' })
      .groupBy('category', 'name')
      .agg({ revenue: sum('total'), orders: count() })
      // Products that sell equally well share a place; rowNumber() would choose one of them.
      .withColumn('place', rank().over(byRevenue))
      .filter((c) => c.place.le(params.places))
      .orderBy('category', 'place', 'name')
      .select('category', 'place', 'name', 'revenue', 'orders'),
})
