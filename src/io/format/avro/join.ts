/** Avro files that runs have written, as one: the blocks of all under one header. */
import { closeSync, openSync } from 'node:fs'
import { RunjobError } from '../../../base/errors.js'
import { readAt } from '../../input/input_file.js'

/**
 * @param header of all
 * @throws OUTPUT_DIFFERENT for a file that begins in another way: its blocks would be damaged in the new one
 */
export function* joinedBlocks(
  paths: readonly string[],
  header: Uint8Array,
): Generator<{ path: string; start: number; end: number } | Uint8Array> {
  for (const path of paths) {
    const fd = openSync(path, 'r')
    try {
      if (!readAt(fd, 0, header.length).equals(header)) {
        throw new RunjobError('OUTPUT_DIFFERENT', { path, found: 'another header', wanted: 'that of this run' })
      }
    } finally {
      closeSync(fd)
    }
  }
  yield header
  for (const path of paths) yield { path, start: header.length, end: Number.POSITIVE_INFINITY }
}
