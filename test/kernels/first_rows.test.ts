/** Exchanges of which only the first rows are needed: the same as the first of all rows, and little is read for the others. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decompressPage } from '../../dist/src/io/format/parquet/codec.js'
import { readFooter } from '../../dist/src/io/format/parquet/footer.js'
import { ParquetProgram } from '../../dist/src/io/format/parquet/program.js'
import { kernels } from '../../dist/src/kernels/addon.js'
import type { Collector } from '../../dist/src/kernels/kernels.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { SortKey } from '../../dist/src/plan/expression.js'
import type { Column } from '../../dist/src/plan/type.js'
import { parquetBytes, parquetFile } from '../helpers/parquet.js'
import { Random } from '../helpers/random.js'
import { ROW_COLUMNS, randomRow } from './random_row.js'

const folder = mkdtempSync(join(tmpdir(), 'runjob-first-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const NUMBER: Column = { name: 'n', type: 'integer', nullable: false }
const COLUMNS: Column[] = [...ROW_COLUMNS, NUMBER]
const BY_N: SortKey = { column: 'n', descending: false, nullsFirst: true }
const PROGRAM = { source: { kind: 'batches' as const, columns: COLUMNS }, operators: [] }

/** @param take all if it is not given */
function collectorOf(take?: number): Collector {
  return kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout: ['bytes'],
    partitionBy: 'hash',
    partitions: 1,
    ...(take === undefined ? {} : { take }),
  })
}

let runs = 0

/** Batches of so many rows. */
const BATCH = 1000
const encoded = (rows: Row[]) =>
  Array.from({ length: rows.length / BATCH }, (_, i) => encodeRows(rows.slice(i * BATCH, (i + 1) * BATCH), COLUMNS))

/** Numbers of the rows in the exchange, in its order. @param spilled after so many batches what is held goes to a run */
function taken(batches: Uint8Array[], keys: SortKey[], take?: number, spilled = batches.length): number[] {
  const collector = collectorOf(take)
  const end = { kind: 'exchange' as const, keys, side: 'none' as const }
  const pipeline = kernels.createPipeline(pipelineProgram({ ...PROGRAM, end }), collector, { memoryBytes: 1 << 24 })
  const paths: string[] = []
  const spill = () => {
    paths.push(join(folder, `${runs++}.run`))
    collector.spill(paths.at(-1)!, '{}')
  }
  batches.forEach((batch, i) => {
    if (i === spilled) spill()
    pipeline.addRows(batch)
  })
  pipeline.finish()
  expect(collector.recordsIn).toBe(BATCH * batches.length)
  expect(pipeline.rowsOut).toBe(BATCH * batches.length)
  spill()
  collector.close()
  const reader = kernels.createPipeline(
    pipelineProgram({
      source: { kind: 'rows', columns: COLUMNS },
      operators: [{ op: 'project', columns: [{ name: 'n', value: { op: 'column', ...NUMBER } }] }],
      end: { kind: 'rows' },
    }),
    null,
    { memoryBytes: 1 << 20 },
  )
  const cursor = kernels.openRuns(paths, 0, { descending: false })
  while (reader.drain(cursor, 5000) > 0);
  reader.finish()
  return decodeRows(reader.takeOutput(), [NUMBER]).map(({ n }) => n as number)
}

describe('the first rows', () => {
  const random = new Random(3)
  const rows = random.times(24_000, (n) => {
    const row = { ...randomRow(random), n }
    // Half of them have few different values, the others are nearly all different.
    if (n % 2 === 0 || random.below(5) === 0) return row
    return {
      ...row,
      int: random.below(2 ** 31) - 2 ** 30,
      long: random.below(2 ** 50) - 2 ** 49,
      double: random.next() - 0.5,
      narrow: `${random.below(1e9) - 5e8}.25`,
      wide: `${random.below(1e9) - 5e8}.125`,
      text: `${random.below(1e9)}`,
      time: new Date(random.below(2e12) - 1e12),
    }
  })

  const batches = encoded(rows)

  it.each(COLUMNS.map(({ name }) => name))('by %s are those of all rows', (column) => {
    for (const descending of [false, true]) {
      for (const nullsFirst of [false, true]) {
        const keys = [
          { column, descending, nullsFirst },
          { ...BY_N, descending },
        ]
        const all = taken(batches, keys)
        for (const [take, spilled] of [
          [100, undefined],
          [1, 10],
          [5000, 20],
        ] as const) {
          const first = taken(batches, keys, take, spilled)
          expect(first.slice(0, take)).toEqual(all.slice(0, take))
        }
      }
    }
  })

  it('are few, whatever comes later', () => {
    const ascending = rows.map((row, n) => ({ ...row, double: n, n }))
    const keys = [{ column: 'double', descending: true, nullsFirst: false }, BY_N]
    expect(taken(encoded(ascending), keys, 3)).toEqual([23_999, 23_998, 23_997])
    expect(taken([], keys, 3)).toEqual([])
  })
})

it('of a file are found by their first key: other columns of pages without any are not read', () => {
  const columns: Column[] = [
    { name: 'text', type: 'string', nullable: true },
    { name: 'double', type: 'double', nullable: true },
    { name: 'n', type: 'integer', nullable: true },
  ]
  const random = new Random(5)
  const rows = random.times(80_000, (n) => ({ text: `${random.next()}`, double: -n - random.next(), n }))
  const path = join(folder, 'rows.parquet')
  writeFileSync(path, parquetBytes(rows, columns, { codec: 'gzip' }))
  const footer = readFooter(parquetFile(path))
  const program = new ParquetProgram(footer, columns)

  /** How many pages are decompressed. */
  function pagesFor(take?: number): number {
    const collector = collectorOf(take)
    const keys = [{ column: 'double', descending: true, nullsFirst: false }, BY_N]
    const pipeline = kernels.createPipeline(
      pipelineProgram({
        source: { kind: 'batches', columns },
        operators: [],
        end: { kind: 'exchange', keys, side: 'none' },
      }),
      collector,
      { memoryBytes: 1 << 24 },
    )
    let pages = 0
    const fd = openSync(path, 'r')
    const scan = kernels.createParquetScan(program.bytes, fd, pipeline, {
      maxPageBytes: 1 << 30,
      decompress: (...page) => {
        pages++
        return decompressPage(...page)
      },
    })
    for (const group of footer.rowGroups) {
      scan.open(program.group(group))
      while (scan.read(10_000) > 0);
    }
    closeSync(fd)
    pipeline.finish()
    expect(collector.recordsIn).toBe(rows.length)
    return pages
  }

  expect(pagesFor()).toBe(3 * 4)
  expect(pagesFor(10)).toBe(4 + 2)
})
