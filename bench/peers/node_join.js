// Joins orders with users, as one would without a library: node node_join.js orders.csv users.csv out.csv
import { once } from 'node:events'
import { createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [orders, users, output] = process.argv.slice(2)

async function forEachLine(path, visit) {
  const lines = createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }) })
  lines.on('line', visit)
  await once(lines, 'close')
}

const userById = new Map()
await forEachLine(users, (line) => {
  const [id, name, country] = line.split(',')
  userById.set(id, `${name},${country}`)
})
userById.delete('user_id')

const file = openSync(output, 'w')
let text = 'user_id,order_id,amount,name,country\n'
await forEachLine(orders, (line) => {
  const [order, id, amount] = line.split(',')
  const user = userById.get(id)
  if (user === undefined) return
  text += `${id},${order},${amount},${user}\n`
  if (text.length > 1 << 16) {
    writeSync(file, text)
    text = ''
  }
})
writeSync(file, text)
