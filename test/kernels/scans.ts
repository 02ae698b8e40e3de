/** What the tests of scans share: text in, rows out. */
import { type BadRecord, type CsvScanSpec, fromNative, kernels, type TextScan } from '../../dist/src/kernels/addon.js'
import { type PipelineEnd, pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { Column, Type } from '../../dist/src/plan/type.js'

export const column = (name: string, type: Type, nullable = true): Column => ({ name, type, nullable })

export interface Scanned {
  rows: Row[]
  bad: BadRecord[]
  /** `CODE: detail` and the offset. */
  error: string | null
  recordsIn: number
}

export interface ScanConfig {
  chunkBytes?: number
  limit?: number
  keepBad?: boolean
}

type Open = (pipeline: ReturnType<typeof kernels.createPipeline>) => TextScan

function pipelineOf(columns: readonly Column[], end: PipelineEnd) {
  const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
  return kernels.createPipeline(program, null, { memoryBytes: 1 << 20 })
}

function scanned(
  text: string | Uint8Array,
  columns: readonly Column[],
  { chunkBytes = 1 << 20, limit = Number.POSITIVE_INFINITY }: ScanConfig,
  open: Open,
): Scanned {
  const pipeline = pipelineOf(columns, { kind: 'rows' })
  const scan = open(pipeline)
  const data = Buffer.from(text as string)
  const bad: BadRecord[] = []
  let error: string | null = null
  try {
    for (let at = 0; ; at += chunkBytes) {
      // A copy: nothing may refer to a chunk once it has been taken.
      const chunk = Buffer.from(data.subarray(at, at + chunkBytes))
      const done = scan.push(chunk, limit, at + chunkBytes >= data.length)
      chunk.fill('#')
      bad.push(...pipeline.takeBad())
      if (done || at + chunkBytes >= data.length) break
    }
  } catch (thrown) {
    const { code, params } = fromNative(thrown) as { code: string; params: { detail?: string; offset?: number } }
    error = `${code}: ${params.detail} (${params.offset})`
  }
  return { rows: decodeRows(pipeline.takeOutput(), columns), bad, error, recordsIn: scan.recordsIn }
}

const CSV: Omit<CsvScanSpec, 'fields' | 'columns'> = {
  delimiter: ',',
  quote: '"',
  escape: null,
  comment: null,
  missing: [],
  trim: false,
  raggedRows: 'error',
  skipHeader: false,
  skipBom: true,
}

export function scanCsv(
  text: string | Uint8Array,
  columns: readonly Column[],
  { keepBad = false, ...config }: ScanConfig = {},
  spec: Partial<CsvScanSpec> = {},
): Scanned {
  const width = columns.length
  const fields = columns.map((_, i) => i)
  const all = { ...CSV, keepBad, columns: width, leastColumns: width, fields, ...spec }
  return scanned(text, columns, config, (pipeline) => kernels.createCsvScan(all, pipeline))
}

export function scanJson(
  text: string | Uint8Array,
  columns: readonly Column[],
  { keepBad = false, ...config }: ScanConfig = {},
  maxRecordBytes = 1 << 30,
): Scanned {
  const spec = { skipBom: true, keepBad, maxRecordBytes }
  return scanned(text, columns, config, (pipeline) => kernels.createJsonScan(spec, pipeline))
}

/** Lines as rows of one column. */
export function scanLines(text: Uint8Array, columns: readonly Column[], config: ScanConfig = {}): Scanned {
  const spec = { skipBom: true, keepBad: false, maxRecordBytes: 1 << 30 }
  return scanned(text, columns, config, (pipeline) => kernels.createLineScan(spec, pipeline))
}

/** Rows of JSON lines as another text. */
export function textOf(json: string, columns: readonly Column[], end: PipelineEnd): string {
  const pipeline = pipelineOf(columns, end)
  kernels.createJsonScan({ skipBom: true }, pipeline).push(Buffer.from(json), Number.POSITIVE_INFINITY, true)
  pipeline.finish()
  return Buffer.from(pipeline.takeOutput()).toString()
}
