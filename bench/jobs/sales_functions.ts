/** Functions of rows, over two or three of twelve columns: `--question filter --file sales.parquet`. */
import {
  boolean,
  count,
  type DataFrame,
  date,
  defineDataset,
  double,
  int,
  long,
  parquet,
  string,
  sum,
  type Untyped,
  udf,
} from 'runjob'

const schema = {
  ...{ id: long(), day: date(), customer: string(), street: string(), city: string(), region: string() },
  ...{ product: string(), quantity: int(), price: double(), discount: double(), paid: double(), note: string() },
}

const isLarge = udf((price: number, quantity: number) => price * quantity > 4000 && quantity % 3 !== 0, boolean())

const QUESTIONS: Record<string, (sales: DataFrame<typeof schema>) => { agg: DataFrame<Untyped>['agg'] }> = {
  filter: (sales) => sales.filter((c) => isLarge(c.price, c.quantity)),
  'filter-rows': (sales) =>
    sales
      .rows()
      .filter((row) => row.price * row.quantity > 4000 && row.quantity % 3 !== 0)
      .map((row) => ({ price: row.price }))
      .toDF({ price: double() }),
  map: (sales) =>
    sales
      .map(({ city, price, quantity }) => ({ price: price * quantity * (city.endsWith('7') ? 0.9 : 1) }))
      .toDF({ price: double() }),
}

export default defineDataset({
  name: 'sales-functions',
  params: {
    question: { type: 'string', required: true, describe: 'Its name' },
    file: { type: 'string', required: true, describe: 'Parquet' },
  },
  build: ({ read, params }) =>
    QUESTIONS[params.question]!(read(parquet({ schema }), params.file)).agg({ rows: count(), price: sum('price') }),
})
