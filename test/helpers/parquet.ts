/** Parquet files: real ones, of many writers, outside of the repository; and how to read one. */
import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compressPage, decompressPage } from '../../dist/src/io/format/parquet/codec.js'
import { readFooter } from '../../dist/src/io/format/parquet/footer.js'
import { ParquetProgram } from '../../dist/src/io/format/parquet/program.js'
import { Pruner } from '../../dist/src/io/format/parquet/prune.js'
import { intersect, type RowRange } from '../../dist/src/io/format/parquet/ranges.js'
import { readParquetSchema } from '../../dist/src/io/format/parquet/schema.js'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import { fromNative, kernels } from '../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { Expression } from '../../dist/src/plan/expression.js'
import type { ParquetCodec } from '../../dist/src/plan/plan.js'
import type { Column } from '../../dist/src/plan/type.js'

const FOLDER = [1, 2, 3]
  .map((up) => fileURLToPath(new URL(`${'../'.repeat(up + 1)}shared/parquet`, import.meta.url)))
  .find((folder) => existsSync(folder))

/** null: they are not on this machine. */
export const realFiles = FOLDER ?? null

export function parquetFile(path: string): InputFile {
  const { size, mtimeMs } = statSync(path)
  return { path, sizeBytes: size, mtimeMs, compression: 'none' }
}

/** A file of these rows, as one task of a run writes it. @param batches numbers of rows that come at once; then all others */
export function parquetBytes(
  rows: readonly Row[],
  columns: readonly Column[],
  { codec = 'snappy', batches = [] }: { codec?: ParquetCodec; batches?: readonly number[] } = {},
): Buffer {
  const end = { kind: 'parquet' as const, codec, createdBy: 'runjob version 0.0.0' }
  const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
  const pieces: Uint8Array[] = []
  const pipeline = kernels.createPipeline(program, null, {
    memoryBytes: 1 << 20,
    compress: compressPage,
    onFull: () => void pieces.push(pipeline.takeOutput()),
  })
  try {
    let next = 0
    for (const count of [...batches, Math.max(0, rows.length - batches.reduce((sum, count) => sum + count, 0))]) {
      pipeline.addRows(encodeRows(rows.slice(next, next + count), columns))
      next += count
    }
    pipeline.finish()
    pieces.push(pipeline.takeOutput())
    return Buffer.concat(pieces)
  } catch (error) {
    throw fromNative(error)
  } finally {
    pipeline.close()
  }
}

/** All rows of a file, through a pipeline of nothing else. @param columns default: those of the file */
export async function readParquet(path: string, asked?: readonly Column[]): Promise<Row[]> {
  const file = parquetFile(path)
  const columns = asked ?? (await readParquetSchema(file))
  const bytes = await readParquetBytes(file, columns)
  return decodeRows(bytes, columns)
}

export interface ParquetReading {
  /** A row must pass all of them. */
  filters?: readonly Expression[]
  /** Whatever the filters say. */
  readAll?: boolean
  /** Of the rows of each group: read in as many parts. */
  parts?: number
  /** Told of the ranges of rows that are read, group by group. */
  onRanges?: (ranges: readonly RowRange[]) => void
}

export async function readParquetBytes(
  file: InputFile,
  columns: readonly Column[],
  { filters = [], readAll = false, parts = 1, onRanges }: ParquetReading = {},
): Promise<Uint8Array> {
  const footer = readFooter(file)
  const program = new ParquetProgram(footer, columns)
  const pruner = new Pruner(file, footer, columns, readAll ? [] : filters)
  const source = { kind: 'batches' as const, columns }
  const operators = filters.map((where) => ({ op: 'filter' as const, where }))
  const pipeline = kernels.createPipeline(pipelineProgram({ source, operators, end: { kind: 'rows' } }), null, {
    memoryBytes: 1 << 20,
  })
  const fd = openSync(file.path, 'r')
  try {
    const scan = kernels.createParquetScan(program.bytes, fd, pipeline, {
      maxPageBytes: 1 << 30,
      decompress: decompressPage,
      readAll,
    })
    for (const group of footer.rowGroups) {
      const rows = pruner.rowsOf(group)
      onRanges?.(rows)
      for (let part = 0; part < parts; part++) {
        const [start, end] = [part, part + 1].map((n) => Math.floor((group.rows * n) / parts))
        const ranges = start === end ? [] : intersect(rows, [{ start: start!, end: end! }])
        scan.open(program.group(group, ranges, program.pagesOf(file, group)))
        while (scan.read(10_000) > 0);
      }
    }
    scan.close()
    pipeline.finish()
    return pipeline.takeOutput()
  } catch (error) {
    throw fromNative(error)
  } finally {
    closeSync(fd)
  }
}
