/** Pieces of text kept as bytes, to be copied into blocks. */
import type { Block } from './blocks.js'

const encoder = new TextEncoder()

export class Phrases {
  readonly count: number
  private readonly view: DataView
  /** Byte offsets: phrase i is between starts[i] and starts[i + 1]. */
  private readonly starts: Uint32Array

  constructor(texts: readonly string[]) {
    this.count = texts.length
    this.view = new DataView(encoder.encode(texts.join('') + '\0'.repeat(8)).buffer)
    this.starts = new Uint32Array(texts.length + 1)
    let end = 0
    texts.forEach((text, i) => {
      end += Buffer.byteLength(text)
      this.starts[i + 1] = end
    })
  }

  /** Copies phrase `i` to offset `at`; returns its end. Overwrites up to 8 bytes after it. */
  put(i: number, out: Block, at: number): number {
    const { view } = this
    const start = this.starts[i]!
    const length = this.starts[i + 1]! - start
    // Eight bytes at a time: most phrases take one round, so the branch is predicted.
    for (let done = 0; done < length; done += 8) {
      out.view.setInt32(at + done, view.getInt32(start + done, true), true)
      out.view.setInt32(at + done + 4, view.getInt32(start + done + 4, true), true)
    }
    return at + length
  }
}

/** Writes `n` in decimal at `out[at..]`; returns its end. `n` is whole, 0 or more. */
export function putNumber(n: number, out: Uint8Array, at: number): number {
  let digits = 1
  for (let limit = 10; n >= limit; limit *= 10) digits++
  let rest = n
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10)
    out[i] = 48 + rest - tenth * 10
    rest = tenth
  }
  return at + digits
}

/** Writes hundredths as a decimal: 1205 -> 12.05. */
export function putHundredths(n: number, out: Uint8Array, at: number): number {
  const whole = Math.floor(n / 100)
  const cents = n - whole * 100
  const point = putNumber(whole, out, at)
  out[point] = 46
  out[point + 1] = 48 + Math.floor(cents / 10)
  out[point + 2] = 48 + (cents % 10)
  return point + 3
}
