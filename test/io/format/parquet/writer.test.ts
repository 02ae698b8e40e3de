/** Files of Parquet as runs write them: read back by our reader and by hyparquet, with all that it says about pages. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { readFooter } from '../../../../dist/src/io/format/parquet/footer.js'
import { joinedPieces } from '../../../../dist/src/io/format/parquet/join.js'
import { readOffsetIndex } from '../../../../dist/src/io/format/parquet/page_index.js'
import { encodeRows } from '../../../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../../../dist/src/kernels/rows.js'
import type { Expression } from '../../../../dist/src/plan/expression.js'
import type { ParquetCodec } from '../../../../dist/src/plan/plan.js'
import type { Column, Type } from '../../../../dist/src/plan/type.js'
import { temporaryFolder } from '../../../helpers/folder.js'
import { parquetBytes, parquetFile, readParquet, readParquetBytes } from '../../../helpers/parquet.js'
import { Random } from '../../../helpers/random.js'
import { randomFilters } from '../../../helpers/random_parquet.js'
import { randomColumns, randomRows } from '../../../helpers/random_rows.js'

const CODECS: ParquetCodec[] = ['snappy', 'snappy', 'none', 'gzip']

function write(rows: readonly Row[], columns: readonly Column[], codec: ParquetCodec = 'snappy'): string {
  const path = join(temporaryFolder(), 'a.parquet')
  writeFileSync(path, parquetBytes(rows, columns, { codec }))
  return path
}

describe('random rows', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'come back, and are the same bytes however they come, seed %i',
    async (seed) => {
      const random = new Random(seed)
      const columns = randomColumns(random)
      const count = random.pick([0, 1, 9, 500, 2047, 2049, 6000, 21_000])
      const rows = randomRows(random, columns, count)
      const codec = random.pick(CODECS)
      const path = write(rows, columns, codec)
      const batches = random.times(random.below(8), () => random.below(Math.ceil(count / 8) + 1))
      const again = parquetBytes(rows, columns, { codec, batches })
      expect(again.equals(parquetBytes(rows, columns, { codec }))).toBe(true)
      await expectRows(path, columns, rows)
      await expectSameWhenPruned(path, columns, random, 3)
    },
  )
})

async function expectRows(path: string, columns: readonly Column[], rows: readonly Row[]): Promise<void> {
  const bytes = await readParquetBytes(parquetFile(path), columns)
  // Much faster; the other says what differs.
  if (!encodeRows(rows, columns).every((byte, i) => byte === bytes[i]))
    expect(await readParquet(path, columns)).toEqual(rows)
  expect(decodeRows(bytes, columns).length).toBe(rows.length)
}

/** What statistics and page indexes leave out has no row that passes. */
async function expectSameWhenPruned(
  path: string,
  columns: readonly Column[],
  random: Random,
  times: number,
): Promise<void> {
  const file = parquetFile(path)
  const answer = async (filters: Expression[], readAll: boolean) => {
    try {
      return createHash('sha256')
        .update(await readParquetBytes(file, columns, { filters, readAll }))
        .digest('hex')
    } catch (error) {
      return (error as Error).message
    }
  }
  for (let i = 0; i < times; i++) {
    const filters = randomFilters(random, columns, 2000)
    if (filters === null) return
    expect(await answer(filters, false), JSON.stringify(filters)).toBe(await answer(filters, true))
  }
}

const column = (name: string, type: Type, nullable = true): Column => ({ name, type, nullable })

describe('other readers', () => {
  it('hyparquet reads lists, structs and nulls', async () => {
    const columns = [
      column('n', 'integer', false),
      column('list', { type: 'array', element: 'string', containsNull: true }),
      column('deep', {
        type: 'struct',
        fields: [
          column('a', {
            type: 'array',
            element: { type: 'array', element: 'integer', containsNull: true },
            containsNull: false,
          }),
        ],
      }),
    ]
    const rows = [
      { n: 1, list: ['a', null, ''], deep: { a: [[1, null], [], [2]] } },
      { n: 2, list: null, deep: null },
      { n: 3, list: [], deep: { a: null } },
      { n: 4, list: [null], deep: { a: [] } },
    ]
    const { buffer, byteOffset, length } = parquetBytes(rows, columns)
    const file = buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer
    expect(await parquetReadObjects({ file })).toEqual(rows)
  })
})

describe('row groups', () => {
  it('end when so many bytes are held, wherever batches end', async () => {
    const columns = [column('text', 'string')]
    const random = new Random(7)
    // Nothing compresses it.
    const rows = Array.from({ length: 40 }, () => ({
      text: Buffer.from(random.times(750_000, () => random.below(256))).toString('base64'),
    }))
    const path = write(rows, columns)
    const groups = readFooter(parquetFile(path)).rowGroups.map(({ rows }) => rows)
    expect(groups).toEqual([18, 18, 4])
    expect(await readParquet(path)).toEqual(rows)
    const one = rows.map(() => 1)
    expect(parquetBytes(rows, columns, { batches: one }).equals(parquetBytes(rows, columns))).toBe(true)
  })

  it('end after a million rows, however small these are', async () => {
    const bytes = Array.from({ length: 1_050_000 }, () => ({ n: 1 }))
    const path = write(bytes, [column('n', 'integer', false)])
    const { rowGroups } = readFooter(parquetFile(path))
    expect(rowGroups.map(({ rows }) => rows)).toEqual([1_048_576, 1_424])
  })
})

describe('pages', () => {
  it('have codes until the dictionary is too large, and then values', async () => {
    const columns = [column('text', 'string', false)]
    const rows = Array.from({ length: 60_000 }, (_, i) => ({
      text: i % 2 === 0 ? 'the same' : `another text of forty bytes, number ${i}`,
    }))
    const path = write(rows, columns)
    const file = parquetFile(path)
    const chunk = readFooter(file).rowGroups[0]!.columns[0]!
    const starts = readOffsetIndex(file, chunk, rows.length)!.map(({ firstRow }) => firstRow)
    expect(starts[1]).toBe(20_000)
    // The dictionary had a mebibyte at the end of a page with fewer rows.
    expect(starts.some((row) => row % 20_000 !== 0)).toBe(true)
    expect(await readParquet(path)).toEqual(rows)
  })

  it('have codes of many values that come again, near or far', async () => {
    const columns = [
      column('whole', 'double'),
      column('long', 'long'),
      column('wide', { type: 'decimal', precision: 38, scale: 0 }),
      column('text', 'string'),
    ]
    const random = new Random(5)
    const rows = Array.from({ length: 30_000 }, (_, i) => {
      const n = i < 10_000 ? i % 6_000 : random.below(12_000)
      return { whole: n, long: n * 2 ** 32, wide: `${n}${'0'.repeat(20)}`, text: n % 100 === 0 ? null : `text ${n}` }
    })
    const path = write(rows, columns)
    await expectRows(path, columns, rows)
    const { buffer, byteOffset, length } = readFileSync(path)
    const { row_groups: groups } = parquetMetadata(buffer.slice(byteOffset, byteOffset + length))
    for (const chunk of groups[0]!.columns) expect(chunk.meta_data!.dictionary_page_offset).toBeDefined()
  })
})

async function boundsOf(type: Type, values: unknown[]): Promise<{ stats: unknown; hasIndex: boolean }> {
  const file = parquetFile(
    write(
      values.map((v) => ({ v })),
      [column('v', type)],
    ),
  )
  const chunk = readFooter(file).rowGroups[0]!.columns[0]!
  const { nulls, greatest: max, least: min, columnIndex } = chunk
  const { buffer, byteOffset, length } = readFileSync(file.path)
  const metadata = parquetMetadata(buffer.slice(byteOffset, byteOffset + length))
  const { statistics } = metadata.row_groups[0]!.columns[0]!.meta_data!
  const { is_max_value_exact: maxIsExact, is_min_value_exact: minIsExact } = statistics!
  return {
    stats: { nulls, min: hexOf(min), max: hexOf(max), minIsExact, maxIsExact },
    hasIndex: columnIndex !== null,
  }
}

const hexOf = (bytes: Buffer | null) => bytes?.toString('hex')
const double = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes.toString('hex')
}

describe('statistics', () => {
  it('of doubles leave out NaN, and have both zeros within', async () => {
    const of = (values: unknown[]) => boundsOf('double', values)
    const exact = { nulls: 0, minIsExact: true, maxIsExact: true }
    expect((await of([0, 1, Number.NaN])).stats).toEqual({ ...exact, min: double(-0), max: double(1) })
    expect((await of([-1, -0])).stats).toEqual({ ...exact, min: double(-1), max: double(0) })
    const nan = await of([Number.NaN, null])
    expect(nan.stats).toEqual({ nulls: 1 })
    expect(nan.hasIndex).toBe(false)
  })

  it('of long texts are cut between characters, and say so', async () => {
    const of = async (values: unknown[]) => (await boundsOf('string', values)).stats as Record<string, unknown>
    const text = (bytes: unknown) => Buffer.from(bytes as string, 'hex').toString()
    const long = await of([`${'x'.repeat(63)}é and more`, `${'y'.repeat(70)}`])
    expect([text(long.min), long.minIsExact]).toEqual(['x'.repeat(63), false])
    expect([text(long.max), long.maxIsExact]).toEqual([`${'y'.repeat(63)}z`, false])
    const last = await of([`${'a'.repeat(56)}${'\u{10FFFF}'.repeat(3)}`])
    expect(text(last.max)).toBe(`${'a'.repeat(55)}b`)
    const none = await of(['\u{10FFFF}'.repeat(20)])
    expect([none.max, none.maxIsExact, none.minIsExact]).toEqual([undefined, undefined, false])
    const surrogates = await of([`${'a'.repeat(61)}\u{D7FF}more`])
    expect(text(surrogates.max)).toBe(`${'a'.repeat(61)}\u{E000}`)
  })

  it('of bytes are cut anywhere', async () => {
    const { stats } = await boundsOf('binary', [new Uint8Array(70).fill(0xff, 1)])
    expect(stats).toEqual({ nulls: 0, min: `00${'ff'.repeat(63)}`, minIsExact: false, max: '01', maxIsExact: false })
  })

  it('of decimals and booleans are in the order of the values', async () => {
    const wide = await boundsOf({ type: 'decimal', precision: 20, scale: 0 }, ['-1', '5', null, '-300'])
    expect(wide.stats).toMatchObject({ nulls: 1, min: `${'ff'.repeat(7)}fed4`, max: `${'00'.repeat(8)}05` })
    expect((await boundsOf('boolean', [true, null])).stats).toMatchObject({ nulls: 1, min: '01', max: '01' })
    expect((await boundsOf('boolean', [null, null])).stats).toEqual({ nulls: 2 })
  })
})

describe('joined files', () => {
  it('have all row groups, and their page indexes, under one footer', async () => {
    const random = new Random(3)
    const columns = randomColumns(random)
    const parts = [3000, 0, 21_000, 1].map((count) => randomRows(random, columns, count))
    const paths = parts.map((rows) => write(rows, columns))
    const path = join(temporaryFolder(), 'all.parquet')
    writeFileSync(path, joined(paths))
    await expectRows(path, columns, parts.flat())
    const file = parquetFile(path)
    for (const { rows, columns } of readFooter(file).rowGroups) {
      for (const chunk of columns) expect(readOffsetIndex(file, chunk, rows)).not.toBe(null)
    }
    await expectSameWhenPruned(path, columns, random, 5)
  })

  it('are the file itself, if there is only one', () => {
    const random = new Random(4)
    const columns = randomColumns(random)
    const path = write(randomRows(random, columns, 21_000), columns)
    expect(joined([path]).equals(readFileSync(path))).toBe(true)
  })
})

function joined(paths: readonly string[]): Buffer {
  const pieces: Buffer[] = []
  for (const piece of joinedPieces(paths)) {
    pieces.push(piece instanceof Uint8Array ? piece : readFileSync(piece.path).subarray(piece.start, piece.end))
  }
  return Buffer.concat(pieces)
}
