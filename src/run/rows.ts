/** Runs a data frame and hands its rows to the program. */
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import type { AnyDataset } from '../dataset/dataset.js'
import type { AnyFrame } from '../dataset/frame.js'
import type { CollectionOutput, DatasetOutput } from '../dataset/outputs.js'
import { endOfBlocks, readBlocks } from '../kernels/row_block.js'
import { plainRows, type RowFactory } from '../kernels/row_objects.js'
import type { Row, RowForm } from '../kernels/rows.js'
import type { Column } from '../plan/type.js'
import { COLUMNS, type DatasetOptions, RECORDS } from './options.js'
import { runAny } from './run.js'
import { inTemporaryFolder } from './temporary.js'

export type RowOptions = Omit<DatasetOptions<never>, 'output' | typeof RECORDS | typeof COLUMNS>

interface Rows {
  columns: readonly Column[]
  rows: Row[]
}

/**
 * All rows, in order.
 *
 * @throws what a run throws; INT64_UNSAFE, TIMESTAMP_PRECISION
 */
export function runForRows(dataset: AnyDataset, options: RowOptions, form: RowForm): Promise<Rows> {
  return inTemporaryFolder(async (folder) => {
    let decoder = new RowDecoder([], form)
    const rows: Row[] = []
    const { recordsWritten } = await runAny(dataset, {
      ...options,
      output: join(folder, 'output'),
      [RECORDS]: async (bytes: Uint8Array) => {
        for (const row of decoder.push(bytes)) rows.push(row)
        return true
      },
      [COLUMNS]: (columns: readonly Column[]) => {
        decoder = new RowDecoder(columns, form)
      },
    })
    if (rows.length !== recordsWritten) {
      throw new RunjobError('INTERNAL', { detail: `${recordsWritten} rows were written, but ${rows.length} read` })
    }
    return { columns: decoder.columns, rows }
  })
}

/** A data frame by itself, as a dataset. */
export function datasetOf(frame: AnyFrame): AnyDataset {
  return datasetOfOutputs([{ name: '', frame, partitionBy: null }], 'data frame')
}

export function datasetOfOutputs(outputs: DatasetOutput[] | CollectionOutput, name: string): AnyDataset {
  return { name, description: '', examples: [], params: {}, inputNames: [], summary: null, outputs: () => outputs }
}

/** Rows from pieces of their blocks, which may end anywhere. */
export class RowDecoder {
  readonly columns: readonly Column[]
  readonly #form: RowForm
  readonly #rowAt: RowFactory<Row>
  #rest: Uint8Array[] = []
  #size = 0
  /** Bytes without which there is no whole block. */
  #needed = 0

  constructor(columns: readonly Column[], form: RowForm) {
    this.columns = columns
    this.#form = form
    this.#rowAt = plainRows(columns)
  }

  /** @param bytes valid until the next call */
  push(bytes: Uint8Array): Row[] {
    this.#size += bytes.length
    if (this.#size < this.#needed) {
      this.#rest.push(new Uint8Array(bytes))
      return []
    }
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([...this.#rest, bytes])
    const { end, needed } = endOfBlocks(all)
    // Copied; slice() of a Buffer is a view.
    this.#rest = [new Uint8Array(all.subarray(end))]
    this.#size = all.length - end
    this.#needed = needed
    const rows: Row[] = []
    for (const block of readBlocks(all.subarray(0, end), this.columns, this.#form)) {
      for (let r = 0; r < block.rows; r++) rows.push(this.#rowAt(block, r))
    }
    return rows
  }
}
