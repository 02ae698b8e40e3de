/** Readers of one split of an input file, and what they share. */
import { type ErrorCode, RunjobError, type Where } from '../../../base/errors.js'
import { type InputFile, nameOf } from '../../../io/input/input_file.js'
import type { LineOptions } from '../../../io/input/lines.js'
import type { BadRecord, RecordLimit } from '../../../kernels/kernels.js'
import type { TaskEnvironment } from '../environment.js'
import type { Quarantine } from '../quarantine.js'

/** Takes chunks like a native mapper. */
export interface SplitReader {
  push(chunk: Uint8Array, limit: number, last: boolean): boolean
  readonly position: number
  readonly recordsIn: number
  /** Of those: dropped, as asked. */
  readonly recordsDropped?: number
  /** Utf8Check.invalidAt, of a reader that decodes: bytes that are not UTF-8 become U+FFFD. Others take bytes unchanged. */
  readonly invalidAt?: number
  /** Offset of the current record, from the start of the split's first chunk; -1 if unknown. */
  recordOffset(): number
  /** Where the record of an offset is; absent: at that byte. */
  readonly placeOf?: PlaceOf
}

export type PlaceOf = (offset: number) => Where

/** @param start of the split's first chunk */
export function byteOf(file: InputFile, start: number): PlaceOf {
  return (offset) => ({ file: nameOf(file), offset: start + offset })
}

const PORTION_BYTES = 64 << 10
/** A key must fit in one record of a run, with the record's own bytes (native/run/run_format.h). */
export const MAX_LINE_BYTES = 2 ** 31 - 2 ** 17

/** How many bytes a word or line may have, and what happens to a longer one. */
export function lineLimit(env: TaskEnvironment): Required<RecordLimit> {
  return { maxRecordBytes: Math.min(env.budget.maxRecordBytes, MAX_LINE_BYTES), keepBad: env.quarantine !== null }
}

/**
 * Passes on a chunk in small parts. The results of a part are still in the cache when they are used, and small enough for the young
 * generation of garbage collection; and of a million bad rows in a chunk, only those of a part are held at a time.
 */
export function inPortions(push: SplitReader['push']): SplitReader['push'] {
  return (chunk, limit, last) => {
    for (let at = 0; ; at += PORTION_BYTES) {
      const isEnd = at + PORTION_BYTES >= chunk.length
      const done = push(chunk.subarray(at, at + PORTION_BYTES), limit, last && isEnd)
      if (done || isEnd) return done
    }
  }
}

export function quarantineRecord(env: TaskEnvironment, placeOf: PlaceOf, bad: BadRecord): void {
  const { code, detail, offset, excerpt } = bad
  env.quarantine!.add(new RunjobError(code as ErrorCode, { detail }), placeOf(offset), excerpt)
}

/** Takes lines that are too long. */
export function lineQuarantine(
  quarantine: Quarantine,
  file: InputFile,
  start: number,
): NonNullable<LineOptions['onTooLong']> {
  return (error, excerpt) => quarantine.add(error, { file: nameOf(file), offset: start + error.where.offset! }, excerpt)
}
