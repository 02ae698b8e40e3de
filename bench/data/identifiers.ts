/** Words that mostly occur once or twice, as in source code: one in ten is new. */
import { type Fill, FULL } from './blocks.js'
import { Random } from './random.js'
import { Zipf } from './words.js'

const SPACE = 32
const NEWLINE = 10
const LINE_BYTES = 72
/** 32 letters: five bits each. */
const letters = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz_01234')
/** Words to choose from, per byte. About half of them occur, so 1 GB has some 10 million different ones. */
const RANKS_PER_BYTE = 0.02
/** The number of most frequent words with two letters. */
const SHORT_RANKS = 1024

/** About `byteCount` bytes, at a line's end. */
export function identifiers(byteCount: number, seed: number): Fill {
  const random = new Random(seed)
  const zipf = new Zipf(Math.max(SHORT_RANKS, Math.min(2 ** 30 - 1, Math.ceil(byteCount * RANKS_PER_BYTE))))
  let left = byteCount

  return (block) => {
    const { bytes } = block
    if (left <= 0) return 0
    let at = 0
    while (at < FULL && at < left) {
      const lineEnd = at + LINE_BYTES
      while (at < lineEnd) {
        at = putIdentifier(zipf.draw(random), bytes, at)
        bytes[at++] = SPACE
      }
      bytes[at - 1] = NEWLINE
    }
    left -= at
    return at
  }
}

/** The word of a rank. Its first letters make it unique; the rest makes it longer. */
function putIdentifier(rank: number, out: Uint8Array, at: number): number {
  if (rank < SHORT_RANKS) {
    out[at] = letters[rank & 31]!
    out[at + 1] = letters[rank >>> 5]!
    return at + 2
  }
  // Times an odd number, modulo 2^30: one to one, and neighbours look very different.
  let bits = Math.imul(rank, 0x2545f491) & 0x3fff_ffff
  let tail = Math.imul(rank, 0x9e3779b1) >>> 8
  let to = at
  for (let i = 0; i < 6; i++) {
    out[to++] = letters[bits & 31]!
    bits >>>= 5
  }
  const end = to + (tail & 15)
  // Half of the tails start with a capital.
  if (to < end && (tail & 16) !== 0) out[to++] = 65 + (tail % 26)
  while (to < end) {
    tail = Math.imul(tail, 0x5bd1e995) ^ (tail >>> 13)
    out[to++] = letters[(tail >>> 5) & 31]!
  }
  return to
}
