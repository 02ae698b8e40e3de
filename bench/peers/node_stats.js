// count, sum, min, mean, max by group, as one would without a library: node node_stats.js in.csv out.csv
// Rows are `key;number`.
import { once } from 'node:events'
import { createReadStream, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [input, output] = process.argv.slice(2)
const groups = new Map()
const lines = createInterface({ input: createReadStream(input, { highWaterMark: 1 << 20 }) })
lines.on('line', (line) => {
  const [key, text] = line.split(';')
  const value = Number(text)
  const group = groups.get(key)
  if (group === undefined) {
    groups.set(key, { count: 1, sum: value, min: value, max: value })
  } else {
    group.count++
    group.sum += value
    if (value < group.min) group.min = value
    if (value > group.max) group.max = value
  }
})
await once(lines, 'close')

const rows = [...groups].map(
  ([key, { count, sum, min, max }]) => `${key},${count},${sum},${min},${sum / count},${max}\n`,
)
writeFileSync(output, `key,count,sum,min,mean,max\n${rows.join('')}`)
