/** The beginning of a file, by which its columns are told. */
import { forEachChunk } from '../../input/chunks.js'
import type { InputFile } from '../../input/input_file.js'

const SAMPLE_BYTES = 1 << 20
const NEWLINE = 10

/** A file's first bytes, at most a megabyte, or more if no line ends in it. */
export async function readSample(file: InputFile, most = SAMPLE_BYTES): Promise<{ bytes: Buffer; isAll: boolean }> {
  const sampleBytes = Math.min(most, SAMPLE_BYTES)
  const parts: Buffer[] = []
  let size = 0
  let hasLine = false
  let isAll = false
  await forEachChunk(file, 0, sampleBytes, {}, (chunk, last) => {
    parts.push(Buffer.from(chunk))
    size += chunk.length
    hasLine ||= chunk.includes(NEWLINE)
    isAll = last
    return hasLine && size >= sampleBytes
  })
  return { bytes: Buffer.concat(parts), isAll }
}
