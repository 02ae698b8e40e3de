/** What programs of pipelines say about windows: native/pipeline/window.h. */
import type { Expression, LiteralExpression, SortKey } from '../plan/expression.js'
import type { FrameEnd, GroupValue, WindowFn, WindowFrame, WindowValue } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import { writeGroupValues } from './group_program.js'
import type { ProgramWriter } from './program.js'

export interface WindowSource {
  kind: 'window'
  columns: readonly Column[]
  partition: readonly string[]
  order: readonly SortKey[]
  values: readonly WindowValue[]
  /** Rows that wait for others are held in memory; more are in a file in `folder`. */
  holdBytes: number
  folder: string
}

const RANKS: readonly WindowFn[] = ['rowNumber', 'rank', 'denseRank', 'percentRank', 'cumeDist', 'ntile']
/** Their states hold all values of a frame. */
const HOLDING: readonly WindowFn[] = ['collectList', 'collectSet', 'topK', 'percentile', 'percentileDisc']

/** What is computed together, and the places of its results. */
interface Part {
  values: WindowValue[]
  places: number[]
}

export function writeWindow(writer: ProgramWriter, source: WindowSource): void {
  const { columns, partition, values, holdBytes, folder } = source
  writer.schema(columns).count(partition.length)
  for (const name of partition) writer.count(columns.findIndex((column) => column.name === name))
  writer.long(BigInt(Math.floor(holdBytes))).text(folder)
  const parts = partsOf(values)
  writer.count(values.length).count(parts.length)
  for (const { values, places } of parts) {
    writePart(writer, values, source)
    for (const place of places) writer.count(place)
  }
}

/** Aggregates of equal frames together; but those that hold values, of which there is hardly more than one, on their own. */
function partsOf(values: readonly WindowValue[]): Part[] {
  const parts = new Map<string, Part>()
  values.forEach((value, i) => {
    const isAggregate = value.frame !== null && value.fn !== 'nthValue' && !HOLDING.includes(value.fn)
    const key = isAggregate ? JSON.stringify(value.frame) : `${i}`
    const part = parts.get(key) ?? { values: [], places: [] }
    part.values.push(value)
    part.places.push(i)
    parts.set(key, part)
  })
  return [...parts.values()]
}

function writePart(writer: ProgramWriter, values: readonly WindowValue[], source: WindowSource): void {
  const { column, fn, args, frame } = values[0]!
  const { columns } = source
  if (RANKS.includes(fn)) {
    writer
      .byte(0)
      .byte(RANKS.indexOf(fn))
      .count(fn === 'ntile' ? wholeOf(args[0]!) : 0)
      .field(column)
    return
  }
  if (fn === 'lag' || fn === 'lead') {
    const [value, distance, other] = args
    const by = BigInt(wholeOf(distance!))
    writer
      .byte(1)
      .long(fn === 'lag' ? -by : by)
      .field(column)
      .expression(value!, columns)
    writer.flag(other !== undefined)
    if (other) writer.expression(other, columns)
    return
  }
  writer.byte(fn === 'nthValue' ? 2 : 3)
  writeFrame(writer, frame!, source)
  if (fn !== 'nthValue') {
    writeGroupValues(writer, values as readonly GroupValue[], columns, [])
    return
  }
  writer.count(wholeOf(args[1]!)).field(column).expression(args[0]!, columns)
}

function wholeOf(literal: Expression): number {
  return Number((literal as LiteralExpression).value)
}

function writeFrame(writer: ProgramWriter, { unit, start, end }: WindowFrame, { columns, order }: WindowSource): void {
  const [key] = order
  writer.flag(unit === 'range')
  writeEnd(writer, start)
  writeEnd(writer, end)
  const place = columns.findIndex(({ name }) => name === key?.column)
  writer
    .count(Math.max(0, place))
    .flag(key?.descending ?? false)
    .flag(key?.nullsFirst ?? true)
}

function writeEnd(writer: ProgramWriter, end: FrameEnd): void {
  if (end === null) {
    writer.byte(0)
  } else if (end === 0) {
    writer.byte(1)
  } else {
    const isDouble = typeof end === 'object' && end.type === 'double'
    const value = typeof end === 'number' ? end : end.value
    writer
      .byte(2)
      .wide(isDouble ? 0n : BigInt(value as string | number))
      .double(isDouble ? Number(value) : 0)
  }
}
