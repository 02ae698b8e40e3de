/** Reads input files: the splits of a task, chunk by chunk. */
import { RunjobError, type Where } from '../../../base/errors.js'
import { findBlock } from '../../../io/format/avro/blocks.js'
import { readHeader } from '../../../io/format/avro/container.js'
import { readColumns } from '../../../io/format/csv/columns.js'
import { firstRowStart } from '../../../io/format/csv/header.js'
import { type ChunkOptions, forEachChunk, readRange } from '../../../io/input/chunks.js'
import { type InputFile, isWhole, nameOf } from '../../../io/input/input_file.js'
import { findLineStart } from '../../../io/input/lines.js'
import { hasGuessedStarts } from '../../../io/input/splits.js'
import { fromNative, kernels } from '../../../kernels/addon.js'
import type { FileInput, Format } from '../../../plan/plan.js'
import type { TaskSplit } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'
import type { ByteIntake } from '../intake.js'
import { type ParquetIntake, readRowGroups } from './parquet.js'
import { byteOf, type PlaceOf, type SplitReader } from './split_reader.js'

const NEWLINE = 10
/** How far to search for the start of a CSV record. */
const GUESS_BYTES = 1 << 18

/** Reads splits of an input's files. */
export async function readFiles(
  input: FileInput,
  splits: readonly TaskSplit[],
  intake: ByteIntake,
  env: TaskEnvironment,
): Promise<void> {
  for (const split of splits) {
    if (intake.done) break
    if (input.format.kind === 'parquet') await readRowGroups(split, intake as unknown as ParquetIntake, env)
    else await readSplit(input, split, intake, env)
  }
  env.tally.recordsMapped = env.tally.recordsIn
}

async function readSplit(
  { format }: FileInput,
  split: TaskSplit,
  intake: ByteIntake,
  env: TaskEnvironment,
): Promise<void> {
  const { tally } = env
  const file = env.files[split.file]!
  // A sample does not search far for a record.
  if (
    env.task.kind === 'sample' &&
    format.kind !== 'avro' &&
    split.start > 0 &&
    !readRange(file, split.start, split.end - split.start).includes(NEWLINE)
  )
    return
  const isPlain = !isWhole(file)
  const start = split.recordStart ?? (await recordStart(format, file, split, env))
  if (start >= split.end && start > 0 && isPlain) {
    // No record starts here: the previous one spans the whole split.
    tally.boundaries.push({ file: split.file, start, end: start })
    return
  }
  env.enterFile(nameOf(file))
  const reader = await intake.open(file, start)
  const limit = isPlain && split.end < file.sizeBytes ? split.end - start : Number.POSITIVE_INFINITY
  const sampleLimit = env.task.kind === 'sample' ? split.end - split.start : Number.POSITIVE_INFINITY
  const placeOf = reader.placeOf ?? byteOf(file, start)
  let records = 0
  env.where = (): Where => {
    const offset = reader.recordOffset()
    return offset < 0 ? { file: nameOf(file) } : placeOf(offset)
  }
  try {
    const push = (chunk: Uint8Array, last: boolean): boolean => {
      const done = env.clock.time('map', () => reader.push(chunk, limit, last))
      env.progress(isPlain ? chunk.length : 0, reader.recordsIn - records, 0)
      records = reader.recordsIn
      return done || reader.position >= sampleLimit || intake.done === true
    }
    const options: ChunkOptions = { shouldStop: env.shouldStop }
    // Bytes on disk: the decompressed size differs.
    if (!isPlain) options.onBytes = (bytes) => env.progress(bytes, 0, 0)
    await env.clock.timeAsync('read', () => forEachChunk(file, start, split.end, options, push))
  } catch (error) {
    throw placed(error, file, start, reader, placeOf)
  }
  tally.recordsIn += reader.recordsIn
  tally.recordsDropped += reader.recordsDropped ?? 0
  const invalidAt = reader.invalidAt ?? -1
  if (invalidAt >= 0) tally.undecoded.push({ file: split.file, offset: start + invalidAt })
  tally.boundaries.push({ file: split.file, start, end: start + reader.position })
}

/** Kernels and decoders count bytes from the first chunk; users count from the start of the file. */
function placed(error: unknown, file: InputFile, start: number, reader: SplitReader, placeOf: PlaceOf): unknown {
  const known = fromNative(error)
  if (!(known instanceof RunjobError) || known.code === 'INTERRUPTED') return known
  const { offset } = known.params
  if (known !== error && typeof offset === 'number') return known.withWhere(placeOf(offset))
  if (known.where.offset !== undefined && known.where.file === undefined) known.where.offset += start
  const at = reader.recordOffset()
  return known.withWhere(at < 0 ? { file: nameOf(file) } : placeOf(at))
}

/**
 * Where the first record of a split starts. For lines this is certain; for CSV it is a guess (the quotes before it are not read), and for
 * blocks of Avro (what ends one may be in another), which the scheduler checks against the end of the previous split.
 */
async function recordStart(format: Format, file: InputFile, split: TaskSplit, env: TaskEnvironment): Promise<number> {
  if (format.kind === 'avro') {
    const header = await readHeader(file)
    return isWhole(file) ? header.bytes : findBlock(file, header, split.start, split.end)
  }
  if (format.kind !== 'csv') return split.start === 0 ? 0 : findLineStart(file, split.start, env.shouldStop)
  const first = await firstRowStart(file, format)
  if (split.start <= first) return first
  if (!hasGuessedStarts(format)) return findLineStart(file, split.start, env.shouldStop)
  const { width: columns } = await readColumns(file, format)
  const chunk = readRange(file, split.start - 1, GUESS_BYTES)
  return split.start - 1 + kernels.guessCsvRecordStart(chunk, 1, { ...format, columns })
}
