/** What readers of Avro need besides the columns. */
import { RunjobError } from '../../../base/errors.js'
import { inflate, rowsBefore } from '../../../io/format/avro/blocks.js'
import { readHeader } from '../../../io/format/avro/container.js'
import { avroLayout } from '../../../io/format/avro/program.js'
import { type InputFile, nameOf } from '../../../io/input/input_file.js'
import { fromNative, kernels } from '../../../kernels/addon.js'
import type { Pipeline, TextScan } from '../../../kernels/kernels.js'
import type { Column } from '../../../plan/type.js'
import type { TaskEnvironment } from '../environment.js'
import { lineLimit, type PlaceOf } from './split_reader.js'

/** Of the smallest limit for a block: writers make blocks of some kilobytes. */
const LEAST_BLOCK_BYTES = 16 << 20
/** A damaged or hostile file may say anything. */
const MOST_BLOCK_BYTES = 1 << 30

/** @param start of a block */
export async function openAvro(
  columns: readonly Column[],
  pipeline: Pipeline,
  file: InputFile,
  start: number,
  env: TaskEnvironment,
): Promise<TextScan> {
  const header = await readHeader(file)
  const { maxRecordBytes, keepBad } = lineLimit(env)
  const scan = kernels.createAvroScan(
    {
      layout: avroLayout(header, columns),
      codec: header.codec,
      sync: header.sync,
      maxRecordBytes,
      maxBlockBytes: Math.min(MOST_BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, maxRecordBytes)),
      keepBad,
      inflate,
    },
    pipeline,
  )
  const push: TextScan['push'] = (chunk, limit, last) => {
    try {
      return scan.push(chunk, limit, last)
    } catch (error) {
      throw placed(error, file, start)
    }
  }
  return {
    push,
    get position() {
      return scan.position
    },
    get recordsIn() {
      return scan.recordsIn
    },
    get recordsOut() {
      return scan.recordsOut
    },
    get recordsDropped() {
      return scan.recordsDropped
    },
  }
}

/** What is wrong with a block is at a byte of the file. */
function placed(error: unknown, file: InputFile, start: number): unknown {
  const known = fromNative(error)
  if (!(known instanceof RunjobError) || (known.code !== 'AVRO_CORRUPT' && known.code !== 'AVRO_UNSUPPORTED'))
    return error
  const { offset, ...params } = known.params
  const place = new RunjobError(known.code, { path: nameOf(file), ...params }, { cause: error })
  return place.withWhere({ file: nameOf(file), offset: start + Number(offset) })
}

/** Rows are counted from the first one of a split. How many are before it is asked only where one of them is named. */
export async function rowPlaces(
  file: InputFile,
  start: number,
): Promise<{ rowsBefore: () => number; placeOf: PlaceOf }> {
  const header = await readHeader(file)
  const before = () => rowsBefore(file, header, start)
  return { rowsBefore: before, placeOf: (offset) => ({ file: nameOf(file), row: before() + offset + 1 }) }
}
