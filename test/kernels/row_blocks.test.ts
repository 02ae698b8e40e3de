/** Rows that reach JavaScript as blocks of columns, against decodeRows and plain TypeScript. */
import { describe, expect, it } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { type PipelineEnd, pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { type RowBlock, readBlocks } from '../../dist/src/kernels/row_block.js'
import { lateRows, plainRows, plainRowsRefusingLate, rowText } from '../../dist/src/kernels/row_objects.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row, type RowForm } from '../../dist/src/kernels/rows.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { RowDecoder } from '../../dist/src/run/rows.js'
import { Random } from '../helpers/random.js'
import { ROW_COLUMNS, randomRow } from './random_row.js'

const column = (name: string, type: Type): Column => ({ name, type, nullable: true })
const BLOCKS: PipelineEnd = { kind: 'blocks', records: 'none', columns: null }

/** @param encoded rows as encodeRows gives them */
function through(encoded: Uint8Array, columns: readonly Column[], end: PipelineEnd): Uint8Array {
  const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20 })
  pipeline.addRows(encoded)
  pipeline.finish()
  return pipeline.takeOutput()
}

const blocksOf = (rows: readonly Row[], columns: readonly Column[], form: RowForm = {}): RowBlock[] =>
  readBlocks(through(encodeRows(rows, columns), columns, BLOCKS), columns, form)

function rowsOf<R>(blocks: readonly RowBlock[], make: (block: RowBlock, row: number) => R): R[] {
  return blocks.flatMap((block) => Array.from({ length: block.rows }, (_, row) => make(block, row)))
}

const TEXTS: Record<string, (random: Random) => string> = {
  'that recur': (random) => random.pick(['', 'north', 'a long name, which is not in its view', 'déjà vu', '東京 𝔘']),
  'that are all different': (random) => `${random.below(2 ** 31)} ${'é'.repeat(random.below(3))}`,
  'that recur from some row on': (random) => (random.below(3) === 0 ? `${random.below(1e6)}` : 'same'),
  'that differ in their last bytes': (random) => `${'x'.repeat(9 + random.below(9))}${random.below(4)}`,
}

describe('blocks of rows', () => {
  it.each([1, 2, 3])('have the values of rows, of every type, with nulls (seed %d)', (seed) => {
    const random = new Random(seed)
    const rows = random.times(2500, () => randomRow(random))
    expect(rowsOf(blocksOf(rows, ROW_COLUMNS), plainRows(ROW_COLUMNS))).toEqual(rows)
    const forms: RowForm[] = [{ longs: 'bigint' }, { timestamps: 'micros' }, 'shown']
    for (const form of forms) {
      const given = rowsOf(blocksOf(rows, ROW_COLUMNS, form), plainRows(ROW_COLUMNS))
      expect(given, JSON.stringify(form)).toEqual(decodeRows(encodeRows(rows, ROW_COLUMNS), ROW_COLUMNS, form))
    }
  })

  it.each(Object.entries(TEXTS))('have texts %s', (_, text) => {
    const columns = [column('s', 'string')]
    for (const nulls of [0, 2, 10]) {
      const random = new Random(nulls)
      const rows = random.times(7000, () => ({ s: random.below(10) < nulls ? null : text(random) }))
      expect(rowsOf(blocksOf(rows, columns), plainRows(columns))).toEqual(rows)
    }
  })

  it('come in pieces of any size', () => {
    const random = new Random(4)
    const rows = random.times(2500, () => randomRow(random))
    const bytes = through(encodeRows(rows, ROW_COLUMNS), ROW_COLUMNS, BLOCKS)
    for (const size of [1, 7, 1000, 100_003, bytes.length]) {
      const decoder = new RowDecoder(ROW_COLUMNS, {})
      const taken: Row[] = []
      // One buffer for all pieces.
      const piece = Buffer.alloc(size)
      for (let at = 0; at < bytes.length; at += size) {
        const count = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).copy(piece, 0, at, at + size)
        taken.push(...decoder.push(piece.subarray(0, count)))
      }
      expect(taken, `${size}`).toEqual(rows)
    }
  })

  it('may have no rows and no columns', () => {
    expect(blocksOf([], ROW_COLUMNS)).toEqual([])
    const program = pipelineProgram({
      source: { kind: 'batches', columns: [column('a', 'integer')] },
      operators: [{ op: 'project', columns: [] }],
      end: BLOCKS,
    })
    const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20 })
    pipeline.addRows(encodeRows([{ a: 1 }, { a: 2 }], [column('a', 'integer')]))
    pipeline.finish()
    expect(rowsOf(readBlocks(pipeline.takeOutput(), [], {}), plainRows([]))).toEqual([{}, {}])
  })

  it('may have columns of any name', () => {
    const columns = ['__proto__', 'constructor', '', 'a"b'].map((name) => column(name, 'integer'))
    const entries = columns.map(({ name }, i): [string, number] => [name, i])
    const blocks = blocksOf([Object.fromEntries(entries)], columns)
    for (const make of [plainRows(columns), plainRowsRefusingLate(columns)]) {
      const [row] = rowsOf(blocks, make)
      expect(Object.entries(row!)).toEqual(entries)
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
    }
    const [late] = rowsOf(
      blocks,
      lateRows(columns, (Row) => Row),
    ) as [Row]
    expect(entries.map(([name]) => late[name])).toEqual([0, 1, 2, 3])
  })
})

const TIMED = [column('n', 'long'), column('t', 'timestamp'), column('ok', 'integer')]

/** The second row has a long, the third one a time, that JavaScript does not hold. */
function unheld(): RowBlock[] {
  const local = TIMED.map((one) => (one.name === 't' ? column('t', 'timestamp_ntz') : one))
  const rows = [
    { n: 1, t: '2024-01-01T00:00:00.000', ok: 1 },
    { n: 2n ** 53n, t: '2024-01-01T00:00:00.000', ok: 2 },
    { n: 3, t: '1969-12-31T23:59:59.999999', ok: 3 },
  ]
  return readBlocks(through(encodeRows(rows, local), TIMED, BLOCKS), TIMED, {})
}

describe('what JavaScript does not hold', () => {
  it('is refused as a row is made, or where it is read', () => {
    const blocks = unheld()
    const plain = (row: number) => () => plainRows(TIMED)(blocks[0]!, row)
    expect(plain(0)()).toEqual({ n: 1, t: new Date('2024-01-01'), ok: 1 })
    expect(plain(1)).toThrow(expect.objectContaining({ code: 'INT64_UNSAFE' }))
    expect(plain(2)).toThrow(expect.objectContaining({ code: 'TIMESTAMP_PRECISION' }))
    for (const make of [plainRowsRefusingLate(TIMED), lateRows(TIMED, (Row) => Row)]) {
      const rows = rowsOf(blocks, make) as Row[]
      expect(rows.map(({ ok }) => ok)).toEqual([1, 2, 3])
      expect([rows[0]!.n, rows[2]!.n]).toEqual([1, 3])
      expect(() => rows[1]!.n).toThrow(
        expect.objectContaining({ code: 'INT64_UNSAFE', params: { column: 'n', value: '9007199254740992' } }),
      )
      expect(() => rows[2]!.t).toThrow(expect.objectContaining({ code: 'TIMESTAMP_PRECISION' }))
    }
    const whole = plainRowsRefusingLate(TIMED)(blocks[0]!, 1)
    expect(Object.keys(whole)).toEqual(['n', 't', 'ok'])
    expect(() => ({ ...whole })).toThrow(expect.objectContaining({ code: 'INT64_UNSAFE' }))
  })

  it('is text where rows are shown', () => {
    expect(rowText(TIMED, unheld()[0]!, 1)).toBe('{"n":"9007199254740992","t":"2024-01-01T00:00:00.000Z","ok":2}')
    expect(rowText(TIMED, unheld()[0]!, 2)).toBe('{"n":3,"t":"1969-12-31T23:59:59.999999Z","ok":3}')
  })
})

describe('rows whose values are made when they are read', () => {
  it('keep their values after other blocks, and those that are objects stay the same', () => {
    const random = new Random(5)
    const rows = random.times(2500, () => randomRow(random))
    const kept = rowsOf(
      blocksOf(rows, ROW_COLUMNS),
      lateRows(ROW_COLUMNS, (Row) => Row),
    ) as Row[]
    blocksOf(
      random.times(2500, () => randomRow(random)),
      ROW_COLUMNS,
    )
    const names = ROW_COLUMNS.map(({ name }) => name)
    expect(kept.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])))).toEqual(rows)
    for (const row of kept) for (const name of names) expect(Object.is(row[name], row[name])).toBe(true)
    const changed = kept.find(({ list }) => Array.isArray(list) && list.length > 1) as { list: unknown[] }
    const reversed = [...changed.list].reverse()
    changed.list.reverse()
    expect(changed.list).toEqual(reversed)
  })
})

describe('UTF-8', () => {
  it.each([1, 2])('is decoded as Buffer does it, valid or not (seed %d)', (seed) => {
    const random = new Random(seed)
    const parts = [
      'a',
      '\0',
      'plain text',
      'é',
      'ÿ',
      'Ā',
      '€',
      '𝔘',
      '\xc3',
      '\xe2\x82',
      '\xf0\x9f',
      '\xed\xa0\x80',
      '\xff',
    ]
    for (let i = 0; i < 5000; i++) {
      const bytes = Buffer.concat(
        random.times(random.below(9), () => {
          const part = random.pick(parts)
          return Buffer.from(part, random.below(2) === 0 ? 'latin1' : 'utf8')
        }),
      )
      expect(kernels.decodeUtf8(bytes), bytes.toString('hex')).toBe(bytes.toString())
    }
  })
})
