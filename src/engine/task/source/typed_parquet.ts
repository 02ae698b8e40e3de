/** Rows of Parquet with the types of a schema, for a user's map. Columns that it does not read by name are not decoded. */
import type { Where } from '../../../base/errors.js'
import type { InputFile } from '../../../io/input/input_file.js'
import { kernels } from '../../../kernels/addon.js'
import type { Pipeline } from '../../../kernels/kernels.js'
import { pipelineProgram } from '../../../kernels/pipeline_program.js'
import { type RecordBlock, readRecordBlocks } from '../../../kernels/row_block.js'
import { rowText } from '../../../kernels/row_objects.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RowIntake } from '../intake.js'
import { type ParquetIntake, scanParquet } from './parquet.js'
import { quarantineRecord } from './split_reader.js'
import type { TypedUses } from './typed_rows.js'

/** @param next what the map emits into */
export function typedParquet(env: TaskEnvironment, uses: TypedUses, next: Intake): ParquetIntake {
  return scanParquet({ op: 'scan', columns: [...uses.used] }, [], new MappedRows(env, uses, next))
}

/** Calls the map for each row. */
class MappedRows implements RowIntake {
  readonly pipeline: Pipeline
  readonly #env: TaskEnvironment
  readonly #uses: TypedUses
  readonly #next: Intake
  #place: (offset: number) => Where = () => ({})
  /** Of the current row. */
  #offset = 0
  readonly #where = (): Where => this.#place(this.#offset)

  constructor(env: TaskEnvironment, uses: TypedUses, next: Intake) {
    this.#env = env
    this.#uses = uses
    this.#next = next
    const program = pipelineProgram({
      source: { kind: 'batches', columns: uses.used },
      operators: [],
      end: { kind: 'blocks', records: 'offsets', columns: uses.used },
    })
    this.pipeline = kernels.createPipeline(program, null, {
      memoryBytes: env.budget.collectorBytes,
      onFull: () => this.passOn(),
    })
  }

  begin(_file: InputFile, _first: () => number, place: (offset: number) => Where): void {
    this.#place = place
  }

  passOn(): void {
    const { where } = this.#env
    const { quarantine } = this.#env
    const bad = quarantine ? this.pipeline.takeBad() : []
    let next = 0
    const putAsideUpTo = (end: number) => {
      for (; next < bad.length && bad[next]!.offset < end; next++) quarantineRecord(this.#env, this.#place, bad[next]!)
    }
    try {
      for (const block of readRecordBlocks(this.pipeline.takeOutput(), this.#uses.used, false)) {
        for (let r = 0; r < block.rows; r++) {
          const offset = block.offsets[r]!
          if (bad.length > 0) putAsideUpTo(offset)
          this.#map(block, r, offset)
        }
      }
      putAsideUpTo(Number.POSITIVE_INFINITY)
    } finally {
      this.#env.where = where
    }
  }

  #map(block: RecordBlock, r: number, offset: number): void {
    const { call, guard, used, rowAt } = this.#uses
    this.#offset = offset
    this.#env.where = this.#where
    if (!guard) {
      call(rowAt(block, r))
      return
    }
    guard(
      () => call(rowAt(block, r)),
      () => rowText(used, block, r),
    )
  }

  end(): void {
    this.#env.clock.time('map', () => this.pipeline.finish())
    this.passOn()
    this.pipeline.close()
    this.#next.end()
  }

  abort(): void {
    this.pipeline.close()
    this.#next.abort?.()
  }
}
