import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import type { RunjobError } from '../../../../dist/src/base/errors.js'
import { readParquetSchema } from '../../../../dist/src/io/format/parquet/schema.js'
import { conflict, uniteColumns } from '../../../../dist/src/io/format/parquet/unite.js'
import { type Column, type Type, typeText } from '../../../../dist/src/plan/type.js'
import { temporaryFolder, writeFiles } from '../../../helpers/folder.js'
import { parquetFile, realFiles } from '../../../helpers/parquet.js'

function schemaOf(bytes: Uint8Array): Promise<Column[]> {
  const folder = temporaryFolder()
  writeFiles(folder, { 'a.parquet': bytes })
  return readParquetSchema(parquetFile(join(folder, 'a.parquet')))
}

function shown(columns: readonly Column[]): string[] {
  return columns.map(({ name, type, nullable }) => `${name}: ${typeText(type)}${nullable ? '?' : ''}`)
}

const small = () =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: [1, 2], type: 'INT32', nullable: false },
        { name: 'name', data: ['a', null], type: 'STRING' },
      ],
    }),
  )

test('a schema has the columns of the file', async () => {
  expect(shown(await schemaOf(small()))).toEqual(['id: int', 'name: string?'])
})

test('a file that is cut off, or whose footer is damaged, is PARQUET_CORRUPT', async () => {
  const bytes = small()
  for (let size = 0; size < bytes.length; size++) {
    await expect(schemaOf(bytes.subarray(0, size)), `${size} bytes`).rejects.toMatchObject({ code: 'PARQUET_CORRUPT' })
  }
  // Whatever a byte becomes, the answer is a schema or a refusal.
  for (let at = bytes.length - 200; at < bytes.length; at++) {
    const damaged = Uint8Array.from(bytes)
    damaged[at]! ^= 0xff
    const code = await schemaOf(damaged).then(
      () => 'read',
      (error: RunjobError) => error.code,
    )
    expect(['read', 'PARQUET_CORRUPT', 'PARQUET_UNSUPPORTED']).toContain(code)
  }
})

test('a number that does not end is PARQUET_CORRUPT, and soon', async () => {
  const footer = Buffer.alloc(1 << 20, 0xff)
  footer[0] = 0x36
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(footer.length)
  tail.write('PAR1', 4)
  await expect(schemaOf(Buffer.concat([Buffer.from('PAR1'), footer, tail]))).rejects.toMatchObject({
    code: 'PARQUET_CORRUPT',
  })
})

test('an encrypted file is PARQUET_UNSUPPORTED', async () => {
  const bytes = small()
  bytes.set(Buffer.from('PARE'), bytes.length - 4)
  await expect(schemaOf(bytes)).rejects.toMatchObject({ code: 'PARQUET_UNSUPPORTED', message: /it is encrypted/ })
})

const column = (name: string, type: Type, nullable = false): Column => ({ name, type, nullable })
const decimal = (precision: number, scale: number): Type => ({ type: 'decimal', precision, scale })

test('files with other columns are united by name, missing columns are nullable and types become wider', () => {
  const united = uniteColumns([
    { name: 'a', columns: [column('id', 'integer'), column('price', decimal(5, 2)), column('x', 'integer')] },
    { name: 'b', columns: [column('price', decimal(6, 4)), column('id', 'long'), column('y', 'string')] },
  ])
  expect(shown(united)).toEqual(['id: bigint', 'price: decimal(7,4)', 'x: int?', 'y: string?'])
})

test('types that are not one another wider are SCHEMA_CONFLICT, which names both files', () => {
  const files = [
    { name: 'a', columns: [column('id', 'long')] },
    { name: 'b', columns: [column('id', 'string')] },
  ]
  expect(() => uniteColumns(files)).toThrow('Column "id" is bigint in a, but string in b.')
  expect(conflict('id', 'a', 'long', null, 'date').message).toBe('Column "id" is bigint in a, but date in the schema.')
})

test.skipIf(realFiles === null)('the schemas of real files are those that another reader sees', async () => {
  const folder = join(realFiles!, 'good')
  for (const name of readdirSync(folder)) {
    const columns = await readParquetSchema(parquetFile(join(folder, name)))
    const expected = expectation(name)
    if (expected) expect(columns.map((c) => c.name)).toEqual(expected.columns.map((c) => c.name))
  }
})

function expectation(name: string): { columns: { name: string }[] } | null {
  try {
    return JSON.parse(readFileSync(join(realFiles!, 'expected', name.replace(/\.parquet$/, '.json')), 'utf8'))
  } catch {
    return null
  }
}
