// The tables of a small shop, which several examples read.
import { csv, decimal, long, string, timestamp } from 'runjob'

export const orders = csv({
  schema: {
    id: long(),
    customer_id: string(),
    product_id: string(),
    status: string(),
    total: decimal(12, 2),
    created_at: timestamp(),
  },
})

export const products = csv({ schema: { id: string(), name: string(), category: string() } })
