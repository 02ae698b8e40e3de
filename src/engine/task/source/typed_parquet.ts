/** Rows of Parquet with the types of a schema, for a user's map. Columns that it does not read by name are not decoded. */
import type { Where } from '../../../base/errors.js'
import { Columns } from '../../../io/format/csv/columns.js'
import { type InputFile, nameOf } from '../../../io/input/input_file.js'
import { kernels } from '../../../kernels/addon.js'
import type { Pipeline } from '../../../kernels/kernels.js'
import { pipelineProgram } from '../../../kernels/pipeline_program.js'
import { type RecordBlock, readRecordBlocks } from '../../../kernels/row_block.js'
import { type RowFactory, rowText } from '../../../kernels/row_objects.js'
import type { Column } from '../../../plan/type.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RowIntake } from '../intake.js'
import { type ParquetIntake, scanParquet } from './parquet.js'
import { quarantineRecord } from './split_reader.js'
import { rowFactory, type TypedUses, usedColumns } from './typed_rows.js'

/** @param next what the map emits into */
export function typedParquet(
  columns: readonly Column[],
  env: TaskEnvironment,
  uses: TypedUses,
  next: Intake,
): ParquetIntake {
  const used = usedColumns(columns, uses.read)
  return scanParquet({ op: 'scan', columns: [...used] }, [], new MappedRows(columns, used, env, uses, next))
}

/** Calls the map for each row. */
class MappedRows implements RowIntake {
  readonly pipeline: Pipeline
  readonly #all: readonly Column[]
  readonly #used: readonly Column[]
  readonly #env: TaskEnvironment
  readonly #uses: TypedUses
  readonly #next: Intake
  #rowAt: RowFactory = () => ({})
  #place: (offset: number) => Where = () => ({})
  /** Of the current row. */
  #offset = 0
  readonly #where = (): Where => this.#place(this.#offset)

  constructor(all: readonly Column[], used: readonly Column[], env: TaskEnvironment, uses: TypedUses, next: Intake) {
    this.#all = all
    this.#used = used
    this.#env = env
    this.#uses = uses
    this.#next = next
    const program = pipelineProgram({
      source: { kind: 'batches', columns: used },
      operators: [],
      end: { kind: 'blocks', records: 'offsets', columns: used },
    })
    this.pipeline = kernels.createPipeline(program, null, {
      memoryBytes: env.budget.collectorBytes,
      onFull: () => this.passOn(),
    })
  }

  begin(file: InputFile, _first: () => number, place: (offset: number) => Where): void {
    const names = this.#all.map(({ name }) => name)
    this.#rowAt = rowFactory(this.#used, new Columns(names, null, nameOf(file)), this.#uses.read)
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
      for (const block of readRecordBlocks(this.pipeline.takeOutput(), this.#used, false)) {
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
    const { call, guard } = this.#uses
    this.#offset = offset
    this.#env.where = this.#where
    if (!guard) {
      call(this.#rowAt(block, r))
      return
    }
    guard(
      () => call(this.#rowAt(block, r)),
      () => rowText(this.#used, block, r),
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
