/** Twelve columns, a header row, quoted fields with commas, doubled quotes and line ends in them (RFC 4180). */
import { type Block, type Fill, FULL } from './blocks.js'
import { Phrases, putHundredths, putNumber } from './phrases.js'
import { Random } from './random.js'
import { makeWords } from './words.js'

const COMMA = 44
const NEWLINE = 10
const HEADER = 'order_id,date,customer,street,city,region,product,quantity,price,discount,total,note\n'
const REGIONS = 200

/** About `byteCount` bytes, at a row's end. */
export function sales(byteCount: number, seed: number): Fill {
  const random = new Random(seed)
  const words = makeWords('latin', 4096, random)
  const word = () => words[random.below(words.length)]!
  const name = () => word().replace(/^./, (letter) => letter.toUpperCase())
  const phrases = (count: number, make: (i: number) => string) =>
    new Phrases(Array.from({ length: count }, (_, i) => make(i)))

  const dates = phrases(2000, (i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10))
  const customers = phrases(2000, () => `"${name()}, ${name()}"`)
  const streets = phrases(1000, (i) => `"${name()} Street ${i}, 2nd ""left"" door"`)
  const cities = phrases(500, name)
  const regions = phrases(REGIONS, (i) => `${words[i]}-${i}`)
  const products = phrases(1000, (i) => `"${word()} ${word()} ${i}"`)
  const notes = phrases(1000, (i) => makeNote(i, word))
  let order = 0
  let left = byteCount

  return (block) => {
    const { bytes } = block
    if (left <= 0) return 0
    let at = 0
    if (order === 0) at = new TextEncoder().encodeInto(HEADER, bytes).written
    while (at < FULL && at < left) {
      const quantity = 1 + random.below(20)
      const price = 99 + random.below(50_000)
      at = putNumber(1_000_000 + order++, bytes, at)
      at = putField(dates, block, at)
      at = putField(customers, block, at)
      at = putField(streets, block, at)
      at = putField(cities, block, at)
      at = putField(regions, block, at)
      at = putField(products, block, at)
      bytes[at++] = COMMA
      at = putNumber(quantity, bytes, at)
      bytes[at++] = COMMA
      at = putHundredths(price, bytes, at)
      bytes[at++] = COMMA
      at = putHundredths(random.below(30), bytes, at)
      bytes[at++] = COMMA
      at = putHundredths(price * quantity, bytes, at)
      at = putField(notes, block, at)
      bytes[at++] = NEWLINE
    }
    left -= at
    return at
  }

  function putField(from: Phrases, block: Block, at: number): number {
    block.bytes[at] = COMMA
    return from.put(random.below(from.count), block, at + 1)
  }
}

/** Mostly empty; sometimes with a quote or a line end inside. */
function makeNote(i: number, word: () => string): string {
  if (i % 100 === 0) return `"${word()}\n${word()} ${word()}"`
  if (i % 10 === 0) return `"said ""${word()} ${word()}"", ${word()}"`
  return i % 3 === 0 ? `"${word()}"` : ''
}
