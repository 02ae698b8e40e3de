/** What newcomers to data frames try: names of files, objects of columns, limits before bad rows. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  csv,
  decimal,
  defineDataset,
  double,
  jsonl,
  lit,
  long,
  nullable,
  read,
  runDataset,
  stddev,
  string,
  sum,
  topK,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

function fileOf(name: string, text: string | Uint8Array): string {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: text })
  return join(folder, name)
}

describe('whole numbers that no double equals', () => {
  const numbers = ['9007199254740993', '-9223372036854775809', '9007199254740993.0', '123456789012345678901234567890']

  it.each(numbers)('%s is no double', async (number) => {
    const inJson = read(jsonl({ schema: { x: double() } }), fileOf('a.jsonl', `{"x":${number}}\n`))
    const inCsv = read(csv({ schema: { x: double() } }), fileOf('a.csv', `x\n${number}\n`))
    for (const frame of [inJson, inCsv]) {
      const error = await failure(frame.collect())
      expect(error.code).toBe('CELL_INVALID')
      expect(error.message).toContain('which no double equals: long() or decimal() holds it')
    }
  })

  it('others are doubles, and so are those that are written as a double is', async () => {
    const texts = ['9007199254740992', '9007199254740994', '123456789012345680000', '9.223372036854775E18', '-1e300']
    const lines = texts.map((text) => `{"x":${text}}\n`).join('')
    const inJson = read(jsonl({ schema: { x: double() } }), fileOf('a.jsonl', lines))
    const inCsv = read(csv({ schema: { x: double() } }), fileOf('a.csv', `x\n${texts.join('\n')}\n`))
    const rows = texts.map((text) => ({ x: Number(text) }))
    expect(await inJson.collect()).toEqual(rows)
    expect(await inCsv.collect()).toEqual(rows)
  })

  it('a column with such numbers is found to be decimal', async () => {
    const frame = read(jsonl(), fileOf('a.jsonl', '{"x":9223372036854775809}\n{"x":1}\n'))
    expect(await frame.collect()).toEqual([{ x: '9223372036854775809' }, { x: '1' }])
    const declared = read(jsonl({ schema: { x: decimal(38, 0) } }), fileOf('a.jsonl', '{"x":9223372036854775809}\n'))
    expect(await declared.collect()).toEqual([{ x: '9223372036854775809' }])
  })
})

describe('what text cannot tell apart', () => {
  /** The only part of what a frame writes. */
  const partOf = (folder: string) =>
    readFileSync(join(folder, readdirSync(folder).find((name) => name.startsWith('part-'))!), 'utf8')

  it('is -0 from 0 where it is written: it is read, and binary formats keep it', async () => {
    const rows = [{ x: -0 }, { x: -0 }, { x: 0 }]
    const inJson = read(jsonl({ schema: { x: double() } }), fileOf('a.jsonl', '{"x":-0}\n{"x":-0.0}\n{"x":0}\n'))
    const inCsv = read(csv({ schema: { x: double() } }), fileOf('a.csv', 'x\n-0\n-0.0\n0\n'))
    for (const frame of [inJson, inCsv]) {
      expect(await frame.collect()).toEqual(rows)
      const out = temporaryFolder()
      await frame.write.json(join(out, 'json'))
      expect(partOf(join(out, 'json'))).toBe('{"x":0}\n{"x":0}\n{"x":0}\n')
      await frame.write.csv(join(out, 'csv'))
      expect(partOf(join(out, 'csv'))).toBe('x\n0\n0\n0\n')
      await frame.write.parquet(join(out, 'parquet'))
      expect(await read.parquet(join(out, 'parquet')).collect()).toEqual(rows)
      await frame.write.avro(join(out, 'avro'))
      expect(await read.avro(join(out, 'avro')).collect()).toEqual(rows)
    }
  })

  it('is null from an empty text in CSV of one column, where a blank line would be no row', async () => {
    const path = fileOf('a.jsonl', '{"k":""}\n{"k":null}\n{"k":"a"}\n')
    const frame = read(jsonl({ schema: { k: nullable(string()) } }), path)
    const out = temporaryFolder()
    await frame.write.csv(join(out, 'one'))
    expect(partOf(join(out, 'one'))).toBe('k\n""\n""\na\n')
    expect(await read.csv(join(out, 'one')).count()).toBe(3)
    await frame.withColumn('n', lit(1)).write.csv(join(out, 'two'))
    expect(partOf(join(out, 'two'))).toBe('k,n\n"",1\n,1\na,1\n')
  })
})

describe('the ending of an output', () => {
  const dataset = (path: string) =>
    defineDataset({ name: 'ends', build: () => read(csv({ schema: { k: string() } }), path) })
  const source = 'k\na b\n'

  it.each([
    ['x.csv', 'k\na b\n'],
    ['x.TSV', 'k\na b\n'],
    ['x.txt', 'a b\n'],
    ['x.jsonl', '{"k":"a b"}\n'],
    ['x.json', '{"k":"a b"}\n'],
    ['x.dat', '{"k":"a b"}\n'],
    ['x', '{"k":"a b"}\n'],
  ])('%s says what it holds', async (name, text) => {
    const output = join(temporaryFolder(), name)
    await runDataset(dataset(fileOf('a.csv', source)), { output, singleFile: true })
    expect(readFileSync(output, 'utf8')).toBe(text)
  })

  it('says it of the parts of a folder too, which can be read again', async () => {
    for (const name of ['x.csv', 'x.parquet', 'x.jsonl', 'x.d']) {
      const output = join(temporaryFolder(), name)
      await runDataset(dataset(fileOf('a.csv', source)), { output })
      const ending = name === 'x.d' ? 'jsonl' : name.slice(2)
      expect(readdirSync(output).filter((part) => part.endsWith(`.${ending}`))).toHaveLength(1)
      const { code, stdout } = await runjob(['query', 'df', output])
      expect([code, stdout]).toEqual([0, '{"k":"a b"}\n'])
    }
  })

  it('is overruled by the format', async () => {
    const output = join(temporaryFolder(), 'x.parquet')
    await runDataset(dataset(fileOf('a.csv', source)), { output, singleFile: true, format: 'csv' })
    expect(readFileSync(output, 'utf8')).toBe('k\na b\n')
  })
})

describe('a query that is nothing', () => {
  const path = () => fileOf('a.csv', 'k,x\na,1\n')
  const hints: [string, string][] = [
    ['df.colums', 'Methods of data frames: select, filter'],
    ['df.groupby("k")', 'Did you mean groupBy()?'],
    ['df.filter(c => c.k.eqs("a"))', 'did you mean eq()?'],
    ['df.groupBy("k").sum("x")', 'After groupBy() comes agg('],
    ['df.groupBy("k").agg({ t: topK("x", 3) })', 'topK(3, "x")'],
    ['[df, df]', 'Outputs are data frames by name'],
    ['({ n: df.count(), x: 3 })', 'Await it: await df.count()'],
    ['df.agg({ t: sum(c => c.x) })', 'agg(c => ({ total: sum('],
  ]

  it.each(hints)('%s gets a hint', async (query, hint) => {
    const { code, stdout, stderr } = await runjob(['query', query, path()])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^error DATASET_INVALID/)
    expect(stderr).toContain(hint)
  })

  it.each(['df.show()', 'await df.show()'])('%s prints nothing else', async (query) => {
    const { code, stdout, stderr } = await runjob(['query', query, path()])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 row')
  })
})

it('actions of a query have the options of the command', async () => {
  const path = fileOf('a.csv', Buffer.from('k\nä\n', 'latin1'))
  const queries = ['df.collect()', 'df.collect({ workers: 1 })', 'await df.collect()']
  for (const query of queries) {
    const { stdout } = await runjob(['query', query, path, '--encoding', 'latin1', '--workers', '1'])
    expect(JSON.parse(stdout)).toEqual([{ k: 'ä' }])
  }
  const bad = fileOf('a.csv', 'k\n1\nx\n')
  const query = `read(csv({ schema: { k: long() } }), ${JSON.stringify(bad)}).count()`
  expect((await runjob(['query', query, '--max-bad', '1'])).stdout).toBe('1\n')
})

describe('columns by name', () => {
  const frame = () => read(csv({ schema: { k: string(), x: long() } }), fileOf('a.csv', 'k,x\na,1\nb,2\n'))

  it('are selected', async () => {
    const rows = [
      { twice: 2, k: 'a', one: 1 },
      { twice: 4, k: 'b', one: 1 },
    ]
    expect(
      await frame()
        .select((c) => ({ twice: c.x.mul(2), k: 'k', one: lit(1) }))
        .collect(),
    ).toEqual(rows)
    expect(
      await frame()
        .select({ twice: 'x', k: 'k' })
        .withColumns({ twice: (c) => c.twice.mul(2), one: lit(1) })
        .collect(),
    ).toEqual([
      { k: 'a', one: 1, twice: 2 },
      { k: 'b', one: 1, twice: 4 },
    ])
  })

  it('are made at once of the columns before', async () => {
    const swapped = frame().withColumns({ x: (c) => c.k, k: (c) => c.x })
    expect(await swapped.collect()).toEqual([
      { k: 1, x: 'a' },
      { k: 2, x: 'b' },
    ])
  })

  it('need expressions', () => {
    expect(() => frame().select({})).toThrow('at least one column')
    expect(() => frame().select({ t: 3 } as never)).toThrow('"t" needs names of columns or expressions, not 3')
    expect(() => frame().withColumns({} as never)).toThrow('withColumns() needs expressions by name')
    expect(() => frame().withColumns({ t: 'x' } as never)).toThrow('withColumns(): "t" needs an expression')
  })

  it('are not what aggregates take functions of', () => {
    expect(() => sum(((c: { x: never }) => c.x) as never)).toThrow('sum() needs a column, not a function')
    expect(() => stddev(((c: { x: never }) => c.x) as never)).toThrow('stddev() needs a column or an expression')
    expect(() => topK('x' as never, 3 as never)).toThrow('k comes first, then the column: topK(3, "x")')
  })
})

it('bad rows are listed up to the last row of a limit', async () => {
  const path = fileOf('a.csv', `a\n${Array.from({ length: 3000 }, (_, i) => (i % 100 === 50 ? 'x' : i)).join('\n')}\n`)
  const dataset = defineDataset({ name: 'ends', build: () => read(csv({ schema: { a: long() } }), path).limit(1230) })
  for (const workers of [1, 2, 8]) {
    for (const splitBytes of [1000, 1 << 20]) {
      const output = join(temporaryFolder(), 'out')
      await runDataset(dataset, { output, workers, maxBad: 100, [TUNING]: { splitBytes } })
      // 50, 150, …, 1150
      expect(readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(12)
    }
  }
})

describe('what is wrong behind the rows of a limit', () => {
  const rows = Array.from({ length: 3000 }, (_, i) => `${i},${i === 1500 ? 'x' : i % 700}`)
  const texts = { csv: `a,b\n${rows.join('\n')}\n`, jsonl: rows.map((row) => lineOf(row)).join('') }
  const schema = { a: long(), b: long() }

  function lineOf(row: string): string {
    const [a, b] = row.split(',')
    return b === 'x' ? `{"a":${a},"b":\n` : `{"a":${a},"b":${b}}\n`
  }

  for (const workers of [1, 2, 8]) {
    it.each(['csv', 'jsonl'] as const)(`does not matter: %s, ${workers} workers`, async (kind) => {
      const path = fileOf(`a.${kind}`, texts[kind])
      const frame = kind === 'csv' ? read(csv({ schema }), path) : read(jsonl({ schema }), path)
      for (const splitBytes of [3000, 1 << 20]) {
        const options = { workers, [TUNING]: { splitBytes } }
        expect(await frame.limit(1500).count(options)).toBe(1500)
        expect(await frame.filter((c) => c.b.eq(1)).take(2, options)).toEqual([
          { a: 1, b: 1 },
          { a: 701, b: 1 },
        ])
        // An expression that fails in row 1400, whose remainder is 0.
        const divided = frame.select((c) => ({ a: c.a, q: lit(1).div(c.b.add(c.a).sub(1400)) }))
        expect(await divided.limit(1400).count(options)).toBe(1400)
        expect((await failure(divided.limit(1401).collect(options))).code).toBe('DIVIDE_BY_ZERO')
        const code = kind === 'csv' ? 'CELL_INVALID' : 'JSONL_BAD_RECORD'
        expect((await failure(frame.limit(1501).collect(options))).code).toBe(code)
        expect(await frame.limit(1500).collect({ ...options, maxBad: 0 })).toHaveLength(1500)
      }
    })
  }
})

describe('inputs that a query does not read', () => {
  const files = () => [fileOf('a.csv', 'k\n1\n'), fileOf('b.csv', 'k\n2\n')]

  it.each([
    ['df', 'it names only df, the first one'],
    ['await df.count()', 'it names only df, the first one'],
    ['lit(1)', 'it names neither df nor inputs'],
  ])('%s', async (query, problem) => {
    const { code, stderr, stdout } = await runjob(['query', query, ...files()])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('error OPTION_INVALID')
    expect(stderr).toContain(problem)
  })

  it('are none where it names inputs', async () => {
    const { stdout } = await runjob(['query', 'df.union(inputs[1])', ...files()])
    expect(stdout).toBe('{"k":"1"}\n{"k":"2"}\n')
  })
})
