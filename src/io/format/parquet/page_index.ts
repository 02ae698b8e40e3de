/**
 * Where the pages of a column are, and what is known of their values.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/PageIndex.md
 */
import { readRange } from '../../input/chunks.js'
import type { InputFile } from '../../input/input_file.js'

import type { RowRange } from './ranges.js'
import type { ColumnChunk, Place } from './row_groups.js'
import type { ColumnStatistics, StatisticsReader } from './statistics.js'
import { readStruct, type Thrift } from './thrift.js'

/** Where a page with values begins, and its first row in the row group. */
export interface PagePlace {
  offset: number
  firstRow: number
}

/** Rows of a row group, and what is known of a column there. */
export interface Zone {
  range: RowRange
  statistics: ColumnStatistics
}

/** More are not read. */
const MOST_INDEX_BYTES = 64 << 20

/** null: there is no index, or it cannot be right. */
export function readOffsetIndex(file: InputFile, chunk: ColumnChunk, rows: number): PagePlace[] | null {
  const locations = readIndex(file, chunk.offsetIndex)?.[1]
  if (!Array.isArray(locations) || locations.length === 0) return null
  const places = (locations as Thrift[]).map((one) => ({
    offset: Number(one?.[1]),
    firstRow: Number(one?.[3]),
  }))
  const isRight = places.every(({ offset, firstRow }, i) => {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(firstRow)) return false
    if (offset < chunk.start || offset >= chunk.start + chunk.bytes || firstRow > rows) return false
    const before = places[i - 1]
    return before ? offset > before.offset && firstRow >= before.firstRow : firstRow === 0
  })
  return isRight ? places : null
}

/** What the column index says of each page; null: nothing. */
export function readZones(
  file: InputFile,
  chunk: ColumnChunk,
  places: readonly PagePlace[],
  rows: number,
  mayBeNull: boolean,
  reader: StatisticsReader,
): Zone[] | null {
  const index = readIndex(file, chunk.columnIndex)
  const lists = [index?.[1], index?.[2], index?.[3]]
  if (!lists.every((list) => Array.isArray(list) && list.length === places.length)) return null
  const [areNull, least, greatest] = lists as [unknown[], unknown[], unknown[]]
  const counts = index?.[5]
  if (counts !== undefined && !(Array.isArray(counts) && counts.length === places.length)) return null
  const zones: Zone[] = []
  for (const [i, { firstRow }] of places.entries()) {
    const range = { start: firstRow, end: places[i + 1]?.firstRow ?? rows }
    const most = range.end - range.start
    const nulls = counts === undefined ? null : Number(counts[i])
    // Writers without statistics have been seen to call all pages null, with -1 nulls.
    if (nulls !== null && !(nulls >= 0 && nulls <= (mayBeNull ? most : 0))) return null
    if (areNull[i] === true && nulls !== most) return null
    if (most > 0) zones.push({ range, statistics: reader.ofPage(least[i], greatest[i], nulls) })
  }
  return zones
}

function readIndex(file: InputFile, place: Place | null): Thrift | null {
  if (place?.bytes == null || place.bytes > MOST_INDEX_BYTES) return null
  try {
    return readStruct(Buffer.from(readRange(file, place.start, place.bytes))).struct
  } catch {
    return null
  }
}
