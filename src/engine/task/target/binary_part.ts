/** A part of Parquet or Avro that gets the records of a job, as lines of JSON (io/output/record_rows.ts). */
import { compressPage } from '../../../io/format/parquet/codec.js'
import { openPart, type PartWriter } from '../../../io/output/part_file.js'
import type { WrittenFile } from '../../../io/output/written_file.js'
import { kernels } from '../../../kernels/addon.js'
import type { Pipeline, TextScan } from '../../../kernels/kernels.js'
import { pipelineProgram } from '../../../kernels/pipeline_program.js'
import type { BinaryFormat } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import { MAX_LINE_BYTES } from '../source/split_reader.js'
import { binaryEnd } from './binary_end.js'

export function openBinaryPart(path: string, format: BinaryFormat, { budget }: TaskEnvironment): PartWriter {
  const columns = format.columns!
  return new BinaryPart(
    openPart(path, null),
    pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end: binaryEnd(format, columns) }),
    budget.collectorBytes,
  )
}

const EVERYTHING = Number.POSITIVE_INFINITY
const NOTHING = new Uint8Array()

class BinaryPart implements PartWriter {
  readonly #part: PartWriter
  readonly #pipeline: Pipeline
  readonly #scan: TextScan

  constructor(part: PartWriter, program: Uint8Array, memoryBytes: number) {
    this.#part = part
    const onFull = () => this.#passOn()
    this.#pipeline = kernels.createPipeline(program, null, { memoryBytes, compress: compressPage, onFull })
    // The lines are our own.
    this.#scan = kernels.createJsonScan(
      { maxRecordBytes: MAX_LINE_BYTES, keepBad: false, skipBom: false },
      this.#pipeline,
    )
  }

  write(lines: Uint8Array): void {
    this.#scan.push(lines, EVERYTHING, false)
    this.#passOn()
  }

  async close(): Promise<WrittenFile> {
    this.#scan.push(NOTHING, EVERYTHING, true)
    this.#pipeline.finish()
    this.#passOn()
    this.#pipeline.close()
    return this.#part.close()
  }

  abort(): Promise<void> {
    this.#pipeline.close()
    return this.#part.abort()
  }

  /** Row groups or blocks that are whole. */
  #passOn(): void {
    const bytes = this.#pipeline.takeOutput()
    if (bytes.length > 0) this.#part.write(bytes)
  }
}
