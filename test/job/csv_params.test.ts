import {
  columnNames,
  columnPairs,
  csv,
  csvOptions,
  csvParams,
  defineJob,
  fields,
  RunjobError,
  refuseCsvParams,
  unique,
} from 'runjob'
import { describe, expect, test } from 'vitest'
import { csvFlags } from '../../dist/src/job/csv_params.js'

const plain = { delimiter: ',', quote: '"', escape: null, comment: null, missing: [], thousands: null }

describe('csvOptions', () => {
  test.each<[Parameters<typeof csvOptions>[0], object]>([
    [{}, plain],
    [{ delimiter: 'tab' }, { ...plain, delimiter: '\t' }],
    [{ delimiter: '\\t' }, { ...plain, delimiter: '\t' }],
    [{ delimiter: '\t' }, { ...plain, delimiter: '\t' }],
    [{ delimiter: '\\x01' }, { ...plain, delimiter: '\x01' }],
    [{ delimiter: '\\u0001' }, { ...plain, delimiter: '\x01' }],
    [{ delimiter: 'pipe' }, { ...plain, delimiter: '|' }],
    [{ delimiter: ';' }, { ...plain, delimiter: ';' }],
    [{ escape: '\\' }, { ...plain, escape: '\\' }],
    [{ escape: '\\\\' }, { ...plain, escape: '\\' }],
    [{ quotes: false }, { ...plain, quote: null }],
    [{ quote: "'" }, { ...plain, quote: "'" }],
    [{ columns: 'a, b,"c,d"' }, { ...plain, columns: ['a', 'b', 'c,d'] }],
    [{ missing: 'NA,NULL,-' }, { ...plain, missing: ['NA', 'NULL', '-'] }],
    [
      { decimal: ',', thousands: 'space', trim: true, ragged: 'drop', skip: 2, header: false },
      { ...plain, decimal: ',', thousands: ' ', trim: true, raggedRows: 'drop', skip: 2, header: false },
    ],
  ])('of %j', (params, options) => {
    expect(csvOptions(params)).toEqual(options)
  })

  test.each<[Parameters<typeof csvOptions>[0], string, string]>([
    [{ delimiter: ';;' }, 'delimiter', 'one character of one byte'],
    [{ delimiter: '' }, 'delimiter', 'one character of one byte'],
    [{ delimiter: 'é' }, 'delimiter', 'one character of one byte'],
    [{ delimiter: '\\x0a' }, 'delimiter', 'line end'],
    [{ quote: ',' }, 'quote', 'delimiter'],
    [{ escape: '"' }, 'escape', 'doubled quotes'],
    [{ comment: '"' }, 'comment', 'quote'],
    [{ columns: '"a' }, 'columns', 'commas'],
    [{ thousands: '.' }, 'thousands', 'decimal'],
    [{ thousands: 'x' }, 'thousands', 'one of'],
    [{ skip: -1 }, 'skip', 'number of lines'],
  ])('refuses %j', (params, name, problem) => {
    const refuse = () => csvOptions(params)
    expect(refuse).toThrow(RunjobError)
    expect(refuse).toThrow(problem)
    expect(refuse).toThrow(`"${name}"`)
  })

  test('of one input of several: what it has of its own wins, and is blamed', () => {
    const params = { delimiter: ';', leftDelimiter: 'tab', leftColumns: 'a,b', quote: "'", rightSkip: 3 }
    expect(csvOptions(params, 'left')).toEqual({ ...plain, delimiter: '\t', quote: "'", columns: ['a', 'b'] })
    expect(csvOptions(params, 'right')).toEqual({ ...plain, delimiter: ';', quote: "'", skip: 3 })
    const wrong = (more: object, input: string) => () => csvOptions({ ...params, ...more }, input)
    expect(wrong({ leftDelimiter: ';;' }, 'left')).toThrow('"leftDelimiter"')
    expect(wrong({ rightQuote: ';' }, 'right')).toThrow('"rightQuote"')
    expect(wrong({ quote: '\t' }, 'left')).toThrow('"quote"')
  })

  test('are parameters of a job, which refuses what makes no sense when it is given', () => {
    const job = defineJob({
      name: 'with-dialect',
      params: { ...csvParams },
      define: (params) => ({ input: csv(csvOptions(params)), map: fields({ key: 'city' }), reduce: unique() }),
    })
    expect(job.body({ delimiter: 'tab' }).input!.input).toMatchObject({ kind: 'csv', delimiter: '\t', header: true })
    expect(() => job.body({ delimiter: 'no' })).toThrow(expect.objectContaining({ code: 'PARAM_INVALID' }))
  })
})

test('an output of CSV takes no option that is for reading', () => {
  const define = (options: Parameters<typeof csv>[0]) =>
    defineJob({ name: 'writing', input: csv(), map: fields({ key: 'city' }), reduce: unique(), output: csv(options) })
  expect(() => define({ delimiter: ';', columns: ['city'] })).not.toThrow()
  expect(() => define({ quote: "'" })).toThrow('quote is for reading')
  expect(() => define({ missing: ['NA'] })).toThrow('missing is for reading')
  expect(() => define({ delimiter: ';;' })).toThrow('delimiter must be one byte')
})

test('options of csv() are shown as flags', () => {
  expect(csvFlags({ delimiter: ';', quote: null, escape: '\\', skip: 1 })).toEqual([
    "--delimiter ';'",
    '--no-quotes',
    "--escape '\\'",
    '--skip 1',
  ])
  expect(csvFlags({ delimiter: '\t', missing: ['NA', 'n,a'], raggedRows: 'fill', trim: true, quote: "'" })).toEqual([
    '--delimiter tab',
    `--missing 'NA,"n,a"'`,
    '--ragged fill',
    '--trim',
    `--quote ''\\'''`,
  ])
})

describe('columnNames', () => {
  test.each([
    ['region', ['region']],
    ['region,product', ['region', 'product']],
    ['#2,a b', ['#2', 'a b']],
    ['"a,b",say "hi",c', ['a,b', 'say "hi"', 'c']],
  ])('of %s', (text, names) => {
    expect(columnNames(text, 'by')).toEqual(names)
  })

  test.each([
    ['', 'name of a column'],
    ['a,', 'name of a column'],
    ['a,b,a', 'the column a is there twice'],
    ['"a', 'commas'],
  ])('refuses %j', (text, problem) => {
    expect(() => columnNames(text, 'by')).toThrow(problem)
    expect(() => columnNames(text, 'by')).toThrow('"by"')
  })
})

describe('columnPairs', () => {
  test.each([
    ['id', { left: ['id'], right: ['id'] }],
    ['user=id,day', { left: ['user', 'day'], right: ['id', 'day'] }],
    ['"a,b=c"', { left: ['a,b'], right: ['c'] }],
    ['a=b=c', { left: ['a'], right: ['b=c'] }],
  ])('of %s', (text, pairs) => {
    expect(columnPairs(text, 'on')).toEqual(pairs)
  })

  test.each(['', 'a,', 'a=', '=a'])('refuses %j', (text) => {
    expect(() => columnPairs(text, 'on')).toThrow('names of columns')
  })
})

describe('refuseCsvParams', () => {
  const refuse = (given: object, input?: string) => () => {
    const defaults = Object.fromEntries(
      Object.entries(csvParams).map(([name, spec]) => [name, (spec as { default?: unknown }).default]),
    )
    refuseCsvParams({ ...defaults, ...given }, 'it goes with --by', input)
  }

  test('refuses the first that is not as by default', () => {
    expect(refuse({})).not.toThrow()
    expect(refuse({ other: 1, leftSkip: 1 })).not.toThrow()
    expect(refuse({ delimiter: ';', skip: 1 })).toThrow('it goes with --by')
    expect(refuse({ quotes: false })).toThrow('"quotes"')
    expect(refuse({ leftSkip: 1 }, 'left')).toThrow('"leftSkip"')
  })
})
