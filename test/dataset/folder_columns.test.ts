/** Columns in the names of folders, and their types. */
import { describe, expect, it } from 'vitest'
import { folderColumns } from '../../dist/src/dataset/folder_columns.js'
import { folderValues } from '../../dist/src/io/input/folders.js'
import { typeText } from '../../dist/src/plan/type.js'

describe('folders', () => {
  it('say what their columns are, from the first one below the base on', () => {
    expect(folderValues('/lake', '/lake/year=2024/month=01/a.parquet')).toEqual([
      { name: 'year', text: '2024' },
      { name: 'month', text: '01' },
    ])
    expect(folderValues('/lake/year=2024', '/lake/year=2024/a.parquet')).toEqual([])
    expect(folderValues('/lake', '/lake/raw/=x/year=2024/a=b.parquet')).toEqual([{ name: 'year', text: '2024' }])
  })

  it('are percent-decoded, as UTF-8; what begins no character stays', () => {
    expect(folderValues('/l', '/l/S%C3%A3o%20P=a%2Fb%3D%25/x')).toEqual([{ name: 'São P', text: 'a/b=%' }])
    expect(folderValues('/l', '/l/a=100%/b=%zz%E9/x')).toEqual([
      { name: 'a', text: '100%' },
      { name: 'b', text: '%zz%E9' },
    ])
    expect(folderValues('/l', '/l/a=b=c/x')).toEqual([{ name: 'a', text: 'b=c' }])
  })

  it('have a name for a missing value, and are refused without a value or with two', () => {
    expect(folderValues('/l', '/l/a=__HIVE_DEFAULT_PARTITION__/x')).toEqual([{ name: 'a', text: null }])
    expect(() => folderValues('/l', '/l/a=/x')).toThrow('the folder a= has no value')
    expect(() => folderValues('/l', '/l/a=1/b=2/a=3/x')).toThrow('two of its folders say what a is')
  })
})

function typed(...texts: (string | null)[]): string {
  const files = texts.map((text, i) => ({ path: `/l/${i}`, values: [{ name: 'a', text }] }))
  return typeText(folderColumns(files, null, true)!.columns[0]!.type)
}

describe('types of folder columns', () => {
  it.each([
    [['1', '02', '-3'], 'int'],
    [['1', '3000000000'], 'bigint'],
    [['1', '99999999999999999999'], 'decimal(20,0)'],
    [['3000000000', '9999999999999999999'], 'decimal(20,0)'],
    [['1234567890123456789012', '9999999999999999999'], 'decimal(22,0)'],
    [['1', '1.5'], 'double'],
    [['1e3', 'NaN'], 'double'],
    // The double would lose digits.
    [['3000000000', '1.5'], 'string'],
    [['1'.repeat(39)], 'string'],
    [['2024-01-31', null], 'date'],
    [['2024-01-31', '2024-01-31 01:02:03'], 'timestamp'],
    [['2024-01-31', '2024-02-31'], 'string'],
    [['2024-01', '2024'], 'string'],
    [['2024', '2024-01-31'], 'string'],
    [['true', 'false'], 'string'],
    [['1', 'x'], 'string'],
    [[null, null], 'string'],
    [[null, '7'], 'int'],
  ])('of %j is %s', (texts, type) => {
    expect(typed(...texts)).toBe(type)
  })

  it('are text if they are not inferred, and as declared if they are', () => {
    const files = ['01', null].map((text, i) => ({
      path: `/l/${i}`,
      values: [
        { name: 'a', text },
        { name: 'b', text: '2024-01-31' },
      ],
    }))
    const asText = folderColumns(files, null, false)!
    expect(asText.columns.map(({ type }) => type)).toEqual(['string', 'string'])
    expect(asText.values[0]).toMatchObject({ a: { value: '01' }, b: { value: '2024-01-31' } })
    const declared = folderColumns(files, [{ name: 'a', type: 'long', nullable: true }], true)!
    expect(declared.columns).toEqual([{ name: 'a', type: 'long', nullable: true }])
    expect(declared.values).toMatchObject([{ a: { value: '1' } }, { a: { value: null } }])
    expect(() => folderColumns(files, [{ name: 'a', type: 'long', nullable: false }], true)).toThrow(
      '/l/1: its folders say that a is missing',
    )
    expect(() => folderColumns(files, [{ name: 'b', type: 'integer', nullable: true }], true)).toThrow(
      '/l/0: the folder b=2024-01-31 is not of type int',
    )
    expect(folderColumns(files, [{ name: 'c', type: 'long', nullable: true }], true)).toBe(null)
  })

  it('must be those of all files: otherwise two are named', () => {
    const one = { path: '/l/a=1/x', values: [{ name: 'a', text: '1' }] }
    const both = { path: '/l/a=1/b=2/x', values: [...one.values, { name: 'b', text: '2' }] }
    const other = { path: '/l/x', values: [] }
    const refused = (files: (typeof one)[]) => expect(() => folderColumns(files, null, true))
    refused([one, both]).toThrow('a to /l/a=1/x, but a, b to /l/a=1/b=2/x')
    refused([other, one]).toThrow('a to /l/a=1/x, but none to /l/x')
    refused([both, { path: '/l/b=1/a=2/x', values: [...both.values].reverse() }]).toThrow('a, b to')
  })
})
