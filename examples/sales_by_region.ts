// Sales of each region over CSV:   runjob examples/sales_by_region.ts --since 2026-01-04 -o sales
import { count, csv, date, decimal, defineDataset, max, nullable, string, sum } from 'runjob'

const sales = csv({
  schema: { date: date(), region: string(), product: string(), amount: nullable(decimal(10, 2)) },
})

export default defineDataset({
  name: 'sales-by-region',
  description: 'Number, sum and largest of the sales of each region.',
  params: {
    files: { type: 'string', default: 'examples/sales.csv', describe: 'CSV files' },
    since: { type: 'string', default: '1970-01-01', describe: 'First day' },
  },
  build: ({ read, params }) =>
    read(sales, params.files)
      .filter((c) => c.date.ge(params.since).and(c.amount.isNotNull()))
      .groupBy('region')
      .agg({ orders: count(), revenue: sum('amount'), largest: max('amount') })
      .orderBy((c) => c.revenue.desc(), 'region'),
})
