import { require } from '../../../base/packages.js'
import type { Compressed } from './compressed.js'

const REASONS: Record<string, string> = {
  '4': 'it needs more memory than there is',
  '5': 'it is not xz',
  '6': 'it has an unsupported check or filter: CRC-32 and CRC-64, the default of xz, are supported',
  '7': 'the data is damaged',
  '8': 'unexpected end of file, or garbage after its end',
}

/** A file of xz: one stream after another. */
export async function* xz(file: Compressed): AsyncGenerator<Uint8Array> {
  const { XzReadableStream } = require('xz-decompress') as typeof import('xz-decompress')
  const source = file.open(0)[Symbol.iterator]()
  // A copy, because chunks are requested ahead of their use, and the source reuses their memory.
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = source.next()
      if (next.done) controller.close()
      else controller.enqueue(Uint8Array.from(next.value))
    },
  })
  const reader = new XzReadableStream(input).getReader()
  let isOver = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (value.length > 0) yield value
    }
    isOver = true
  } catch (error) {
    isOver = true
    const code = /error code (\d+)/.exec((error as Error).message)?.[1]
    if (code === undefined) throw error
    throw new Error(REASONS[code] ?? `error ${code}`, { cause: error })
  } finally {
    if (!isOver) await reader.cancel()
  }
}
