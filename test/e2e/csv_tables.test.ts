/**
 * CSV as other tools write and read it. Tables go through fast-csv on one side and through runjob on the other, in both
 * directions: the native reader, the native writer, the writer of JavaScript values, and whole runs.
 */
import { join } from 'node:path'
import { parseString, writeToString } from 'fast-csv'
import { describe, expect, it } from 'vitest'
import { BlockText } from '../../dist/src/io/format/csv/block.js'
import { createFormatter } from '../../dist/src/io/output/formatter.js'
import { kernels, type Layout } from '../../dist/src/kernels/addon.js'
import { temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { run } from '../helpers/run.js'
import { batchOf, newCollector, pushAll, utf8 } from '../kernels/helpers.js'
import { copyingByDelimiter } from './csv_table_jobs.js'

type Delimiter = keyof typeof copyingByDelimiter

const DELIMITERS = Object.keys(copyingByDelimiter) as Delimiter[]

interface Table {
  rows: string[][]
  /** As other tools write it: unnecessary quotes, any line end, with or without one at the end. */
  text: string
}

const TABLES = 10_000
/** Tables that share a delimiter and one slow call of fast-csv. */
const BATCH = 100

const CONTENT = [
  ...['a', 'Bc', ' ', '  ', '1', '-2.5', "'", '\\', '|', 'é', 'ß', '中文', '😀', '\u00a0', '\ufeff'],
  ...['"', '""', ',', ';', '\t', '\n', '\r', '\r\n', '\n\n'],
]

function randomTable(random: Random, delimiter: Delimiter, width: number): Table {
  const end = random.pick(['\n', '\r\n'])
  const quoting = random.pick([0, 0.2, 1])
  const field = () =>
    random
      .times(random.below(4), () => random.pick(CONTENT))
      .join('')
      // A byte-order mark in front of a file belongs to the file, not to the table.
      .replace(/^\ufeff+/, '')
      // fast-csv treats fields of only white space as empty, unlike RFC 4180.
      .replace(/^\s+$/, (blank) => `${blank}.`)
  const rows = random.times(1 + random.below(6), () => random.times(width, field))
  const written = (text: string, isOnly: boolean) =>
    /["\r\n]/.test(text) || text.includes(delimiter) || (isOnly && text === '') || random.next() < quoting
      ? `"${text.replaceAll('"', '""')}"`
      : text
  const lines = rows.map((row) => row.map((text) => written(text, row.length === 1)).join(delimiter))
  return { rows, text: lines.join(end) + (random.below(3) === 0 ? '' : end) }
}

/** Calls `check` for tables of seeds 1 to TABLES, batch by batch. */
async function forEachBatch(
  check: (tables: Table[], delimiter: Delimiter, firstSeed: number) => Promise<void> | void,
): Promise<void> {
  for (let firstSeed = 1; firstSeed <= TABLES; firstSeed += BATCH) {
    const delimiter = new Random(firstSeed).pick(DELIMITERS)
    const tables = Array.from({ length: BATCH }, (_, i) => {
      const random = new Random(firstSeed + i)
      return randomTable(random, delimiter, 1 + random.below(5))
    })
    await check(tables, delimiter, firstSeed)
  }
}

/** One table after another. A blank line between them would not be a row. */
const joined = (texts: string[]): string => texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join('')
const rowsOf = (tables: Table[]): string[][] => tables.flatMap((table) => table.rows)

/** Like expect().toEqual(), which is slow for ten thousand tables. */
function expectRows(read: string[][], rows: string[][], seed: string | number): void {
  if (JSON.stringify(read) !== JSON.stringify(rows)) expect(read, `seed ${seed}`).toEqual(rows)
}

function readNatively(text: string, delimiter: string, cuts: number[] = []): string[][] {
  const reader = kernels.createCsvReader({ delimiter, quote: '"', skipBom: true })
  const rows: string[][] = []
  const push = (chunk: Uint8Array, limit: number, last: boolean): boolean => {
    const { block, done } = reader.push(chunk, limit, last)
    const text = new BlockText(block)
    for (let row = 0, field = 0; row < block.rows; row++) {
      const fields: string[] = []
      for (; field < block.rowEnds[row]!; field++) fields.push(text.field(field))
      rows.push(fields)
    }
    return done
  }
  pushAll({ push }, Buffer.from(text), cuts, Number.POSITIVE_INFINITY, (done) => done)
  return rows
}

function readByFastCsv(text: string, delimiter: string): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    const rows: string[][] = []
    parseString<string[], string[]>(text, { delimiter, headers: false })
      .on('error', reject)
      .on('data', (row) => rows.push(row))
      .on('end', () => resolve(rows))
  })
}

function writeFromJavaScript(rows: string[][], delimiter: string): string {
  const formatter = createFormatter(
    { kind: 'csv', delimiter, header: null },
    { key: { tuple: rows[0]!.map(() => 'string') }, value: { columns: [] } },
  )
  for (const row of rows) formatter.add(row, {})
  return Buffer.from(formatter.take()).toString()
}

function writeNatively(rows: string[][], delimiter: string): string {
  const layout: Layout = rows[0]!.map(() => 'bytes')
  const collector = newCollector({ layout })
  // Keys that keep the rows in order.
  const key = (i: number) => String.fromCharCode(i >> 8, i & 255)
  collector.add(
    batchOf(
      rows.map((row, i) => ({ key: key(i), values: row.map(utf8) })),
      layout,
    ),
    rows.length,
  )
  const cursor = collector.sorted()
  const text = Buffer.from(
    cursor.format(
      { kind: 'csv', key: 'bytes', layout, raw: layout.map(() => false), delimiter, valuesOnly: true },
      1 << 16,
    ),
  ).toString()
  cursor.close()
  collector.close()
  return text
}

describe(`${TABLES} random tables`, () => {
  it('are read by the native reader as they were written, in chunks of any size', { timeout: 120_000 }, async () => {
    await forEachBatch((tables, delimiter, firstSeed) => {
      for (const [i, { text, rows }] of tables.entries()) {
        const seed = firstSeed + i
        const random = new Random(-seed)
        const size = Buffer.byteLength(text)
        const cuts = random.times(random.below(4), () => random.below(size + 1)).sort((a, b) => a - b)
        expectRows(readNatively(text, delimiter), rows, seed)
        expectRows(readNatively(text, delimiter, cuts), rows, `${seed}, cuts ${cuts}`)
      }
    })
  })

  it('are read by fast-csv as the native reader reads them', { timeout: 120_000 }, async () => {
    await forEachBatch(async (tables, delimiter, firstSeed) => {
      const text = joined(tables.map((table) => table.text))
      expectRows(await readByFastCsv(text, delimiter), rowsOf(tables), firstSeed)
      expectRows(readNatively(text, delimiter), rowsOf(tables), firstSeed)
    })
  })

  it('are read natively as fast-csv writes them', { timeout: 120_000 }, async () => {
    await forEachBatch(async (tables, delimiter, firstSeed) => {
      const random = new Random(-firstSeed)
      const rowDelimiter = random.pick(['\n', '\r\n'])
      const includeEndRowDelimiter = random.below(2) === 0
      const options = { delimiter, rowDelimiter, includeEndRowDelimiter, quoteColumns: random.below(2) === 0 }
      const rows = rowsOf(tables)
      const text = await writeToString(rows, options)
      // Every reader takes a row of one empty field without quotes for a blank line.
      const kept = options.quoteColumns ? rows : rows.filter((row) => row.length > 1 || row[0] !== '')
      expectRows(readNatively(text, delimiter), kept, firstSeed)
    })
  })

  it('are read by fast-csv, and natively, as both our writers write them', { timeout: 120_000 }, async () => {
    await forEachBatch(async (tables, delimiter, firstSeed) => {
      for (const width of [1, 2, 3, 4, 5]) {
        const rows = rowsOf(tables).filter((row) => row.length === width)
        const text = writeNatively(rows, delimiter)
        expect(text, `seed ${firstSeed}`).toBe(writeFromJavaScript(rows, delimiter))
        expectRows(readNatively(text, delimiter), rows, firstSeed)
        expectRows(await readByFastCsv(text, delimiter), rows, firstSeed)
      }
    })
  })

  it('go through a run, cut in many places, and come out the same', { timeout: 120_000 }, async () => {
    for (const [delimiter, job] of Object.entries(copyingByDelimiter)) {
      const random = new Random(delimiter.charCodeAt(0))
      const tables = random.times(TABLES / DELIMITERS.length, () => randomTable(random, delimiter as Delimiter, 4))
      const folder = temporaryFolder()
      writeFiles(folder, { 'tables.csv': joined(tables.map((table) => table.text)) })
      const { output } = await run(job, join(folder, 'tables.csv'), { workers: 2, tuning: { splitBytes: 40_000 } })
      const written = textOf(output)
      expectRows(readNatively(written, delimiter), rowsOf(tables), delimiter)
      expectRows(await readByFastCsv(written, delimiter), rowsOf(tables), delimiter)
    }
  })
})

/** The cases of csv-spectrum (Max Ogden, https://github.com/maxogden/csv-spectrum), header rows as rows. */
const SPECTRUM: Record<string, { text: string; rows: string[][] }> = {
  'a comma in quotes': {
    text: 'first,last,address,city,zip\nJohn,Doe,120 any st.,"Anytown, WW",08123\n',
    rows: [
      ['first', 'last', 'address', 'city', 'zip'],
      ['John', 'Doe', '120 any st.', 'Anytown, WW', '08123'],
    ],
  },
  'empty fields': {
    text: 'a,b,c\n1,"",""\n2,3,4\n',
    rows: [
      ['a', 'b', 'c'],
      ['1', '', ''],
      ['2', '3', '4'],
    ],
  },
  'empty fields, CRLF': {
    text: 'a,b,c\r\n1,"",""\r\n2,3,4\r\n',
    rows: [
      ['a', 'b', 'c'],
      ['1', '', ''],
      ['2', '3', '4'],
    ],
  },
  'quotes in quotes': {
    text: 'a,b\n1,"ha ""ha"" ha"\n3,4\n',
    rows: [
      ['a', 'b'],
      ['1', 'ha "ha" ha'],
      ['3', '4'],
    ],
  },
  JSON: {
    text: 'key,val\n1,"{""type"": ""Point"", ""coordinates"": [102.0, 0.5]}"\n',
    rows: [
      ['key', 'val'],
      ['1', '{"type": "Point", "coordinates": [102.0, 0.5]}'],
    ],
  },
  'newlines in quotes': {
    text: 'a,b,c\n1,2,3\n"Once upon \na time",5,6\n7,8,9\n',
    rows: [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
      ['Once upon \na time', '5', '6'],
      ['7', '8', '9'],
    ],
  },
  'newlines in quotes, CRLF': {
    text: 'a,b,c\r\n1,2,3\r\n"Once upon \r\na time",5,6\r\n7,8,9\r\n',
    rows: [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
      ['Once upon \r\na time', '5', '6'],
      ['7', '8', '9'],
    ],
  },
  'quotes and newlines': {
    text: 'a,b\n1,"ha \n""ha"" \nha"\n3,4\n',
    rows: [
      ['a', 'b'],
      ['1', 'ha \n"ha" \nha'],
      ['3', '4'],
    ],
  },
  'nothing special': {
    text: 'a,b,c\n1,2,3',
    rows: [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ],
  },
  'nothing special, CRLF': {
    text: 'a,b,c\r\n1,2,3',
    rows: [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ],
  },
  'UTF-8': {
    text: 'a,b,c\n1,2,3\n4,5,ʤ\n',
    rows: [
      ['a', 'b', 'c'],
      ['1', '2', '3'],
      ['4', '5', 'ʤ'],
    ],
  },
}

describe('every CSV reader’s test cases', () => {
  it.each(Object.keys(SPECTRUM))('%s', async (name) => {
    const { text, rows } = SPECTRUM[name]!
    expect(readNatively(text, ',')).toEqual(rows)
    expect(await readByFastCsv(text, ',')).toEqual(rows)
    expect(readNatively(writeNatively(rows, ','), ',')).toEqual(rows)
  })
})
