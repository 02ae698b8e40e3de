// Failed requests by the user's country, as one would without a library: node node_logs.js logs.jsonl out.csv
import { once } from 'node:events'
import { createReadStream, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [input, output] = process.argv.slice(2)
const countries = new Map()
const lines = createInterface({ input: createReadStream(input, { highWaterMark: 1 << 20 }) })
lines.on('line', (line) => {
  const { status, bytes, user } = JSON.parse(line)
  if (status < 500) return
  const country = countries.get(user.country)
  if (country === undefined) {
    countries.set(user.country, { requests: 1, bytes })
  } else {
    country.requests++
    country.bytes += bytes
  }
})
await once(lines, 'close')

const rows = [...countries].map(([country, { requests, bytes }]) => `${country},${requests},${bytes}\n`)
writeFileSync(output, `country,requests,bytes\n${rows.join('')}`)
