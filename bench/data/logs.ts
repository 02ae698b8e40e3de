/** Lines of a web server's log as JSON, about 200 bytes each; the user is an object in it. */
import { type Fill, FULL } from './blocks.js'
import { Phrases, putNumber } from './phrases.js'
import { Random } from './random.js'
import { makeWords } from './words.js'

const START = Date.UTC(2024, 0, 1)
const PATHS = 2000
const COUNTRIES = 60
const STATUSES = [200, 200, 200, 200, 200, 200, 200, 301, 304, 404, 404, 500, 503]

/** About `byteCount` bytes, at a line's end. */
export function logs(byteCount: number, seed: number): Fill {
  const random = new Random(seed)
  const words = makeWords('latin', 4096, random)
  const word = () => words[random.below(words.length)]!
  const phrases = (count: number, make: (i: number) => string) =>
    new Phrases(Array.from({ length: count }, (_, i) => make(i)))
  const seconds = phrases(86_400, (i) => `{"time":"${new Date(START + i * 1000).toISOString().slice(0, 19)}Z","host":"`)
  const hosts = phrases(50, (i) => `web-${i}.example.org","request":{"method":"`)
  const methods = phrases(4, (i) => `${['GET', 'GET', 'POST', 'HEAD'][i]}","path":"/`)
  const paths = phrases(PATHS, (i) => `${word()}/${word()}-${i}","agent":"Mozilla/5.0 (${word()})"},"status":`)
  const statuses = phrases(STATUSES.length, (i) => `${STATUSES[i]},"bytes":`)
  const users = phrases(1, () => ',"user":{"id":')
  const countries = phrases(COUNTRIES, (i) => `,"country":"${words[i]}"}}\n`)
  let left = byteCount

  return (block) => {
    const { bytes } = block
    if (left <= 0) return 0
    let at = 0
    while (at < FULL && at < left) {
      at = seconds.put(random.below(86_400), block, at)
      at = hosts.put(random.below(50), block, at)
      at = methods.put(random.below(4), block, at)
      at = paths.put(random.below(PATHS), block, at)
      at = statuses.put(random.below(STATUSES.length), block, at)
      at = putNumber(random.below(100_000), bytes, at)
      at = users.put(0, block, at)
      at = putNumber(random.below(1_000_000), bytes, at)
      at = countries.put(random.below(COUNTRIES), block, at)
    }
    left -= at
    return at
  }
}
