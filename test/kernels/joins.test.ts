/** Joins of rows, of sorted sides and by a table, against plain TypeScript. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Cursor, fromNative, type JoinTable, kernels } from '../../dist/src/kernels/addon.js'
import { joinTableProgram, tableRowsFor } from '../../dist/src/kernels/join_program.js'
import { type PipelineEnd, pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import { joined } from '../../dist/src/plan/columns.js'
import type { Expression } from '../../dist/src/plan/expression.js'
import type { JoinType } from '../../dist/src/plan/plan.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'

const folder = mkdtempSync(join(tmpdir(), 'runjob-joins-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const column = (name: string, type: Type): Column => ({ name, type, nullable: true })
const LEFT = [
  column('l_word', 'string'),
  column('l_double', 'double'),
  column('l_int', 'integer'),
  column('l_list', { type: 'array', element: 'string', containsNull: true }),
  column('l_id', 'integer'),
]
const RIGHT = [
  column('r_id', 'integer'),
  column('r_text', 'string'),
  column('r_double', 'double'),
  column('r_int', 'integer'),
  column('r_word', 'string'),
  column('r_list', { type: 'array', element: 'string', containsNull: true }),
]
/** What a table has as columns, every one. */
const FLAT_RIGHT = RIGHT.filter(({ name }) => name !== 'r_list')
const withoutList = (rows: Row[]) => rows.map(({ r_list: _, ...row }) => row)
/** Columns with equal types, of both sides. */
const KEYS = { word: ['l_word', 'r_word'], double: ['l_double', 'r_double'], id: ['l_id', 'r_id'] } as const
type Key = keyof typeof KEYS

const TYPES: JoinType[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']

const reference = ({ name, type, nullable }: Column): Expression => ({ op: 'column', name, type, nullable })
/** l_int < r_int, which is unknown where one of them is null. */
const RESIDUAL: Expression = {
  op: 'call',
  fn: 'lt',
  args: [reference(LEFT[2]!), reference(RIGHT[3]!)],
  type: 'boolean',
  nullable: true,
}

interface Question {
  type: JoinType
  keys: readonly Key[]
  residual: boolean
}

interface Run {
  /** Of the right rows of a key, in memory. */
  holdBytes?: number
  /** Each side is in so many runs. */
  parts?: number
}

let runs = 0

/** Runs of rows in the order of the end's keys. */
function shuffled(rows: Row[], columns: Column[], end: PipelineEnd, parts: number): string[] {
  const size = Math.ceil(rows.length / parts)
  return Array.from({ length: parts }, (_, part) => {
    const collector = kernels.createCollector({
      mode: 'append',
      aggregates: [],
      layout: ['bytes'],
      partitionBy: 'hash',
      partitions: 1,
      suffixBytes: end.kind === 'exchange' && end.side !== 'none' ? 1 : 0,
    })
    const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
    const pipeline = kernels.createPipeline(program, collector, { memoryBytes: 1 << 20 })
    pipeline.addRows(encodeRows(rows.slice(part * size, (part + 1) * size), columns))
    pipeline.finish()
    const path = join(folder, `${runs++}.run`)
    collector.spill(path, '{}')
    collector.close()
    return path
  })
}

const keyOf = (column: string) => ({ column, descending: false, nullsFirst: true })

function mergeJoined(left: Row[], right: Row[], { type, keys, residual }: Question, options: Run = {}): Row[] {
  const { holdBytes = 1 << 20, parts = 1 } = options
  const side = (side: 'left' | 'right', which: 0 | 1): PipelineEnd => ({
    kind: 'exchange',
    keys: keys.map((key) => keyOf(KEYS[key][which])),
    side,
  })
  const paths = [...shuffled(left, LEFT, side('left', 0), parts), ...shuffled(right, RIGHT, side('right', 1), parts)]
  const pipeline = kernels.createPipeline(
    pipelineProgram({
      source: {
        kind: 'mergeJoin',
        type,
        left: LEFT,
        right: RIGHT,
        keys: keys.map((key) => KEYS[key][0]),
        residual: residual ? RESIDUAL : null,
        holdBytes,
        folder,
      },
      operators: [],
      end: { kind: 'rows' },
    }),
    null,
    { memoryBytes: 1 << 20 },
  )
  const cursor = kernels.openRuns(paths, 0, { descending: false })
  while (pipeline.drain(cursor, 50) > 0);
  pipeline.finish()
  return decodeRows(pipeline.takeOutput(), joined(type, LEFT, RIGHT))
}

interface Lookup {
  batchRows?: number
  /** The table is in a file. */
  inFile?: boolean
  /** Columns of the table. */
  build?: Column[]
  /** That the table is told of. */
  rows?: number
}

function tableOf(
  { type, keys, residual }: Question,
  { inFile = false, build = RIGHT, rows = 0 }: Lookup = {},
): JoinTable {
  const program = joinTableProgram(
    build,
    keys.map((key) => KEYS[key][1]),
    tableRowsFor(type, residual ? RESIDUAL : null),
    { keys: [], rows },
  )
  const name = `table ${runs++}`
  return kernels.createJoinTable(program, { name, ...(inFile ? { folder, memoryBytes: 0 } : {}) })
}

function fill(table: JoinTable, right: Row[], build = RIGHT): void {
  const paths = shuffled(right, build, { kind: 'exchange', keys: [], side: 'none' }, 3)
  const cursor = kernels.openRuns(paths, 0, { descending: false })
  while (table.add(cursor, 100) > 0);
}

function probed(left: Row[], right: Row[], question: Question, lookup: Lookup = {}): Row[] {
  const { type, keys, residual } = question
  const { batchRows = 2048, build = RIGHT } = lookup
  const table = tableOf(question, lookup)
  expect(table.claim(0)).toBe('mine')
  fill(table, build === FLAT_RIGHT ? withoutList(right) : right, build)
  const pipeline = kernels.createPipeline(
    pipelineProgram({
      source: { kind: 'batches', columns: LEFT },
      operators: [
        // A selection, and rows that the join does not see.
        {
          op: 'filter',
          where: { op: 'call', fn: 'isNotNull', args: [reference(LEFT[4]!)], type: 'boolean', nullable: false },
        },
        {
          op: 'probe',
          table: 0,
          type,
          on: keys.map((key) => KEYS[key][0]),
          residual: residual ? RESIDUAL : null,
          build,
        },
      ],
      end: { kind: 'rows' },
    }),
    null,
    { memoryBytes: 1 << 20, tables: [table] },
  )
  table.close()
  const gaps = left.flatMap((row, i) => (i % 3 === 0 ? [{ ...row, l_id: null }, row] : [row]))
  for (let i = 0; i < gaps.length; i += batchRows) pipeline.addRows(encodeRows(gaps.slice(i, i + batchRows), LEFT))
  pipeline.finish()
  return decodeRows(pipeline.takeOutput(), joined(type, LEFT, build))
}

function compareKeys(a: unknown[], b: unknown[]): number {
  for (const [i, x] of a.entries()) {
    const order = compareValues(x, b[i])
    if (order !== 0) return order
  }
  return 0
}

function compareValues(a: unknown, b: unknown): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  const [x, y] = [a as number, b as number]
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
  return x === y ? 0 : x < y ? -1 : 1
}

const nothing = (columns: Column[]): Row => Object.fromEntries(columns.map(({ name }) => [name, null]))

/** By key, if `sorted`, else in the order of left rows. */
function expected(left: Row[], right: Row[], { type, keys, residual }: Question, sorted: boolean): Row[] {
  const leftKey = (row: Row) => keys.map((key) => row[KEYS[key][0]])
  const rightKey = (row: Row) => keys.map((key) => row[KEYS[key][1]])
  const matches = (l: Row, r: Row) =>
    !leftKey(l).includes(null) &&
    compareKeys(leftKey(l), rightKey(r)) === 0 &&
    (!residual || (l.l_int !== null && r.r_int !== null && (l.l_int as number) < (r.r_int as number)))
  const rows: { key: unknown[]; row: Row }[] = []
  for (const l of left) {
    const found = right.filter((r) => matches(l, r))
    const key = leftKey(l)
    if (type === 'semi' || type === 'anti') {
      if (found.length > 0 === (type === 'semi')) rows.push({ key, row: l })
      continue
    }
    rows.push(...found.map((r) => ({ key, row: { ...l, ...r } })))
    if (found.length === 0 && (type === 'left' || type === 'full')) rows.push({ key, row: { ...l, ...nothing(RIGHT) } })
  }
  if (type === 'right' || type === 'full') {
    const lone = right.filter((r) => !left.some((l) => matches(l, r)))
    rows.push(...lone.map((r) => ({ key: rightKey(r), row: { ...nothing(LEFT), ...r } })))
  }
  if (sorted) {
    // A key with a null matches nothing: its right rows sort before its left ones, as they come in.
    const rank = ({ key, row }: { key: unknown[]; row: Row }) => Number(key.includes(null) && row.l_id !== null)
    rows.sort((a, b) => compareKeys(a.key, b.key) || rank(a) - rank(b))
  }
  return rows.map(({ row }) => row)
}

function sides(seed: number, count: number, words: number): [Row[], Row[]] {
  const random = new Random(seed)
  const or = <T>(value: T) => (random.below(8) === 0 ? null : value)
  const word = () => or(random.pick(['', 'a', '\0', 'a key of more than fifteen bytes', 'x', 'y'].slice(0, words)))
  const double = () => or(random.pick([0, -0, 1.5, Number.NaN, -Infinity]))
  const int = () => or(random.below(4))
  const left = random.times(count, (l_id) => ({
    l_word: word(),
    l_double: double(),
    l_int: int(),
    l_list: or([or('a list of long text'), 'b']),
    l_id,
  }))
  const right = random.times(count, (r_id) => ({
    r_id,
    r_text: or(`right row ${r_id}`),
    r_double: double(),
    r_int: int(),
    r_word: word(),
    r_list: or([or('another list of long text'), or('')]),
  }))
  return [left, right]
}

const QUESTIONS = TYPES.flatMap((type) =>
  ([['word'], ['double'], ['word', 'double'], ['id'], []] as Key[][]).flatMap((keys) =>
    [false, true].map((residual): Question => ({ type, keys, residual })),
  ),
)

describe('a join of sorted sides', () => {
  it.each(QUESTIONS)('$type by $keys, with a condition: $residual', (question) => {
    for (const [seed, count] of [
      [1, 30],
      [2, 120],
    ] as const) {
      const [left, right] = sides(seed, count, 6)
      const right_ = expected(left, right, question, true)
      for (const run of [{}, { holdBytes: 0, parts: 3 }, { holdBytes: 700 }]) {
        expect(mergeJoined(left, right, question, run)).toEqual(right_)
      }
      expect(mergeJoined(left, [], question)).toEqual(expected(left, [], question, true))
      expect(mergeJoined([], right, question)).toEqual(expected([], right, question, true))
    }
  })

  it.each(TYPES)('%s over many batches, and with keys of many rows', (type) => {
    const random = new Random(5)
    const key = () => random.pick(['x', 'y', null, ...Array.from({ length: 40 }, (_, i) => `k${i}`)])
    const left = random.times(150, (l_id) => ({ ...nothing(LEFT), l_word: key(), l_id, l_int: random.below(4) }))
    const right = random.times(2100, (r_id) => ({
      ...nothing(RIGHT),
      // More than stay decoded.
      r_word: r_id % 2 === 0 ? 'k7' : key(),
      r_id,
      r_int: random.below(4),
    }))
    for (const residual of [false, true]) {
      const question: Question = { type, keys: ['word'], residual }
      const answer = expected(left, right, question, true)
      expect(answer.length).toBeGreaterThan(type === 'semi' || type === 'anti' ? 2 : 2048)
      for (const holdBytes of [0, 1 << 20]) expect(mergeJoined(left, right, question, { holdBytes })).toEqual(answer)
    }
  })

  it('needs no memory for the rows of one key', () => {
    const left = Array.from({ length: 3 }, (_, l_id) => ({ ...nothing(LEFT), l_word: 'x', l_id }))
    const text = 'r'.repeat(1000)
    const right = Array.from({ length: 4000 }, (_, r_id) => ({ ...nothing(RIGHT), r_word: 'x', r_id, r_text: text }))
    const question: Question = { type: 'inner', keys: ['word'], residual: false }
    const found = mergeJoined(left, right, question, { holdBytes: 10_000, parts: 2 })
    expect(found).toEqual(left.flatMap((l) => right.map((r) => ({ ...l, ...r }))))
    expect(readdirSync(folder).filter((name) => !name.endsWith('.run'))).toEqual([])
  })

  it('says which folder cannot hold the rows of a key', () => {
    const right = Array.from({ length: 10 }, (_, r_id) => ({ ...nothing(RIGHT), r_word: 'x', r_id }))
    const paths = shuffled(right, RIGHT, { kind: 'exchange', keys: [keyOf('r_word')], side: 'right' }, 1)
    const missing = join(folder, 'missing')
    const pipeline = kernels.createPipeline(
      pipelineProgram({
        source: {
          kind: 'mergeJoin',
          type: 'full',
          left: LEFT,
          right: RIGHT,
          keys: ['l_word'],
          residual: null,
          holdBytes: 0,
          folder: missing,
        },
        operators: [],
        end: { kind: 'rows' },
      }),
      null,
      { memoryBytes: 0 },
    )
    const cursor = kernels.openRuns(paths, 0, { descending: false })
    expect(codeOf(() => drain(pipeline, cursor))).toBe('FILE_IO')
  })

  it('stops when no more rows are wanted', () => {
    const left = Array.from({ length: 2000 }, (_, l_id) => ({ ...nothing(LEFT), l_word: 'x', l_id }))
    const right = Array.from({ length: 2000 }, (_, r_id) => ({ ...nothing(RIGHT), r_word: 'x', r_id }))
    const paths = [
      ...shuffled(left, LEFT, { kind: 'exchange', keys: [keyOf('l_word')], side: 'left' }, 1),
      ...shuffled(right, RIGHT, { kind: 'exchange', keys: [keyOf('r_word')], side: 'right' }, 1),
    ]
    const source = {
      kind: 'mergeJoin' as const,
      type: 'inner' as const,
      left: LEFT,
      right: RIGHT,
      keys: ['l_word'],
      residual: null,
      holdBytes: 1 << 20,
      folder,
    }
    const program = pipelineProgram({ source, operators: [{ op: 'limit', count: 5 }], end: { kind: 'rows' } })
    const pipeline = kernels.createPipeline(program, null, { memoryBytes: 0 })
    drain(pipeline, kernels.openRuns(paths, 0, { descending: false }))
    pipeline.finish()
    expect(decodeRows(pipeline.takeOutput(), [...LEFT, ...RIGHT]).map(({ r_id }) => r_id)).toEqual([0, 1, 2, 3, 4])
    expect(pipeline.rowsIn).toBe(2048)
  })
})

const PLACES = [
  ['memory', false],
  ['a file', true],
] as const

describe.each(PLACES)('a join with a table in %s', (_, inFile) => {
  it.each(QUESTIONS)('$type by $keys, with a condition: $residual', (question) => {
    const [left, right] = sides(3, 150, 5)
    const answer = expected(left, right, question, false)
    for (const batchRows of [2048, 7]) expect(probed(left, right, question, { batchRows, inFile })).toEqual(answer)
    expect(probed(left, [], question, { inFile })).toEqual(expected(left, [], question, false))
    expect(probed([], right, question, { inFile })).toEqual(expected([], right, question, false))
  })

  it('gives more than a batch of rows for one', () => {
    const left = Array.from({ length: 5 }, (_, l_id) => ({ ...nothing(LEFT), l_word: 'x', l_id, l_int: 1 }))
    const right = Array.from({ length: 3000 }, (_, r_id) => ({
      ...nothing(RIGHT),
      r_word: 'x',
      r_id,
      r_int: r_id === 2999 ? 2 : 0,
    }))
    for (const residual of [false, true]) {
      for (const type of TYPES) {
        const question: Question = { type, keys: ['word'], residual }
        expect(probed(left, right, question, { inFile })).toEqual(expected(left, right, question, false))
      }
    }
  })

  it('finds rows among very many, one key having half of them', () => {
    const random = new Random(4)
    const right = random.times(70_000, (r_id) => ({
      ...nothing(RIGHT),
      r_word: r_id % 2 === 0 ? 'x' : `word ${random.below(20_000)} of a text that is not short`,
      r_id,
    }))
    const ids = new Map<unknown, unknown[]>()
    for (const { r_word, r_id } of right) ids.set(r_word, [...(r_word === 'x' ? [] : (ids.get(r_word) ?? [])), r_id])
    ids.set(
      'x',
      right.flatMap(({ r_word, r_id }) => (r_word === 'x' ? r_id : [])),
    )
    const words = ['nowhere', 'x', 'y', ...new Set(right.slice(0, 600).map(({ r_word }) => r_word))]
    const left = words.map((l_word, l_id) => ({ ...nothing(LEFT), l_word, l_id }))
    const found = probed(left, right, { type: 'inner', keys: ['word'], residual: false }, { inFile })
    expect(found.map(({ r_id }) => r_id)).toEqual(words.flatMap((word) => ids.get(word) ?? []))
  })
})

describe('a join with a table of columns in memory', () => {
  it.each(QUESTIONS)('$type by $keys, with a condition: $residual', (question) => {
    const [left, right] = sides(6, 150, 5)
    const answer = withoutList(expected(left, right, question, false))
    for (const batchRows of [2048, 7]) {
      expect(probed(left, right, question, { batchRows, build: FLAT_RIGHT, rows: right.length })).toEqual(answer)
    }
    expect(probed(left, [], question, { build: FLAT_RIGHT })).toEqual(withoutList(expected(left, [], question, false)))
  })

  it.each(TYPES)('%s by keys that are unique: close together, far apart, or texts', (type) => {
    const random = new Random(7)
    const FAR = 700_001
    const [left, right] = sides(8, 3000, 5)
    // Every other row has a match; the table grows several times.
    const asked = left.map((row, i) => ({ ...row, l_id: random.below(6000) - 3000, l_int: i % 4 }))
    const among = right.map((row, i) => ({ ...row, r_id: 3000 - 2 * i }))
    const text = (id: number) => (id % 7 === 0 ? `${id}` : `a key of more than fifteen bytes ${id}`)
    for (const [name, key, l, r] of [
      ['close together', 'id', asked, among],
      [
        'far apart',
        'id',
        asked.map((row) => ({ ...row, l_id: row.l_id * FAR })),
        among.map((row) => ({ ...row, r_id: row.r_id * FAR })),
      ],
      [
        'texts',
        'word',
        asked.map((row) => ({ ...row, l_word: row.l_id === 12 ? null : text(row.l_id) })),
        among.map((row) => ({ ...row, r_word: row.r_id === 14 ? null : text(row.r_id) })),
      ],
    ] as [string, 'id' | 'word', Row[], Row[]][]) {
      const [own, other] = KEYS[key]
      const ids = new Map(r.flatMap((row) => (row[other] === null ? [] : [[row[other], row] as const])))
      const found = (row: Row) => (row[own] === null ? undefined : ids.get(row[own]))
      const rights = new Set(l.map(found))
      const lone = type === 'left' || type === 'full'
      const answer = [
        ...(type === 'semi' || type === 'anti'
          ? l.filter((row) => (found(row) !== undefined) === (type === 'semi'))
          : l.flatMap((row) => (found(row) || lone ? [{ ...row, ...(found(row) ?? nothing(RIGHT)) }] : []))),
        ...(type === 'right' || type === 'full'
          ? r.filter((row) => !rights.has(row)).map((row) => ({ ...nothing(LEFT), ...row }))
          : []),
      ]
      const question: Question = { type, keys: [key], residual: false }
      for (const rows of [0, r.length]) {
        expect(probed(l, r, question, { build: FLAT_RIGHT, rows }), name).toEqual(withoutList(answer))
      }
      expect(probed(l, r, question, { batchRows: 300 }), name).toEqual(answer)
    }
  })
})

describe('a table', () => {
  const question: Question = { type: 'inner', keys: ['word'], residual: false }
  const right = [{ ...nothing(RIGHT), r_word: 'x', r_id: 1 }]

  it('is made by one of those who open it', () => {
    const program = joinTableProgram(RIGHT, ['r_word'], 'found')
    const [first, second] = [0, 1].map(() => kernels.createJoinTable(program, { name: 'shared' })) as [
      JoinTable,
      JoinTable,
    ]
    expect([first.claim(0), second.claim(0)]).toEqual(['mine', 'busy'])
    expect(codeOf(() => fill(second, right))).toBe('BAD_ARGUMENT')
    // What it has not finished is for another one to make.
    first.close()
    expect(second.claim(0)).toBe('mine')
    fill(second, right)
    const third = kernels.createJoinTable(program, { name: 'shared' })
    expect(third.claim(0)).toBe('ready')
    const { bytes } = third
    second.close()
    expect(third.bytes).toBe(bytes)
    expect(bytes).toBeGreaterThan(0)
    third.close()
    const later = kernels.createJoinTable(program, { name: 'shared' })
    expect(later.claim(0)).toBe('mine')
  })

  it('says which folder cannot hold its rows', () => {
    const program = joinTableProgram(RIGHT, ['r_word'], 'found')
    const table = kernels.createJoinTable(program, { name: 'nowhere', folder: join(folder, 'missing'), memoryBytes: 0 })
    table.claim(0)
    expect(codeOf(() => fill(table, right))).toBe('FILE_IO')
  })

  it('is refused where types or places do not fit', () => {
    const table = tableOf(question)
    table.claim(0)
    fill(table, right)
    const open = (type: JoinType, on: string[], place = 0) =>
      kernels.createPipeline(
        pipelineProgram({
          source: { kind: 'batches', columns: LEFT },
          operators: [{ op: 'probe', table: place, type, on, residual: null, build: RIGHT }],
          end: { kind: 'rows' },
        }),
        null,
        { memoryBytes: 0, tables: [table] },
      )
    for (const [type, on, place] of [
      ['inner', ['l_int']],
      ['inner', []],
      ['inner', ['l_word', 'l_int']],
      ['inner', ['l_word'], 1],
      ['right', ['l_word']],
      ['full', ['l_word']],
    ] as [JoinType, string[], number?][]) {
      expect(codeOf(() => open(type, on, place))).toBe('BAD_ARGUMENT')
    }
    open('inner', ['l_word'])
    expect(codeOf(() => fill(table, right))).toBe('BAD_ARGUMENT')
    table.close()
    expect(codeOf(() => open('inner', ['l_word']))).toBe('BAD_ARGUMENT')
  })
})

function drain(
  pipeline: { drain(cursor: Cursor, maxRecords: number): number; readonly done: boolean },
  cursor: Cursor,
) {
  while (pipeline.drain(cursor, 1000) > 0 && !pipeline.done);
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    return (fromNative(error) as { code: string }).code
  }
  return undefined
}
