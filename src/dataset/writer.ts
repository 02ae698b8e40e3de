/** How a data frame is written: what `write` of a frame gives. */
import { describe, isOneOf, isText } from '../base/schema.js'
import { runner } from '../plan/runner.js'
import type { FrameSchema } from '../plan/typed.js'
import type { FrameOf, Names } from './frame_types.js'
import { invalid } from './invalid.js'

const MODES = ['error', 'overwrite', 'ignore', 'append', 'overwritePartitions'] as const
type Mode = (typeof MODES)[number]

export interface WriteChoice {
  /** null: the run's. */
  mode: Mode | null
  /** The columns whose values name folders, from the outer to the inner. */
  partitionBy: readonly string[]
}

/**
 * Says where rows go. Immutable, as a frame is: `frame.write.mode('overwrite').partitionBy('year').parquet('lake')`. In `build` of a dataset
 * it is an output, without a path: `{ daily: frame.write.partitionBy('year') }`.
 */
export class FrameWriter<S> {
  readonly frame: FrameOf<S>
  readonly choice: WriteChoice

  constructor(frame: FrameOf<S>, choice: WriteChoice = { mode: null, partitionBy: [] }) {
    this.frame = frame
    this.choice = choice
  }

  /** What to do if the output exists: by default it is refused. `overwritePartitions` replaces just the partitions that the rows have. */
  mode(mode: Mode): FrameWriter<S> {
    if (!isOneOf(...MODES).accepts(mode)) {
      throw invalid(`write.mode() takes one of ${MODES.join(', ')}, not ${describe(mode)}`)
    }
    return new FrameWriter(this.frame, { ...this.choice, mode })
  }

  /** Rows go into folders by the values of these columns, `year=2024/month=1`, and the files have the others. */
  partitionBy(...columns: readonly Names<S>[]): FrameWriter<S> {
    if (columns.length === 0 || !columns.every((name) => isText.accepts(name) && name !== '')) {
      throw invalid('write.partitionBy() takes names of columns')
    }
    return new FrameWriter(this.frame, { ...this.choice, partitionBy: columns })
  }

  /** Runs the frame; on return its rows are in the folder, whole. The options are those of runDataset. */
  async parquet(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'parquet', options)
  }
  async avro(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'avro', options)
  }
  async csv(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'csv', options)
  }
  async json(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'jsonl', options)
  }
  async text(path: string, options?: unknown): Promise<void> {
    return this.#run(path, 'text', options)
  }

  async #run(path: string, format: string, options: unknown): Promise<void> {
    return (await runner()).write(this as never, { path, format }, options)
  }
}

const WRITER = Symbol.for('runjob.frameWriter')
Object.defineProperty(FrameWriter.prototype, WRITER, { value: true })

// Not by class: a program may hold two copies of the package.
export function isFrameWriter(value: unknown): value is FrameWriter<FrameSchema> {
  return typeof value === 'object' && value !== null && WRITER in value
}
