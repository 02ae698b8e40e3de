/** A file of any dialect, read by native operators, by a user's function and by a plain reader. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Dialect, readCsv, readNumber } from '../helpers/csv_oracle.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import * as oracle from '../helpers/oracles.js'
import { Random } from '../helpers/random.js'
import { type Config, failure, run, runjob } from '../helpers/run.js'
import { dialectRows } from './csv_dialect_jobs.js'

type Params = Record<string, string | number | boolean>

interface Case {
  params: Params
  dialect: Dialect
  skipped: string
  /** Header and rows. */
  body: string
}

function caseOf(seed: number): Case {
  const random = new Random(seed)
  const delimiter = random.pick([',', ';', '\t', '|', ' '])
  const quote = random.pick(['"', "'", null])
  const escaper = random.pick(['\\', null])
  const comment = random.pick(['#', null])
  const trim = random.below(2) === 0
  const missing = random.pick([[], ['NA', '-']])
  const skip = random.below(4)
  const decimal = delimiter === ',' && quote === null ? '.' : random.pick(['.', ','])
  const thousands = random.pick([null, decimal === '.' ? "'" : '.'])
  const ragged = random.pick(['error', 'fill', 'drop'])
  const params: Params = { delimiter, quotes: quote !== null, trim, skip, decimal, ragged }
  if (quote !== null) params.quote = quote
  if (escaper !== null) params.escape = escaper
  if (comment !== null) params.comment = comment
  if (missing.length > 0) params.missing = missing.join(',')
  if (thousands !== null && thousands !== quote) params.thousands = thousands

  const cell = (text: string): string => {
    const blanks = () => (trim && delimiter !== ' ' ? random.pick(['', '', ' ', '  ']) : '')
    const special = [delimiter, quote, escaper, '\n', '\r', '#'].some((one) => one !== null && text.includes(one))
    let written = text
    if (quote !== null && (special || random.below(5) === 0)) {
      const inside = escaper === null ? text : text.replaceAll(escaper, escaper + escaper)
      const mark = escaper !== null && random.below(2) === 0 ? escaper + quote : quote + quote
      written = quote + inside.replaceAll(quote, mark) + quote
    } else if (special && escaper !== null) {
      written = [...text].map((c) => ([delimiter, escaper, '\n', '\r', '#'].includes(c) ? escaper + c : c)).join('')
    } else if (special) {
      written = 'plain'
    }
    return blanks() + written + blanks()
  }
  const number = (): string => {
    const whole = random.below(40_000)
    const digits = String(whole)
    const grouped = digits.length > 3 ? digits.slice(0, -3) + (params.thousands ?? '') + digits.slice(-3) : digits
    return random.pick(['', 'NA', `${grouped}${decimal}5`, `${grouped}${decimal}25`, grouped])
  }
  const notes = [
    'x',
    'two\nlines',
    'd;e,f|g\th i',
    'say "hi"',
    "it's",
    'back\\slash',
    '#no comment',
    '',
    'NA',
    'a\r\nb',
  ]
  const lines = random.times(250, (i) => {
    if (comment !== null && random.below(12) === 0) return `${comment} not ${quote ?? '"'} a${delimiter}row\n`
    if (random.below(25) === 0) return '\n'
    const fields = [
      cell(`k${random.below(9)}`),
      cell(random.pick(notes)),
      cell(missing.length ? number() : number().replace('NA', '')),
    ]
    if (i % 31 === 7) fields.push(random.pick(['', 'more']))
    if (i % 37 === 5) fields.pop()
    return `${fields.join(delimiter)}\n`
  })
  const header = ['id', 'note', 'amount'].map((name) => cell(name)).join(delimiter)
  return {
    params,
    dialect: { delimiter, quote, escape: escaper, comment, trim, missing },
    skipped: random.times(skip, () => `a title, "and ${quote ?? ''} more\n`).join(''),
    body: `${header}\n${lines.join('')}`,
  }
}

const configs: Config[] = [
  { workers: 1, maxBad: '50%' },
  { workers: 3, maxBad: '50%', tuning: { splitBytes: 700 } },
]

describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('a file of some dialect (seed %i)', (seed) => {
  const { params, dialect, skipped, body } = caseOf(seed)
  const raggedRows = params.ragged as 'error' | 'fill' | 'drop'
  const parsed = readCsv(body, dialect, { columns: 3, leastColumns: 3, raggedRows, keepBad: true })
  const rows = parsed.rows.slice(1).map(({ fields }) => fields as [string, string, string])
  const spelling = {
    decimal: params.decimal as '.' | ',',
    thousands: (params.thousands as string | undefined) ?? null,
  }

  it('has the rows of the plain reader in a map and in native columns, and its bad and dropped ones', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': skipped + body })
    const path = join(folder, 'a.csv')
    for (const config of configs) {
      const mapped = await run(dialectRows, path, { ...config, params })
      const got = linesOf(mapped.output).map((line) => JSON.parse(line))
      expect(got.map(({ key, value }) => [key, ...value])).toEqual(rows)
      expect(mapped.stages[0]).toMatchObject({
        recordsQuarantined: parsed.bad.length,
        recordsDropped: parsed.dropped,
        recordsIn: rows.length + parsed.bad.length + parsed.dropped,
      })

      const stats = await run('stats', path, { ...config, params: { ...params, by: 'id', of: 'amount' } })
      const numbers = rows.map(([id, , amount]) => ({ id, number: readNumber(amount, spelling) }))
      const good = numbers.filter(({ number }) => number !== undefined)
      const table = `id,amount\n${good.map(({ id, number }) => `${id},${Number.isNaN(number) ? '' : number}\n`).join('')}`
      expect(linesOf(stats.output).slice(1)).toEqual(oracle.stats([Buffer.from(table)], 'id', 'amount'))
      expect(stats.stages[0]).toMatchObject({
        recordsQuarantined: parsed.bad.length + numbers.length - good.length,
        recordsDropped: parsed.dropped,
      })
    }
  })
})

it('takes a carriage return at the end of a file for a line end, escaped or not', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'a.csv': 'n,city\n1,Oslo\\\r' })
  const { output } = await run('stats', join(folder, 'a.csv'), { params: { by: 'city', of: 'n', escape: '\\' } })
  expect(linesOf(output).slice(1)).toEqual(['Oslo\\,1,1,1,1,1'])
})

describe('a join of two dialects', () => {
  it('reads each side in its own dialect, and writes plain CSV', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'l.csv': "1;'a;''b'\n2;\n", 'r.csv': 'id\tw\n1\tx,y\n2\t"z"\n' })
    const inputs = { left: join(folder, 'l.csv'), right: join(folder, 'r.csv') }
    const params = { on: 'id', quote: "'", leftDelimiter: ';', leftColumns: 'id,v', rightDelimiter: 'tab' }
    const { output } = await run('join', inputs, { params })
    expect(linesOf(output)).toEqual(['id,v,w', `1,a;'b,"x,y"`, '2,,"""z"""'])
  })

  it('blames the side with the wrong dialect', async () => {
    const files = ['l.csv', 'r.csv', '--on', 'id', '-o', 'out']
    for (const [flag, value, problem] of [
      ['--left-delimiter', ';;', 'one character of one byte is expected'],
      ['--right-delimiter', '"', 'must not be the'],
      ['--right-columns', '"a', 'texts separated by commas are expected'],
      ['--delimiter', ';;', 'one character of one byte is expected'],
    ] as const) {
      const { code, stderr } = await runjob(['join', ...files, flag, value], { cwd: temporaryFolder() })
      expect({ code, said: stderr.split('\n')[0] }).toEqual({ code: 2, said: expect.stringContaining(problem) })
      if (value !== '"') expect(stderr).toContain(`error PARAM_INVALID: Parameter "${flag}"`)
    }
  })

  it('refuses long rows', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'l.csv': 'id,v\n1,a\n2,b,c\n', 'r.csv': 'id,w\n1,x\n2,y\n' })
    const inputs = { left: join(folder, 'l.csv'), right: join(folder, 'r.csv') }
    const error = await failure(run('join', inputs, { params: { on: 'id' } }))
    expect(error).toMatchObject({ code: 'CSV_LONG_ROW', where: { file: inputs.left, offset: 9 } })
    const filled = await run('join', inputs, { params: { on: 'id', ragged: 'fill' } })
    expect(linesOf(filled.output)).toEqual(['id,v,w', '1,a,x', '2,b,y'])
    const dropped = await run('join', inputs, { params: { on: 'id', ragged: 'drop' } })
    expect(linesOf(dropped.output)).toEqual(['id,v,w', '1,a,x'])
    expect(dropped.stages[0]).toMatchObject({ recordsDropped: 1 })
  })
})

describe('a header', () => {
  const stats = async (content: string, params: Params = {}) => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': content })
    const config = { params: { by: 'city', of: 'n', ...params }, tuning: { splitBytes: 16 }, workers: 2 }
    return linesOf((await run('stats', join(folder, 'a.csv'), config)).output).slice(1)
  }

  it.each<[string, string, Params]>([
    ['after lines that are skipped, longer than a split', `${'title '.repeat(20)}\n\ncity,n\nOslo,1\n`, { skip: 2 }],
    ['after comments and blank lines', '\n# "what, ever\n\ncity,n\n#\nOslo,1\n', { comment: '#' }],
    ['after more blank lines than a split has bytes', `${'\n'.repeat(50)}city,n\nOslo,1\n`, {}],
    ['longer than a split', `city,n,"${'x\ny'.repeat(20)}"\nOslo,1,\n`, {}],
    ['with a byte-order mark, quotes, blanks and CRLF', '\uFEFF"city" , "n"\r\n"Oslo" , 1\r\n', { trim: true }],
    ['that ends with a delimiter', 'city,n,\nOslo,1,\n', {}],
    ['that ends with a delimiter, unlike its rows', 'city,n,\nOslo,1\n', {}],
    ['unlike its rows, which end with delimiters', 'city,n\nOslo,1,,\n', {}],
  ])('may be %s', async (_, content, params) => {
    expect(await stats(content, params)).toEqual(['Oslo,1,1,1,1,1'])
  })

  it('names the output’s columns that the job gives by number', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': 'city,n,\nOslo,1,x\n', 'b.csv': 'town,m\nRome,2\n' })
    const header = async (input: string, params: Params) =>
      linesOf((await run('stats', join(folder, input), { params: { of: '#2', ...params } })).output)[0]
    expect(await header('a.csv', { by: '#1' })).toBe('city,count,sum,min,mean,max')
    expect(await header('a.csv', { by: '#3' })).toBe('#3,count,sum,min,mean,max')
    expect(await header('a.csv', { by: '#1', header: false, skip: 1 })).toBe('#1,count,sum,min,mean,max')
    expect(await header('[ab].csv', { by: '#1' })).toBe('city,count,sum,min,mean,max')
  })

  it('may be all that one of many files has', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': 'city,n\n', 'b.csv': 'n,city\n2,Oslo\n', 'c.csv': 'city,n' })
    const { output } = await run('stats', folder, { params: { by: 'city', of: 'n' } })
    expect(linesOf(output)).toEqual(['city,count,sum,min,mean,max', 'Oslo,1,2,2,2,2'])
  })

  it('of another dialect is an error that names its file', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': 'city,n\nOslo,1\n', 'b.csv': 'city;n\nOslo;1\n' })
    const error = await failure(run('stats', folder, { params: { by: 'city', of: 'n' } }))
    expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', where: { file: join(folder, 'b.csv') } })
    expect(error.hint).toContain("csv({ delimiter: ';' })")
  })
})

describe('a hint', () => {
  it.each<[string, string, Params, string, string]>([
    ['of a delimiter', 'city\tn\nOslo\t1\n', {}, 'COLUMN_UNKNOWN', "delimiter: '\\t'"],
    ['of the line that spreadsheets write', 'sep=;\ncity;n\n', {}, 'HEADER_MISSING', "delimiter: ';', skip: 1"],
    ['of blanks', 'city, n\nOslo, 1\n', {}, 'COLUMN_UNKNOWN', 'trim: true'],
    ['of other quotes', "'city','n'\n'Oslo',1\n", {}, 'COLUMN_UNKNOWN', `quote: "'"`],
    ['of a comment', '# made by hand\ncity,n\n', {}, 'COLUMN_UNKNOWN', "comment: '#'"],
    ['of a title', 'Sales\ncity,n\nOslo,1\n', {}, 'COLUMN_UNKNOWN', 'skip: 1'],
    ['of names', 'Oslo,1\nRome,2\n', {}, 'COLUMN_UNKNOWN', "columns: ['city', 'c2']"],
    ['of ragged rows', 'city,n\nOslo,1,2\n', {}, 'CSV_LONG_ROW', "raggedRows: 'fill'"],
    ['of short rows', 'city,n\nOslo\n', {}, 'CSV_SHORT_ROW', "raggedRows: 'fill'"],
    ['of no quotes', 'city,n\n"Oslo,1\n', {}, 'CSV_UNCLOSED_QUOTE', 'quote: null'],
    ['of an escape', 'city,n\n"Os\\"lo",1\n', {}, 'CSV_BAD_QUOTE', "escape: '\\\\'"],
    ['of a decimal comma', 'city,n\nOslo,"1,5"\n', {}, 'CSV_BAD_NUMBER', "decimal: ','"],
    ['of thousands', 'city,n\nOslo,1 234\n', {}, 'CSV_BAD_NUMBER', "thousands: ' '"],
    ['of both', 'city;n\nOslo;1.234,5\n', { delimiter: ';' }, 'CSV_BAD_NUMBER', "decimal: ',', thousands: '.'"],
    ['of missing values', 'city,n\nOslo,NA\n', {}, 'CSV_BAD_NUMBER', "missing: ['NA']"],
    ['of units', 'city,n\nOslo,$12\n', {}, 'CSV_BAD_NUMBER', 'currencies'],
    ['of fields of blanks', 'city,n\nOslo, \n', {}, 'CSV_BAD_NUMBER', 'trim: true'],
  ])('%s', async (_, content, params, code, hint) => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': content })
    const error = await failure(run('stats', join(folder, 'a.csv'), { params: { by: 'city', of: 'n', ...params } }))
    expect(error.code).toBe(code)
    expect(error.hint).toContain(hint)
  })
})
