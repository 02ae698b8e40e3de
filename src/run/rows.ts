/** Runs a data frame and hands its rows to the program. */
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import type { AnyDataset } from '../dataset/dataset.js'
import type { AnyFrame } from '../dataset/frame.js'
import type { CollectionOutput, DatasetOutput } from '../dataset/outputs.js'
import { decodeRows, type Row, type RowForm } from '../kernels/rows.js'
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
    const decoder = new RowDecoder(form)
    const rows: Row[] = []
    const { recordsWritten } = await runAny(dataset, {
      ...options,
      output: join(folder, 'output'),
      [RECORDS]: async (bytes: Uint8Array) => {
        for (const row of decoder.push(bytes)) rows.push(row)
        return true
      },
      [COLUMNS]: (columns: readonly Column[]) => {
        decoder.columns = columns
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

/** Rows from blocks of their bytes, which may end anywhere. */
export class RowDecoder {
  columns: readonly Column[] = []
  readonly #form: RowForm
  #rest: Uint8Array = new Uint8Array()

  constructor(form: RowForm) {
    this.#form = form
  }

  push(bytes: Uint8Array): Row[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const end = endOfRows(all)
    // Copied, because a block is valid only until the next one; slice() of a Buffer is a view.
    this.#rest = new Uint8Array(all.subarray(end))
    return decodeRows(all.subarray(0, end), this.columns, this.#form)
  }
}

const LENGTH_BYTES = 4

/** Where the last whole row ends. */
function endOfRows(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let end = 0
  while (end + LENGTH_BYTES <= bytes.length) {
    const next = end + LENGTH_BYTES + view.getUint32(end, true)
    if (next > bytes.length) break
    end = next
  }
  return end
}
