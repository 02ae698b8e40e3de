/** Two tables to join by `user_id`: nine orders in ten have a user. */
import { type Fill, FULL } from './blocks.js'
import { Phrases, putHundredths, putNumber } from './phrases.js'
import { Random } from './random.js'
import { makeWords } from './words.js'

const COMMA = 44
const NEWLINE = 10
const encoder = new TextEncoder()

/** `order_id,user_id,amount`. Some user ids have no user. */
export function orders(count: number, users: number, seed: number): Fill {
  const random = new Random(seed)
  const ids = Math.ceil(users / 0.9)
  let order = 0
  return (block) => {
    const { bytes } = block
    let at = order === 0 ? encoder.encodeInto('order_id,user_id,amount\n', bytes).written : 0
    for (; at < FULL && order < count; order++) {
      at = putNumber(order, bytes, at)
      bytes[at++] = COMMA
      at = putNumber(random.below(ids), bytes, at)
      bytes[at++] = COMMA
      at = putHundredths(random.below(100_000), bytes, at)
      bytes[at++] = NEWLINE
    }
    return at
  }
}

/** `user_id,name,country`: each id from 0 to count - 1 once, in no order. */
export function users(count: number, seed: number): Fill {
  const random = new Random(seed)
  const names = new Phrases(makeWords('latin', 20_000, random))
  const countries = new Phrases(makeWords('latin', 150, random))
  const stride = coprimeStride(count)
  let row = 0
  let id = 0
  return (block) => {
    const { bytes } = block
    let at = row === 0 ? encoder.encodeInto('user_id,name,country\n', bytes).written : 0
    for (; at < FULL && row < count; row++) {
      at = putNumber(id, bytes, at)
      bytes[at++] = COMMA
      at = names.put(random.below(names.count), block, at)
      bytes[at++] = COMMA
      at = countries.put(random.below(countries.count), block, at)
      bytes[at++] = NEWLINE
      id = (id + stride) % count
    }
    return at
  }
}

/** A step that visits each of 0 to n - 1 once before it repeats: about the golden ratio of n, and coprime to it. */
function coprimeStride(n: number): number {
  const commonFactor = (a: number, b: number): number => (b === 0 ? a : commonFactor(b, a % b))
  let stride = Math.max(1, Math.floor(n * 0.618))
  while (commonFactor(n, stride) > 1) stride++
  return stride
}
