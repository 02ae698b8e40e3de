/** Reads row groups of Parquet files into a pipeline. */
import { closeSync } from 'node:fs'
import { RunjobError } from '../../../base/errors.js'
import { decompressPage } from '../../../io/format/parquet/codec.js'
import { type ParquetFooter, readFooter } from '../../../io/format/parquet/footer.js'
import { ParquetProgram } from '../../../io/format/parquet/program.js'
import { Pruner } from '../../../io/format/parquet/prune.js'
import { allRows, intersect, type RowRange } from '../../../io/format/parquet/ranges.js'
import type { RowGroup } from '../../../io/format/parquet/row_groups.js'
import { checkUnchanged, openInput } from '../../../io/input/chunks.js'
import { type InputFile, nameOf } from '../../../io/input/input_file.js'
import { fromNative, kernels } from '../../../kernels/addon.js'
import type { ParquetScan } from '../../../kernels/kernels.js'
import type { Expression } from '../../../plan/expression.js'
import type { OperatorOf } from '../../../plan/plan.js'
import type { Column } from '../../../plan/type.js'
import type { TaskSplit } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'
import type { Intake, RowIntake } from '../intake.js'

/** Rows between two looks at the stop flag, and at what the target holds. */
const READ_ROWS = 16_384
/** Of the smallest limit for a page: writers make pages of a megabyte. */
const LEAST_PAGE_BYTES = 16 << 20
/** A damaged or hostile file may say anything. */
const MOST_PAGE_BYTES = 1 << 30

/** Takes row groups, split by split. */
export interface ParquetIntake extends Intake {
  readonly columns: readonly Column[]
  /** Filters right after the scan. */
  readonly filters: readonly Expression[]
  readonly rows: RowIntake
  readonly done: boolean
}

export function scanParquet(
  { columns }: OperatorOf<'scan'>,
  filters: readonly Expression[],
  rows: RowIntake,
): ParquetIntake {
  return {
    columns,
    filters,
    rows,
    get done() {
      return rows.pipeline.done
    },
    end: () => rows.end(),
    abort: () => rows.abort?.(),
  }
}

/** Reads the row groups that are a split's: those whose middle is in it. */
export async function readRowGroups(split: TaskSplit, intake: ParquetIntake, env: TaskEnvironment): Promise<void> {
  const file = env.files[split.file]!
  const name = nameOf(file)
  env.enterFile(name)
  env.where = () => ({ file: name })
  const footer = env.clock.time('read', () => footerOf(file))
  const { readAll } = env.budget
  const pruner = new Pruner(file, footer, intake.columns, readAll ? [] : intake.filters)
  const program = new ParquetProgram(footer, intake.columns)
  const parts = partsIn(footer, program, split)
  let left = split.end - split.start
  if (parts.length > 0) {
    const fd = openInput(file)
    try {
      const scan = kernels.createParquetScan(program.bytes, fd, intake.rows.pipeline, {
        maxPageBytes: Math.min(MOST_PAGE_BYTES, Math.max(LEAST_PAGE_BYTES, env.budget.maxRecordBytes)),
        keepBad: env.quarantine !== null,
        decompress: decompressPage,
        readAll,
      })
      const share = Math.floor(left / parts.length)
      for (const part of parts) {
        if (intake.done) break
        const { group, firstRow } = part
        const passing = env.clock.time('read', () => pruner.rowsOf(group))
        // Other tasks may read other parts of the same group.
        if (part.rows[0]?.start === 0) {
          env.tally.rowGroups++
          if (passing.length === 0) env.tally.rowGroupsSkipped++
        }
        const ranges = intersect(part.rows, passing)
        if (ranges.length > 0) {
          const isWhole = ranges[0]!.end - ranges[0]!.start === group.rows
          const pages = isWhole ? undefined : env.clock.time('read', () => program.pagesOf(file, group))
          scan.open(program.group(group, ranges, pages))
          intake.rows.begin(
            file,
            () => firstRow,
            (offset) => ({ file: name, row: firstRow + offset + 1 }),
          )
          readPart(scan, part, file, intake, env)
        }
        env.progress(share, 0, 0)
        left -= share
      }
      scan.close()
      checkUnchanged(file, fd)
    } finally {
      closeSync(fd)
    }
  }
  env.progress(left, 0, 0)
  env.tally.boundaries.push({ file: split.file, start: split.start, end: split.end })
}

/** Rows of a row group. */
interface Part {
  group: RowGroup
  /** The number of the group's first row in the file. */
  firstRow: number
  /** One range, counted from there. */
  rows: RowRange[]
}

function readPart(
  scan: ParquetScan,
  { firstRow }: Part,
  file: InputFile,
  { rows }: ParquetIntake,
  env: TaskEnvironment,
): void {
  try {
    for (;;) {
      env.checkStop()
      const count = env.clock.time('map', () => scan.read(READ_ROWS))
      rows.passOn()
      env.progress(0, count, 0)
      env.tally.recordsIn += count
      if (count === 0) return
    }
  } catch (error) {
    throw placed(error, file, firstRow)
  }
}

/** Native code knows rows of a group, and no file. */
function placed(error: unknown, file: InputFile, firstRow: number): unknown {
  const known = fromNative(error)
  if (!(known instanceof RunjobError) || known === error) return known
  const { offset, ...params } = known.params
  const place = new RunjobError(known.code, { path: nameOf(file), ...params }, { cause: error })
  return place.withWhere({
    file: nameOf(file),
    ...(typeof offset === 'number' ? { row: firstRow + offset + 1 } : {}),
  })
}

/** Of a worker: a file has as many splits as it is long. */
const footers = new WeakMap<InputFile, ParquetFooter>()

function footerOf(file: InputFile): ParquetFooter {
  const known = footers.get(file) ?? readFooter(file)
  footers.set(file, known)
  return known
}

/** A row group belongs to the split that its middle is in, unless it can be cut: then each split has the rows that its bytes would have. */
function partsIn(footer: ParquetFooter, program: ParquetProgram, { start, end }: TaskSplit): Part[] {
  return allParts(footer).flatMap((part) => {
    const { group } = part
    const { start: from, end: to } = group
    if (from >= end || to < start) return []
    if (!program.canCut(group)) {
      const middle = Math.floor((from + to) / 2)
      return middle >= start && middle < end ? [part] : []
    }
    const rowAt = (offset: number) => {
      const share = Math.min(1, Math.max(0, (offset - from) / (to - from)))
      return share === 1 ? group.rows : Math.floor((group.rows * share) / CUT_ROWS) * CUT_ROWS
    }
    const rows = { start: rowAt(start), end: rowAt(end) }
    return rows.start < rows.end ? [{ ...part, rows: [rows] }] : []
  })
}

/** So that batches are full. */
const CUT_ROWS = 2048

function allParts({ rowGroups }: ParquetFooter): Part[] {
  let firstRow = 0
  return rowGroups.flatMap((group) => {
    const part = { group, firstRow, rows: allRows(group.rows) }
    firstRow += group.rows
    return group.rows === 0 ? [] : [part]
  })
}
