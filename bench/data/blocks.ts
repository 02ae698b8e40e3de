/** Writes files block by block, without a string or an object for each record. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** Space for records: the same memory as bytes, and for wider stores. */
export interface Block {
  bytes: Uint8Array
  view: DataView
}

/**
 * Puts whole records into a block, from its start, until it is FULL.
 *
 * @returns bytes used; 0 at the end
 */
export type Fill = (block: Block) => number

const BLOCK_BYTES = 1 << 20
/** A block with this many bytes in it is full. The rest is for the record that crosses the limit. */
export const FULL = BLOCK_BYTES - 4096

/** Writes a file that appears whole or not at all. */
export function writeBlocks(path: string, fill: Fill): void {
  const unfinished = `${path}.${process.pid}.tmp`
  const file = openSync(unfinished, 'w')
  try {
    const bytes = new Uint8Array(BLOCK_BYTES)
    const block = { bytes, view: new DataView(bytes.buffer) }
    for (let used = fill(block); used > 0; used = fill(block)) {
      for (let from = 0; from < used; ) from += writeSync(file, bytes, from, used - from)
    }
    closeSync(file)
    renameSync(unfinished, path)
  } catch (error) {
    closeQuietly(file)
    rmSync(unfinished, { force: true })
    throw error
  }
}

function closeQuietly(file: number): void {
  try {
    closeSync(file)
  } catch {
    // It is already closed; the error that matters follows.
  }
}
