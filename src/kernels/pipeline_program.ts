/** Programs of whole pipelines, as native/pipeline/pipeline.h reads them. */
import { exploded, joined, projected, windowed } from '../plan/columns.js'
import type { LiteralExpression, NamedExpression, SortKey } from '../plan/expression.js'
import type { GroupValue, OperatorOf, ParquetCodec, RankLimit } from '../plan/plan.js'
import { type Column, EXACT } from '../plan/type.js'
import { writeGroupValues } from './group_program.js'
import {
  type KeyFilterOperator,
  type MergeJoinSource,
  type ProbeOperator,
  writeKeyFilter,
  writeMergeJoin,
  writeProbe,
} from './join_program.js'
import type { AvroCodec } from './kernels.js'
import { ProgramWriter } from './program.js'
import { type WindowSource, writeWindow } from './window_program.js'

/** Where rows come from: a scan or addRows(), or an exchange of plain rows, of groups, of two sides, or of the partitions of windows. */
export type PipelineSource =
  | { kind: 'batches' | 'rows'; columns: readonly Column[] }
  | { kind: 'groups'; by: readonly Column[]; values: readonly GroupValue[] }
  | MergeJoinSource
  | WindowSource

export type PipelineOperator =
  | OperatorOf<'filter'>
  | { op: 'project'; columns: readonly NamedExpression[] }
  | OperatorOf<'explode'>
  | { op: 'limit'; count: number }
  /** Adds columns whose values setConstants() gives. `hasPlace`: the last one is the place of a row, counted from its value. */
  | { op: 'constants'; columns: readonly Column[]; hasPlace?: boolean }
  | ProbeOperator
  | KeyFilterOperator

export type PipelineEnd =
  /**
   * `side` of a join: the last byte of a key is 0 for right rows, 1 for left ones. `by`: the columns whose values decide the partition, if the
   * collector takes it as given. `sampled`: the pipeline keeps a sample of the keys. `rankLimit`: of rows with equal `by`, with which the keys
   * begin, the others may be left out.
   */
  | {
      kind: 'exchange'
      keys: readonly SortKey[]
      side: 'none' | 'right' | 'left'
      by?: readonly string[]
      sampled?: true
      rankLimit?: RankLimit
    }
  | { kind: 'groups'; by: readonly string[]; values: readonly GroupValue[] }
  /** Without a header row. */
  | { kind: 'text'; format: TextFormat }
  /** A whole file; `compress` of the pipeline's options does gzip and zstd. */
  | { kind: 'parquet'; codec: ParquetCodec; createdBy: string }
  /** Likewise. `header`: all before its blocks (io/format/avro/written.ts). */
  | { kind: 'avro'; codec: AvroCodec; header: Uint8Array }
  /** Files in folders of the values of `by`: the rows come sorted by them. A file of a partition has about as many bytes. */
  | { kind: 'partitions'; by: readonly string[]; fileBytes: number; end: FileEnd }
  /** For rules and tests: read them with decodeRows (rows.ts). */
  | { kind: 'rows' }
  /** Read them with readBlocks, or, of records, with readRecordBlocks (row_block.ts). `columns`: null for all. */
  | { kind: 'blocks'; records: 'none' | 'offsets' | 'texts'; columns: readonly Column[] | null }

/** What a file is written by. */
export type FileEnd = Extract<PipelineEnd, { kind: 'text' | 'parquet' | 'avro' }>

export type TextFormat =
  | { kind: 'jsonl' }
  | { kind: 'csv'; delimiter: string }
  | { kind: 'tsv'; escape: boolean }
  /** Of one string column. */
  | { kind: 'text' }

export interface PipelineProgram {
  source: PipelineSource
  operators: readonly PipelineOperator[]
  end: PipelineEnd
}

/** native/parquet/source.h has the same numbers. */
const PARQUET_CODECS: Record<ParquetCodec, number> = { none: 0, snappy: 1, gzip: 2, zstd: 6 }

/** native/avro/scan.h has the same numbers. */
const AVRO_CODECS: readonly AvroCodec[] = ['null', 'deflate', 'snappy', 'zstandard']

/** native/pipeline/rank_limit.h has the same order. */
const RANKS: readonly RankLimit['fn'][] = ['rowNumber', 'rank', 'denseRank']

const SIDES = ['none', 'right', 'left'] as const

export function pipelineProgram({ source, operators, end }: PipelineProgram): Uint8Array {
  const writer = new ProgramWriter()
  writeSource(writer, source)
  let columns = columnsOf(source)
  writer.count(operators.length)
  for (const operator of operators) {
    writeOperator(writer, operator, columns)
    if (operator.op === 'project') columns = projected(operator.columns)
    if (operator.op === 'explode') columns = exploded(columns, operator)
    if (operator.op === 'constants') columns = [...columns, ...operator.columns]
    if (operator.op === 'probe') columns = joined(operator.type, columns, operator.build)
  }
  writeEnd(writer, end, columns)
  return writer.take()
}

function writeSource(writer: ProgramWriter, source: PipelineSource): void {
  switch (source.kind) {
    case 'batches':
      writer.byte(0).schema(source.columns)
      return
    case 'rows':
      writer.byte(1).schema(source.columns)
      return
    case 'groups':
      writer.byte(2).schema(source.by)
      writeGroupValues(writer, source.values, null)
      return
    case 'mergeJoin':
      writer.byte(3)
      writeMergeJoin(writer, source)
      return
    case 'window':
      writer.byte(4)
      writeWindow(writer, source)
  }
}

function columnsOf(source: PipelineSource): readonly Column[] {
  switch (source.kind) {
    case 'groups':
      return [...source.by, ...source.values.map(({ column }) => column)]
    case 'mergeJoin':
      return joined(source.type, source.left, source.right)
    case 'window':
      return windowed(source.columns, source.values)
    default:
      return source.columns
  }
}

function writeOperator(writer: ProgramWriter, operator: PipelineOperator, columns: readonly Column[]): void {
  switch (operator.op) {
    case 'filter':
      writer
        .byte(0)
        .expression(operator.where, columns)
        .flag(operator.leftOut === true)
      return
    case 'project':
      writer.byte(1).count(operator.columns.length)
      for (const { name, value } of operator.columns) writer.text(name).expression(value, columns)
      return
    case 'limit':
      writer.byte(2).long(BigInt(operator.count))
      return
    case 'probe':
      writer.byte(3)
      writeProbe(writer, operator, columns)
      return
    case 'keyFilter':
      writer.byte(5)
      writeKeyFilter(writer, operator, columns)
      return
    case 'explode':
      writer.byte(6)
      writeExplode(writer, operator, columns)
      return
    case 'constants':
      writer
        .byte(4)
        .schema(operator.columns)
        .flag(operator.hasPlace === true)
  }
}

function writeExplode(
  writer: ProgramWriter,
  { list, outer, most, keep, position, element }: OperatorOf<'explode'>,
  columns: readonly Column[],
): void {
  writer.expression(list, columns).flag(outer).count(keep.length)
  for (const kept of keep) writer.count(columns.findIndex(({ name }) => name === kept))
  writer.flag(position !== null)
  if (position !== null) writer.text(position.name)
  writer.text(element.name).count(most)
}

/** For setConstants(): a value for each of the columns. */
export function constantsProgram(values: readonly LiteralExpression[]): Uint8Array {
  const writer = new ProgramWriter()
  for (const value of values) writer.expression(value, [])
  return writer.take()
}

function writeEnd(writer: ProgramWriter, end: PipelineEnd, columns: readonly Column[]): void {
  switch (end.kind) {
    case 'exchange':
      writer.byte(0).count(end.keys.length)
      for (const { column, descending, nullsFirst } of end.keys) {
        writer
          .count(columns.findIndex(({ name }) => name === column))
          .flag(descending)
          .flag(nullsFirst)
      }
      writer.byte(SIDES.indexOf(end.side))
      writer.count(end.by?.length ?? 0)
      for (const name of end.by ?? []) writer.count(columns.findIndex((column) => column.name === name))
      writer.flag(end.sampled === true).count(end.rankLimit?.most ?? 0)
      if (end.rankLimit) writer.byte(RANKS.indexOf(end.rankLimit.fn))
      return
    case 'groups':
      writer.byte(3).count(end.by.length)
      for (const key of end.by) writer.count(columns.findIndex(({ name }) => name === key))
      writeGroupValues(writer, end.values, columns)
      return
    case 'text':
      writeText(writer.byte(1), end.format)
      return
    case 'rows':
      writer.byte(2)
      return
    case 'partitions':
      writer.byte(5).count(end.by.length)
      for (const name of end.by) writer.count(columns.findIndex((column) => column.name === name))
      writeEnd(writer.long(BigInt(end.fileBytes)), end.end, [])
      return
    case 'parquet':
      writer.byte(4).byte(PARQUET_CODECS[end.codec]).text(end.createdBy)
      return
    case 'avro':
      writer.byte(7).byte(AVRO_CODECS.indexOf(end.codec)).bytes(end.header)
      return
    case 'blocks':
      writer.byte(6)
      writeBlocks(writer, end, columns)
  }
}

function writeBlocks(
  writer: ProgramWriter,
  { records, columns: given }: Extract<PipelineEnd, { kind: 'blocks' }>,
  all: readonly Column[],
): void {
  const columns = given ?? all
  writer
    .flag(records !== 'none')
    .flag(records === 'texts')
    .count(columns.length)
  for (const [i, { name, [EXACT]: isExact }] of columns.entries()) {
    writer.count(given === null ? i : all.findIndex((column) => column.name === name)).flag(isExact === true)
  }
}

function writeText(writer: ProgramWriter, format: TextFormat): void {
  switch (format.kind) {
    case 'jsonl':
      writer.byte(0)
      return
    case 'csv':
      writer.byte(1).byte(format.delimiter.charCodeAt(0))
      return
    case 'tsv':
      writer.byte(2).flag(format.escape)
      return
    case 'text':
      writer.byte(3)
  }
}
