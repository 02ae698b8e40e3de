/** Sentences of words that follow Zipf's law, wrapped into lines: input for word counts. */
import { type Fill, FULL } from './blocks.js'
import { Phrases } from './phrases.js'
import { Random } from './random.js'
import { makeWords, type Script, Zipf } from './words.js'

const SPACE = 32
const NEWLINE = 10
const LINE_BYTES = 76
/** With commas and full stops attached, these make about 300 000 different words in 1 GB. */
const VOCABULARY = 100_000

/** About `byteCount` bytes, at a line's end. */
export function prose(script: Script, byteCount: number, seed: number): Fill {
  // One vocabulary for every seed, so that ten files have the words of one.
  const words = makeWords(script, VOCABULARY, new Random(1))
  const [comma, stop] = script === 'cjk' ? ['，', '。'] : [',', '.']
  const capitalised = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  const phrases = new Phrases([...words, ...capitalised])
  const marks = new Phrases(['', comma, stop])
  const zipf = new Zipf(VOCABULARY)
  const random = new Random(seed)
  let left = byteCount
  let untilStop = 0

  return (block) => {
    const { bytes } = block
    if (left <= 0) return 0
    let at = 0
    while (at < FULL && at < left) {
      const lineEnd = at + LINE_BYTES
      while (at < lineEnd) {
        const startsSentence = untilStop === 0
        if (startsSentence) untilStop = 4 + random.below(20)
        at = phrases.put(zipf.draw(random) + (startsSentence ? VOCABULARY : 0), block, at)
        untilStop--
        if (untilStop === 0) at = marks.put(2, block, at)
        else if ((random.next() & 15) === 0) at = marks.put(1, block, at)
        bytes[at++] = SPACE
      }
      bytes[at - 1] = NEWLINE
    }
    left -= at
    return at
  }
}
