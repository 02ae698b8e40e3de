/** The beginning of a file, by which its columns are told. */
import { forEachChunk } from '../../input/chunks.js'
import type { InputFile } from '../../input/input_file.js'

const SAMPLE_BYTES = 1 << 20
const NEWLINE = 10

/** A file's first megabyte, or more if no line ends in it. */
export async function readSample(file: InputFile): Promise<{ bytes: Buffer; isAll: boolean }> {
  const parts: Buffer[] = []
  let size = 0
  let hasLine = false
  let isAll = false
  await forEachChunk(file, 0, SAMPLE_BYTES, {}, (chunk, last) => {
    parts.push(Buffer.from(chunk))
    size += chunk.length
    hasLine ||= chunk.includes(NEWLINE)
    isAll = last
    return hasLine && size >= SAMPLE_BYTES
  })
  return { bytes: Buffer.concat(parts), isAll }
}
