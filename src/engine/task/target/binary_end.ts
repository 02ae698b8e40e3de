/** What a pipeline writes files of Parquet and Avro by. */
import { packageVersion } from '../../../base/packages.js'
import { avroCodec, writtenHeader } from '../../../io/format/avro/written.js'
import type { FileEnd } from '../../../kernels/pipeline_program.js'
import type { BinaryFormat } from '../../../plan/plan.js'
import type { Column } from '../../../plan/type.js'

/** @param columns of the files */
export function binaryEnd({ kind, codec }: BinaryFormat, columns: readonly Column[]): FileEnd {
  if (kind === 'avro') return { kind, codec: avroCodec(codec), header: writtenHeader(columns, codec) }
  return { kind, codec, createdBy: `runjob version ${packageVersion()}` }
}
