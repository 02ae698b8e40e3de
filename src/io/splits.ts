/** Input files -> the byte ranges that tasks read. */
import type { InputFile } from './inputs.js'

/** A byte range of an input file: the records that start inside it. */
interface Piece {
  /** Index into the files. */
  file: number
  /** Inclusive. */
  start: number
  /** Exclusive. */
  end: number
}

export interface TaskInput {
  pieces: Piece[]
  /** Bytes on disk of all pieces. */
  bytes: number
}

/** What opening a file costs, as bytes that could have been read meanwhile: a task does not get thousands of tiny files. */
const OPEN_COST_BYTES = 16 * 1024

/**
 * Cuts files into tasks of about `targetBytes`, in the order of the files.
 *
 * A larger file becomes ranges of nearly equal size, each a task; smaller files that follow one another share a task. A
 * compressed file is one piece, whatever its size. Empty files need no task.
 */
export function planSplits(files: readonly InputFile[], targetBytes: number): TaskInput[] {
  const tasks: TaskInput[] = []
  let group: TaskInput = { pieces: [], bytes: 0 }
  const endGroup = () => {
    if (group.pieces.length > 0) tasks.push(group)
    group = { pieces: [], bytes: 0 }
  }
  for (const [file, { sizeBytes, compression }] of files.entries()) {
    if (sizeBytes === 0) continue
    if (sizeBytes > targetBytes) {
      endGroup()
      const ranges = compression === 'none' ? Math.max(1, Math.round(sizeBytes / targetBytes)) : 1
      for (let range = 0; range < ranges; range++) {
        const start = Math.floor((sizeBytes / ranges) * range)
        const end = range === ranges - 1 ? sizeBytes : Math.floor((sizeBytes / ranges) * (range + 1))
        tasks.push({ pieces: [{ file, start, end }], bytes: end - start })
      }
      continue
    }
    const cost = group.bytes + (group.pieces.length + 1) * OPEN_COST_BYTES + sizeBytes
    if (group.pieces.length > 0 && cost > targetBytes) endGroup()
    group.pieces.push({ file, start: 0, end: sizeBytes })
    group.bytes += sizeBytes
  }
  endGroup()
  return tasks
}
