// Counts words as one would without a library: node node_wordcount.js in.txt out.tsv
import { once } from 'node:events'
import { createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [input, output] = process.argv.slice(2)
const counts = new Map()
const lines = createInterface({ input: createReadStream(input, { highWaterMark: 1 << 20 }) })
// Events: `for await` over the lines takes twice as long.
lines.on('line', (line) => {
  for (const word of line.toLowerCase().split(/\s+/)) {
    if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
  }
})
await once(lines, 'close')

const file = openSync(output, 'w')
let text = ''
for (const [word, count] of counts) {
  text += `${word}\t${count}\n`
  if (text.length > 1 << 16) {
    writeSync(file, text)
    text = ''
  }
}
writeSync(file, text)
