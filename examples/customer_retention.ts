// How many customers come back, by the month of their first order:   runjob examples/customer_retention.ts -o retention --format csv
import { concat, countDistinct, defineDataset, lit, min, monthsBetween, trunc, Window } from 'runjob'
import { orders } from './shop/tables.js'

export default defineDataset({
  name: 'customer-retention',
  description: 'Customers by the month of their first order, and how many of them order again in the months after it.',
  params: {
    orders: { type: 'string', default: 'examples/shop/orders.csv', describe: 'CSV files of orders' },
    months: { type: 'integer', default: 3, min: 1, max: 60, describe: 'Months after the first' },
  },
  build: ({ read, params }) =>
    read(orders, params.orders)
      .filter((c) => c.status.eq('completed'))
      .select((c) => ({ customer_id: c.customer_id, month: trunc(c.created_at.cast('date'), 'month') }))
      .withColumn('first_month', (c) => min(c.month).over(Window.partitionBy('customer_id')))
      .withColumn('later', (c) =>
        concat(lit('month_'), monthsBetween(c.month, c.first_month).cast('int').cast('string')),
      )
      .groupBy('first_month')
      .pivot(
        'later',
        Array.from({ length: params.months + 1 }, (_, month) => `month_${month}`),
      )
      .agg({ customers: countDistinct('customer_id') })
      .orderBy('first_month'),
})
