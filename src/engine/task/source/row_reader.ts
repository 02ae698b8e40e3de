/** CSV rows, for a user's map. */
import { BlockText } from '../../../io/format/csv/block.js'
import { type Columns, readColumns } from '../../../io/format/csv/columns.js'
import type { InputFile } from '../../../io/input/input_file.js'
import { Utf8Check } from '../../../io/input/utf8_check.js'
import { kernels } from '../../../kernels/addon.js'
import type { CsvFormat } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import type { RecordGuard } from '../record_guard.js'
import { csvLimits, csvShape } from './csv.js'
import { createRows, type RowClass, type RowFactory } from './rows.js'
import { byteOf, inPortions, quarantineRecord, type SplitReader } from './split_reader.js'

export interface RowUses {
  call(record: unknown): void
  guard: RecordGuard | null
  classOf(columns: Columns): RowClass
}

export async function openRows(
  format: CsvFormat,
  file: InputFile,
  start: number,
  env: TaskEnvironment,
  { call, guard, classOf }: RowUses,
): Promise<SplitReader> {
  const columns = await readColumns(file, format)
  const { skipHeader: startsWithHeader, ...shape } = await csvShape(format, file, start, columns)
  const limits = csvLimits(env)
  // Besides its bytes, a row has its text, with two bytes per character if it is not ASCII.
  const maxRecordBytes = Math.ceil(limits.maxRecordBytes / 2)
  const csv = kernels.createCsvReader({ ...limits, ...format, ...shape, maxRecordBytes })
  const rowAt: RowFactory = createRows(classOf(columns))
  const check = new Utf8Check()
  let skipHeader = startsWithHeader
  let recordsIn = 0
  /** The current row, in the reader's last block. */
  let row = -1
  const useAll = (block: BlockText, first: number): void => {
    for (let r = first; r < block.rows; r++) {
      row = r
      call(rowAt(block, r))
    }
    recordsIn += block.rows - first
  }
  const useGuarded = (block: BlockText, first: number, guard: RecordGuard): void => {
    const bad = csv.takeBad()
    let next = 0
    const quarantineUpTo = (end: number) => {
      for (; next < bad.length && bad[next]!.offset < end; next++)
        quarantineRecord(env, byteOf(file, start), bad[next]!)
    }
    for (let r = first; r < block.rows; r++) {
      row = r
      if (next < bad.length) quarantineUpTo(csv.rowOffset(r))
      guard(
        () => call(rowAt(block, r)),
        () => csv.rowBytes(r).toString(),
      )
    }
    quarantineUpTo(Number.POSITIVE_INFINITY)
    recordsIn += block.rows - first + bad.length
  }
  return {
    push: inPortions((chunk, limit, last) => {
      row = -1
      check.see(chunk, last)
      const { block, done } = csv.push(chunk, limit, last)
      const text = new BlockText(block)
      const first = skipHeader && text.rows > 0 ? 1 : 0
      if (first === 1) skipHeader = false
      if (guard) useGuarded(text, first, guard)
      else useAll(text, first)
      return done
    }),
    get position() {
      return csv.position
    },
    get recordsIn() {
      return recordsIn + csv.recordsDropped
    },
    get recordsDropped() {
      return csv.recordsDropped
    },
    get invalidAt() {
      return check.invalidAt
    },
    recordOffset: () => (row < 0 ? -1 : csv.rowOffset(row)),
  }
}
