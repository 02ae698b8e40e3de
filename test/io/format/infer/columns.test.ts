import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { inferColumns } from '../../../../dist/src/io/format/infer/columns.js'
import type { CsvFormat, Format } from '../../../../dist/src/plan/plan.js'
import { typeText } from '../../../../dist/src/plan/type.js'
import { CSV, JSONL } from '../../../helpers/row_plans.js'
import { inputFile, temporaryFolder } from '../../folder.js'

async function infer(content: string | Uint8Array, format: Format, guessTypes = false): Promise<string> {
  const columns = await inferColumns(
    inputFile(join(temporaryFolder(), typeof content === 'string' ? 'in' : 'in.gz'), content),
    format,
    { guessTypes },
  )
  return columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ')
}

describe('CSV', () => {
  it('is all text, as its header names it', async () => {
    expect(await infer('id,name,\n1,x,\n', CSV)).toBe('id string, name string, #3 string')
    expect(await infer('1,x\n', { ...CSV, header: false })).toBe('#1 string, #2 string')
  })

  it.each([
    ['1\n-20\n\n', 'bigint'],
    ['1\n2.5\n', 'double'],
    ['.5\n1e5\n', 'string'],
    ['.5\n-1.5e-5\nNaN\n', 'double'],
    ['007\n008\n', 'string'],
    ['+1\n', 'string'],
    ['9223372036854775807\n', 'bigint'],
    ['9223372036854775808\n', 'string'],
    ['true\nFALSE\n', 'boolean'],
    ['true\n1\n', 'string'],
    ['2024-01-31\n2024-02-29\n', 'date'],
    ['2024-02-30\n', 'string'],
    ['2024-01-31\n2024-01-31T12:34:56Z\n', 'timestamp'],
    ['2024-01-31 12:34:56.5\n2024-01-31 12:34:56+02:00\n', 'timestamp'],
    ['2024-01-31 25:00:00\n', 'string'],
    ['""\n""\n', 'string'],
    ['1\nx\n', 'string'],
  ])('%j looks like %s', async (rows, type) => {
    expect(await infer(`c\n${rows}`, CSV, true)).toBe(`c ${type}`)
    expect(await infer(gzipSync(`c\n${rows}`), CSV, true)).toBe(`c ${type}`)
  })

  it('follows its dialect', async () => {
    const format: CsvFormat = { ...CSV, delimiter: ';', decimal: ',', missing: ['NA'], header: false, skip: 1 }
    expect(await infer('c;d\n1,5;NA\n2;7\n', format, true)).toBe('#1 double, #2 bigint')
  })
})

describe('JSON lines', () => {
  it.each([
    ['{"a":1,"b":"x"}\n{"a":2.5,"c":true}', 'a double, b string, c boolean'],
    ['{"a":"01"}\n{"a":2}', 'a string'],
    ['{"a":12345678901234567890}', 'a decimal(20,0)'],
    ['{"a":123456789012345678901}\n{"a":1}', 'a decimal(21,0)'],
    ['{"a":9007199254740993}', 'a bigint'],
    ['{"a":12345678901234567890}\n{"a":1.5}', 'a double'],
    ['{"a":{"b":[1,null]}}', 'a struct<b:array<bigint>>'],
    ['{"a":{"b":1}}\n{"a":{"c":"x","b":1.5}}\n{"a":null}', 'a struct<b:double,c:string>'],
    ['{"a":[1,"x"]}', 'a array<string>'],
    ['{"a":[]}\n{"a":[[true]]}', 'a array<array<boolean>>'],
    ['{"a":{"b":1}}\n{"a":1}', 'a string'],
    ['{"a":null,"b":[],"c":{}}', 'a string, b array<string>, c string'],
    ['{}\n\n{"a":1}', 'a bigint'],
    ['bad\n[1]\n{"a":1}', 'a bigint'],
    ['\uFEFF{"a":"1 \\" {\\"b\\": 2}"}\r\n', 'a string'],
    ['{"a":-0}\n{"a":1e3}', 'a double'],
  ])('%s', async (content, columns) => {
    expect(await infer(content, JSONL)).toBe(columns)
  })

  it('is told by its first megabyte', async () => {
    const line = `${JSON.stringify({ a: 1, pad: 'x'.repeat(90) })}\n`
    const content = `${line.repeat(12_000)}{"a":"late","late":1}\n`
    expect(await infer(content, JSONL)).toBe('a bigint, pad string')
    // A line may be longer.
    expect(await infer(`${JSON.stringify({ a: 'x'.repeat(3 << 20) })}\n{"b":1}`, JSONL)).toMatch(/^a string/)
  })

  it('has a line that is an object', async () => {
    await expect(infer('nonsense\n', JSONL)).rejects.toMatchObject({ code: 'JSONL_BAD_RECORD' })
    expect(await infer('\n', JSONL)).toBe('')
  })
})
