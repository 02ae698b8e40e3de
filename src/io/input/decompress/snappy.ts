import { require } from '../../../base/packages.js'
import type { Compressed } from './compressed.js'

/** Snappy's framing format (snzip, Spark, Kafka). A single block without frames has no magic number, and is not read. */
export async function* snappy(file: Compressed): AsyncGenerator<Uint8Array> {
  const { Decompressor } = require('snappy') as typeof import('snappy')
  const decompressor = new Decompressor()
  let isOver = false
  try {
    for (const chunk of file.open(0)) {
      const content = decompressor.update(chunk)
      if (content.length > 0) yield content
    }
    isOver = true
    yield await decompressor.finish()
  } finally {
    // It runs in a thread.
    if (!isOver) await decompressor.finish().catch(() => {})
  }
}
