/** Real files of many writers, as another reader (Arrow C++) sees them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readParquetSchema } from '../../../../dist/src/io/format/parquet/schema.js'
import type { Type } from '../../../../dist/src/plan/type.js'
import { parquetFile, readParquet, realFiles } from '../../../helpers/parquet.js'

interface Expected {
  rows: number
  columns: { name: string; type: string }[]
  first200: Record<string, unknown[]>
}

/** The other reader has 64 bits of nanoseconds, which do not hold these. */
const SPARK_TIMES = [
  '2024-01-01T20:34:56.123456',
  '2024-01-01T01:00:00.000',
  '9999-12-31T03:00:00.000',
  '2024-12-30T23:00:00.000',
  null,
  '+290000-12-30T23:00:00.000',
]

const names = (folder: string) => (realFiles === null ? [] : readdirSync(join(realFiles, folder)).sort())

test.skipIf(realFiles !== null)('skipped: no shared/parquet', () => {})

/** One page has a gibibyte. */
const TOO_LARGE = 'large_string_map.brotli.parquet'

describe.skipIf(realFiles === null)('good files', () => {
  test.each(names('good').filter((name) => name !== TOO_LARGE))(
    '%s has the values that another reader sees',
    async (name) => {
      const path = join(realFiles!, 'good', name)
      const columns = (await readParquetSchema(parquetFile(path))).map((column) => ({
        ...column,
        type: exact(column.type),
      }))
      const rows = await readParquet(path, columns)
      if (name === 'int96_from_spark.parquet') return expect(rows.map(({ a }) => a)).toEqual(SPARK_TIMES)
      const expectation = join(realFiles!, 'expected', name.replace(/\.parquet$/, '.json'))
      if (!existsSync(expectation)) return
      const expected: Expected = JSON.parse(readFileSync(expectation, 'utf8'))
      expect(rows.length).toBe(expected.rows)
      for (const [i, { name, type }] of columns.entries()) {
        const ours = rows.slice(0, 200).map((row) => comparable(row[name], type))
        const theirs = expected.first200[name]!.map((value) => wanted(value, type, expected.columns[i]!.type))
        expect(ours, name).toEqual(theirs)
      }
    },
  )
})

describe.skipIf(realFiles === null)('bad files', () => {
  test('a page that is larger than memory allows is refused', async () => {
    const path = join(realFiles!, 'good', TOO_LARGE)
    await expect(readParquet(path)).rejects.toMatchObject({ code: 'PARQUET_UNSUPPORTED', message: /page of 107374/ })
  })

  test.each(names('bad'))('%s is refused, with the reason', async (name) => {
    const failure = await readParquet(join(realFiles!, 'bad', name)).then(
      () => 'read',
      (error: Error & { code: string }) => error,
    )
    expect(failure).toMatchObject({ code: expect.stringMatching(/^PARQUET_(CORRUPT|UNSUPPORTED)$/) })
  })
})

/** With microseconds, which a Date does not have, and all digits of whole numbers. */
function exact(type: Type): Type {
  if (type === 'timestamp') return 'timestamp_ntz'
  if (type === 'long') return { type: 'decimal', precision: 19, scale: 0 }
  if (typeof type === 'string' || type.type === 'decimal') return type
  if (type.type === 'array') return { ...type, element: exact(type.element) }
  return { ...type, fields: type.fields.map((field) => ({ ...field, type: exact(field.type) })) }
}

function comparable(value: unknown, type: Type): unknown {
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof type === 'object' && type.type === 'array')
    return (value as unknown[]).map((one) => comparable(one, type.element))
  if (typeof type === 'object' && type.type === 'struct')
    return Object.fromEntries(
      type.fields.map(({ name, type }) => [name, comparable((value as Record<string, unknown>)[name], type)]),
    )
  return value
}

function wanted(value: unknown, type: Type, theirs: string): unknown {
  if (value === null) return null
  const tagged = value as Record<string, string>
  if (typeof value === 'object' && !Array.isArray(value)) {
    if ('$double' in tagged) return tagged.$double === '-0' ? -0 : Number(tagged.$double)
    if ('$decimal' in tagged) return tagged.$decimal
    if ('$binary' in tagged) return tagged.$binary
    if ('$timestamp' in tagged) return instant(tagged.$timestamp!)
    if ('$date' in tagged) return tagged.$date
    if ('$long' in tagged) {
      if (theirs === 'timestamp[ns]') return fromNanos(BigInt(tagged.$long!))
      return typeof type === 'object' ? tagged.$long : BigInt(tagged.$long!)
    }
  }
  if (typeof type === 'object' && type.type === 'decimal') return String(value)
  if (typeof type === 'object' && type.type === 'array')
    return (value as unknown[]).map((one) => {
      const element = type.element
      const isPair = Array.isArray(one) && typeof element === 'object' && element.type === 'struct'
      const entry = isPair ? Object.fromEntries(element.fields.map(({ name }, i) => [name, one[i]])) : one
      return wanted(entry, element, '')
    })
  if (typeof type === 'object')
    return Object.fromEntries(
      type.fields.map(({ name, type }) => [name, wanted((value as Record<string, unknown>)[name], type, '')]),
    )
  return value
}

/** As decodeRows writes it. */
function instant(text: string): string {
  const [seconds, fraction = ''] = text.split('.') as [string, string?]
  const micros = fraction.padEnd(6, '0')
  return `${seconds}.${micros.endsWith('000') ? micros.slice(0, 3) : micros}`
}

function fromNanos(nanos: bigint): string {
  const millis = nanos / 1_000_000n
  const micros = (nanos / 1000n) % 1000n
  const text = new Date(Number(millis)).toISOString().slice(0, -1)
  return micros === 0n ? text : text + String(micros).padStart(3, '0')
}
