// Orders in folders by a hash of the customer:   runjob examples/orders_in_buckets.ts -o buckets --format parquet
import { defineDataset, hash, pmod } from 'runjob'
import { orders } from './shop/tables.js'

export default defineDataset({
  name: 'orders-in-buckets',
  description: 'Orders in a number of folders of about the same size, all orders of a customer in the same one.',
  params: {
    orders: { type: 'string', default: 'examples/shop/orders.csv', describe: 'CSV files of orders' },
    buckets: { type: 'integer', default: 4, min: 1, max: 1000, describe: 'Folders' },
  },
  // The hash is Spark's, so what Spark writes in this way is in the same buckets.
  build: ({ read, params }) =>
    read(orders, params.orders)
      .withColumn('bucket', pmod(hash('customer_id'), params.buckets))
      .orderBy('bucket', 'customer_id', 'created_at')
      .write.partitionBy('bucket'),
})
