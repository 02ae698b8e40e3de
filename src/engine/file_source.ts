/** The way of an input file's bytes through the first operator of a stage. */

import { isAscii } from 'node:buffer'
import { type ErrorCode, RunjobError, type Where } from '../base/errors.js'
import { forEachChunk, readRange } from '../io/chunks.js'
import { readHeader } from '../io/header.js'
import type { InputFile } from '../io/inputs.js'
import { findLineStart, LineDecoder, type LineOptions } from '../io/lines.js'
import { fromNative, kernels } from '../kernels/index.js'
import type { BadRecord, CsvReadOptions, MapperSpec, RecordLimit } from '../kernels/kernels.js'
import { ensureLowercaseTable } from '../kernels/unicode.js'
import type { Emit, MapFunction } from '../plan/functions.js'
import type { FileOperator, FileSource, Format } from '../plan/plan.js'
import type { Quarantine } from './bad_records.js'
import type { Emitter } from './emitter.js'
import type { TaskEnvironment } from './environment.js'
import type { ExchangeTarget } from './exchange_target.js'
import type { PartTarget } from './part_target.js'
import { type RecordGuard, recordGuard } from './record_guard.js'
import { RegexpFilter } from './regexp_filter.js'
import { BlockText, createRows, type RowFactory } from './rows.js'
import type { Piece, TaskResult } from './task.js'

export type Target = { kind: 'exchange'; target: ExchangeTarget } | { kind: 'part'; target: PartTarget }

/** What reads one piece: it takes chunks as a native mapper does. */
interface PieceReader {
  push(chunk: Uint8Array, limit: number, last: boolean): boolean
  readonly position: number
  readonly recordsIn: number
  /** Offset of the record in hand, from the start of the piece's first chunk; -1 if unknown. */
  recordOffset(): number
}

const NEWLINE = 10
const PORTION_BYTES = 64 << 10
/** What the kernels take at most. */
const MAX_ROW_BYTES = 2 ** 30
/** A key is kept in one record of a run, beside what that has of its own (native/run_format.h). */
const MAX_LINE_BYTES = 2 ** 31 - 2 ** 17

/** How far into a file the start of a CSV record is looked for. */
const GUESS_BYTES = 1 << 18

/** Reads all pieces of the task into its target. Fills in the records of `result`. */
export async function readFiles(
  source: FileSource,
  env: TaskEnvironment,
  result: TaskResult,
  into: Target,
): Promise<void> {
  const { task } = env
  if (task.kind !== 'map' && task.kind !== 'sample') throw new RunjobError('INTERNAL', { detail: 'no files to read' })
  const operator = source.operators[0]!
  const open = pieceOpener(source, operator, env, into)
  for (const piece of task.pieces) await readPiece(source.format, piece, env, result, open)
  open.finish(result)
  result.recordsMapped = result.recordsIn
}

interface PieceOpener {
  /** @param start where the first chunk lies in the file */
  (file: InputFile, start: number): Promise<PieceReader>
  finish(result: TaskResult): void
}

async function readPiece(
  format: Format,
  piece: Piece,
  env: TaskEnvironment,
  result: TaskResult,
  open: PieceOpener,
): Promise<void> {
  const file = env.files[piece.file]!
  // A sample does not go far to find a record.
  if (
    env.task.kind === 'sample' &&
    piece.start > 0 &&
    !readRange(file, piece.start, piece.end - piece.start).includes(NEWLINE)
  )
    return
  const start = piece.recordStart ?? (await recordStart(format, file, piece, env))
  if (start >= piece.end && piece.start > 0) {
    // No record starts here: the one before reaches across the whole piece.
    result.boundaries.push({ file: piece.file, start, end: start })
    return
  }
  env.enterFile(file.path)
  const reader = await open(file, start)
  const isPlain = file.compression === 'none'
  const limit = isPlain && piece.end < file.sizeBytes ? piece.end - start : Number.POSITIVE_INFINITY
  const sampleLimit = env.task.kind === 'sample' ? piece.end - piece.start : Number.POSITIVE_INFINITY
  let records = 0
  env.where = (): Where => {
    const offset = reader.recordOffset()
    return offset < 0 ? { file: file.path } : { file: file.path, offset: start + offset }
  }
  try {
    const push = (chunk: Uint8Array, last: boolean): boolean => {
      const done = env.clock.time('map', () => reader.push(chunk, limit, last))
      env.progress(isPlain ? chunk.length : 0, reader.recordsIn - records, 0)
      records = reader.recordsIn
      return done || reader.position >= sampleLimit
    }
    await env.clock.timeAsync('read', () => forEachChunk(file, start, piece.end, { shouldStop: env.shouldStop }, push))
  } catch (error) {
    throw placed(error, file, start, reader)
  }
  if (!isPlain) env.progress(file.sizeBytes, 0, 0)
  result.recordsIn += reader.recordsIn
  result.boundaries.push({ file: piece.file, start, end: start + reader.position })
}

/** Kernels and decoders count bytes from the first chunk; users count from the start of the file. */
function placed(error: unknown, file: InputFile, start: number, reader: PieceReader): unknown {
  const known = fromNative(error)
  if (!(known instanceof RunjobError) || known.code === 'INTERRUPTED') return known
  const { offset } = known.params
  if (known !== error && typeof offset === 'number') return known.withWhere({ file: file.path, offset: start + offset })
  if (known.where.offset !== undefined && known.where.file === undefined) known.where.offset += start
  const at = reader.recordOffset()
  return known.withWhere(at < 0 ? { file: file.path } : { file: file.path, offset: start + at })
}

/**
 * Where the first record of a piece starts. For lines that is certain; for CSV it is a guess (the quotes before it are not read), which
 * the scheduler checks against the end of the piece before.
 */
async function recordStart(format: Format, file: InputFile, piece: Piece, env: TaskEnvironment): Promise<number> {
  if (piece.start === 0) return 0
  if (format.kind !== 'csv' || format.quote === null) return findLineStart(file, piece.start, env.shouldStop)
  const columns = format.columns?.length ?? (await readHeader(file, format)).length
  const chunk = readRange(file, piece.start - 1, GUESS_BYTES)
  const { delimiter, quote } = format
  return piece.start - 1 + kernels.guessCsvRecordStart(chunk, 1, { delimiter, quote, columns })
}

function pieceOpener(source: FileSource, operator: FileOperator, env: TaskEnvironment, into: Target): PieceOpener {
  switch (operator.op) {
    case 'words':
    case 'lines':
    case 'fields':
      return nativeOpener(source, operator, env, into)
    case 'grep':
      return operator.literal ? literalOpener(operator, env, into) : regexpOpener(operator, env, into)
    case 'map':
      return functionOpener(source, operator, env, into)
  }
}

function nativeOpener(source: FileSource, operator: FileOperator, env: TaskEnvironment, into: Target): PieceOpener {
  if (into.kind !== 'exchange') throw new RunjobError('INTERNAL', { detail: `${operator.op} needs an exchange` })
  const { target } = into
  let recordsOut = 0
  const open = async (file: InputFile, start: number): Promise<PieceReader> => {
    const spec = await mapperSpec(source.format, operator, file, start === 0)
    Object.assign(spec, spec.op === 'fields' ? csvLimits(env) : lineLimit(env))
    const mapper = kernels.createMapper(spec, target.collector)
    let given = 0
    const push: PieceReader['push'] = (chunk, limit, last) => {
      if (operator.op === 'words' && operator.lowercase && !isAscii(chunk)) ensureLowercaseTable()
      const done = mapper.push(chunk, limit, last)
      target.spillIfFull()
      recordsOut += mapper.recordsOut - given
      given = mapper.recordsOut
      for (const bad of env.quarantine ? mapper.takeBad() : []) quarantineRecord(env, file, start, bad)
      return done
    }
    return {
      push: env.quarantine ? inPortions(push) : push,
      get position() {
        return mapper.position
      },
      get recordsIn() {
        return mapper.recordsIn
      },
      recordOffset: () => -1,
    }
  }
  return Object.assign(open, {
    finish: (result: TaskResult) => {
      result.recordsOut += recordsOut
    },
  })
}

/** How many bytes a word or line may have, and what becomes of a longer one. */
function lineLimit(env: TaskEnvironment): Required<RecordLimit> {
  return { maxRecordBytes: Math.min(env.budget.maxRecordBytes, MAX_LINE_BYTES), keepBad: env.quarantine !== null }
}

/** How many bytes a row may have, and what becomes of a bad one. */
function csvLimits(env: TaskEnvironment): Required<Pick<CsvReadOptions, 'maxRecordBytes' | 'keepBad'>> {
  return { maxRecordBytes: Math.min(env.budget.maxRecordBytes, MAX_ROW_BYTES), keepBad: env.quarantine !== null }
}

/**
 * Hands on a chunk in small parts. What native code makes of one is still in the cache when it is used, and small enough to be collected
 * young; and of the million bad rows that a chunk may hold, no more than a part's are kept until they are taken off.
 */
function inPortions(push: PieceReader['push']): PieceReader['push'] {
  return (chunk, limit, last) => {
    for (let at = 0; ; at += PORTION_BYTES) {
      const isEnd = at + PORTION_BYTES >= chunk.length
      const done = push(chunk.subarray(at, at + PORTION_BYTES), limit, last && isEnd)
      if (done || isEnd) return done
    }
  }
}

function quarantineRecord(env: TaskEnvironment, file: InputFile, start: number, bad: BadRecord): void {
  const { code, detail, offset, excerpt } = bad
  env.quarantine!.add(
    new RunjobError(code as ErrorCode, { detail }),
    { file: file.path, offset: start + offset },
    excerpt,
  )
}

/** Takes in lines that are too long. */
function lineQuarantine(quarantine: Quarantine, file: InputFile, start: number): NonNullable<LineOptions['onTooLong']> {
  return (error, excerpt) => quarantine.add(error, { file: file.path, offset: start + error.where.offset! }, excerpt)
}

async function mapperSpec(
  format: Format,
  operator: FileOperator,
  file: InputFile,
  atFileStart: boolean,
): Promise<MapperSpec> {
  if (operator.op === 'words') return { op: 'words', lowercase: operator.lowercase }
  if (operator.op === 'lines') return { op: 'lines' }
  if (operator.op !== 'fields' || format.kind !== 'csv')
    throw new RunjobError('INTERNAL', { detail: 'not a native mapper' })
  const columns = format.columns ?? (await readHeader(file, format))
  const indexOf = (name: string): number => {
    const index = columns.indexOf(name)
    if (index < 0) throw new RunjobError('COLUMN_UNKNOWN', { name, columns }, { where: { file: file.path } })
    return index
  }
  return {
    op: 'fields',
    delimiter: format.delimiter,
    quote: format.quote,
    keys: operator.keys.map(indexOf),
    values: operator.values.map((value) =>
      value.kind === 'row'
        ? { kind: 'bytes', row: true, columns: columns.flatMap((name, c) => (value.except.includes(name) ? [] : [c])) }
        : { kind: value.kind, columns: [indexOf(value.column)] },
    ),
    skipHeader: atFileStart && format.columns === null,
    skipBom: atFileStart,
    ...(operator.tag === null ? {} : { tag: operator.tag }),
  }
}

function literalOpener(
  operator: Extract<FileOperator, { op: 'grep' }>,
  env: TaskEnvironment,
  into: Target,
): PieceOpener {
  if (into.kind !== 'part') throw new RunjobError('INTERNAL', { detail: 'grep writes to a sink' })
  const { target } = into
  const filters: Filter[] = []
  const open = async (file: InputFile, start: number): Promise<PieceReader> => {
    const filter = kernels.createLineFilter({
      literal: Buffer.from(operator.pattern),
      invert: operator.invert,
      ignoreCase: operator.ignoreCase,
      ...lineLimit(env),
    })
    filters.push(filter)
    let written = 0
    const push: PieceReader['push'] = (chunk, limit, last) => {
      const { output, done } = filter.push(chunk, limit, last)
      if (output.length > 0) target.write(output, filter.recordsOut - written)
      written = filter.recordsOut
      for (const bad of env.quarantine ? filter.takeBad() : []) quarantineRecord(env, file, start, bad)
      return done
    }
    return {
      push: env.quarantine ? inPortions(push) : push,
      get position() {
        return filter.position
      },
      get recordsIn() {
        return filter.recordsIn
      },
      recordOffset: () => -1,
    }
  }
  return Object.assign(open, { finish: (result: TaskResult) => countFiltered(filters, env, result) })
}

type Filter = Readonly<{ recordsIn: number; recordsOut: number }>

function countFiltered(filters: Filter[], { quarantine }: TaskEnvironment, result: TaskResult): void {
  for (const { recordsIn, recordsOut } of filters) result.recordsFiltered += recordsIn - recordsOut
  result.recordsFiltered -= quarantine?.count ?? 0
}

/** Lines that match a JavaScript regular expression. They are written as they were read: bytes that are no UTF-8 too. */
function regexpOpener(
  operator: Extract<FileOperator, { op: 'grep' }>,
  env: TaskEnvironment,
  into: Target,
): PieceOpener {
  if (into.kind !== 'part') throw new RunjobError('INTERNAL', { detail: 'grep writes to a sink' })
  const { target } = into
  const pattern = new RegExp(operator.pattern, operator.ignoreCase ? 'ui' : 'u')
  const { quarantine } = env
  const { maxRecordBytes } = lineLimit(env)
  const filters: RegexpFilter[] = []
  const open = async (file: InputFile, start: number): Promise<PieceReader> => {
    const options = { invert: operator.invert, maxRecordBytes, write: (line: Uint8Array) => target.write(line, 1) }
    const onTooLong = quarantine && lineQuarantine(quarantine, file, start)
    const filter = new RegexpFilter(pattern, onTooLong ? { ...options, onTooLong } : options)
    filters.push(filter)
    return Object.assign(filter, { recordOffset: () => filter.position })
  }
  return Object.assign(open, { finish: (result: TaskResult) => countFiltered(filters, env, result) })
}

function lineReader(decoder: LineDecoder): PieceReader {
  return {
    push: (chunk, limit, last) => decoder.push(chunk, limit, last),
    get position() {
      return decoder.position
    },
    get recordsIn() {
      return decoder.recordsIn
    },
    recordOffset: () => decoder.lineStart(),
  }
}

/** A user's map: the records of each format as JavaScript values. */
function functionOpener(
  source: FileSource,
  operator: Extract<FileOperator, { op: 'map' }>,
  env: TaskEnvironment,
  into: Target,
): PieceOpener {
  const map = env.functions.find(operator.fn) as MapFunction
  const { context } = env
  const emitter: Emitter | null = into.kind === 'exchange' ? into.target.emitter() : null
  const emit: Emit = emitter ? emitter.emit : (into.target as PartTarget).emit
  const call: (record: unknown) => void = env.guard('map', (record: unknown) => map(record, emit, context))
  const { format } = source
  const { quarantine } = env
  const guard = quarantine && recordGuard(env, quarantine, emitter ?? (into.target as PartTarget))
  const open = async (file: InputFile, start: number): Promise<PieceReader> => {
    if (format.kind === 'csv') return rowReader(format, file, start, env, guard, call)
    const { maxRecordBytes } = env.budget
    const exact = format.kind === 'text' && format.exact
    const use = format.kind === 'jsonl' ? jsonCall(call) : call
    const onLine = guard
      ? (line: string) =>
          guard(
            () => use(line),
            () => line,
          )
      : use
    const options = { exact, atFileStart: start === 0, maxRecordBytes, onLine }
    const onTooLong = quarantine && lineQuarantine(quarantine, file, start)
    return lineReader(new LineDecoder(onTooLong ? { ...options, onTooLong } : options))
  }
  return Object.assign(open, {
    finish: (result: TaskResult) => {
      emitter?.flush()
      if (emitter) result.recordsOut += emitter.count
    },
  })
}

function jsonCall(call: (record: unknown) => void): (line: string) => void {
  return (line) => {
    if (line.trim() === '') return
    let record: unknown
    try {
      record = JSON.parse(line)
    } catch (error) {
      throw new RunjobError(
        'JSONL_BAD_RECORD',
        { detail: (error as Error).message, excerpt: line.slice(0, 60) },
        { cause: error },
      )
    }
    call(record)
  }
}

async function rowReader(
  format: Extract<Format, { kind: 'csv' }>,
  file: InputFile,
  start: number,
  env: TaskEnvironment,
  guard: RecordGuard | null,
  call: (record: unknown) => void,
): Promise<PieceReader> {
  const columns = format.columns ?? (await readHeader(file, format))
  const { delimiter, quote } = format
  const atFileStart = start === 0
  const limits = csvLimits(env)
  // Beside the bytes of a row there is its text, with two bytes a character where it is not ASCII.
  const maxRecordBytes = Math.ceil(limits.maxRecordBytes / 2)
  const csv = kernels.createCsvReader({ ...limits, delimiter, quote, skipBom: atFileStart, maxRecordBytes })
  const rowAt: RowFactory = createRows(columns)
  let skipHeader = atFileStart && format.columns === null
  let recordsIn = 0
  /** The row in hand, in the reader's last block. */
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
      for (; next < bad.length && bad[next]!.offset < end; next++) quarantineRecord(env, file, start, bad[next]!)
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
      return recordsIn
    },
    recordOffset: () => (row < 0 ? -1 : csv.rowOffset(row)),
  }
}
