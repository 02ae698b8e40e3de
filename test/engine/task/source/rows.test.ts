/** CSV rows as a map gets them: their fields, how long these last, and the errors of bad rows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../../../helpers/folder.js'
import { csvField, Random } from '../../../helpers/random.js'
import { failure, run } from '../../../helpers/run.js'
import { KEPT_ROWS, keptRows, rows } from '../../csv_jobs.js'

type Row = [id: string, note: string, amount: string]

function csvText(table: Row[], end: string): string {
  return [['id', 'note', 'amount'], ...table].map((row) => row.map((field) => csvField(field)).join(',') + end).join('')
}

function input(content: string | Uint8Array): string {
  const folder = temporaryFolder()
  writeFiles(folder, { 'data.csv': content })
  return join(folder, 'data.csv')
}

function recordsOf(output: string): string[][] {
  return linesOf(output).map((line) => {
    const { key, value } = JSON.parse(line) as { key: string; value: string[] }
    return [key, ...value]
  })
}

const NOTES = [
  '',
  'plain',
  'Zürich',
  '東京',
  '😀 "x" 😀',
  'say "hi"',
  'a,b',
  'two\r\nlines',
  '"',
  'é"é',
  'ÿ'.repeat(70),
]

function randomRows(seed: number, count: number): Row[] {
  const random = new Random(seed)
  return random.times(count, (i) => [`r${i}`, random.pick(NOTES), String(random.below(100_000) / 8)])
}

describe('a row', () => {
  it.each([
    [1, '\n'],
    [2, '\r\n'],
  ])('stays unchanged as long as a map keeps it (seed %i, line end %j)', async (seed, end) => {
    const table = randomRows(seed, 12_000)
    const { output } = await run(keptRows, input(csvText(table, end)), { workers: 1, tuning: { splitBytes: 2 ** 30 } })
    const expected = table.map((row, r) => {
      const earlier = table[r - KEPT_ROWS]
      return [...row, earlier ? JSON.stringify({ id: earlier[0], note: earlier[1], amount: earlier[2] }) : '']
    })
    expect(recordsOf(output)).toEqual(expected)
  })

  it('may have fields of many blocks, with rows of a few bytes around it', async () => {
    const table: Row[] = ['x', 'ü', '"', '😀', 'x"ü'].flatMap((unit, i): Row[] => [
      [`short${i}`, 'é', '1'],
      [`long${i}`, `${unit}, and more\n`.repeat(40_000), '2'],
    ])
    const { output } = await run(rows, input(csvText([...table, ['last', '', '3']], '\n')), { workers: 2 })
    expect(recordsOf(output)).toEqual([...table, ['last', '', '3']])
  })

  it('has U+FFFD for bytes that are not UTF-8, and the fields around it are unchanged', async () => {
    const broken = ['\xff', '\xe4\xb8', '\xc0\xaf', '\xed\xa0\x80', 'a\xf0\x9f\x98', '"\xf0\x9f""\x98"']
    const content = Buffer.from(`id,note,amount\n${broken.map((note) => `a,${note},b\n`).join('')}`, 'latin1')
    const { output } = await run(rows, input(content))
    const texts = broken.map((note) => note.replace(/^"(.*)"$/, '$1').replaceAll('""', '"'))
    expect(recordsOf(output)).toEqual(texts.map((note) => ['a', Buffer.from(note, 'latin1').toString(), 'b']))
  })

  it('may have extra empty fields, and must not have too few', async () => {
    const good = 'r1,Zürich,1\nr2,"x ""é""",2,,""\n'
    const path = input(`id,note,amount\n${good}short,é\nr3,,3\n`)
    const error = await failure(run(rows, path))
    expect(error.code).toBe('CSV_SHORT_ROW')
    expect(error.where).toMatchObject({ file: path, offset: Buffer.byteLength(`id,note,amount\n${good}`) })

    const { output } = await run(rows, path, { maxBad: 1 })
    expect(recordsOf(output)).toEqual([
      ['r1', 'Zürich', '1'],
      ['r2', 'x "é"', '2'],
      ['r3', '', '3'],
    ])
  })

  it('is shown as in the file if it is bad', async () => {
    const row = '"say ""é""","two\nlines"'
    const { output } = await run(rows, input(`id,note,amount\r\na,b,c\r\n\r\n${row}\r\nd,e,f`), { maxBad: 1 })
    expect(JSON.parse(readFileSync(join(output, '_quarantine.jsonl'), 'utf8'))).toMatchObject({
      code: 'CSV_SHORT_ROW',
      offset: 25,
      excerpt: row,
    })
  })
})
