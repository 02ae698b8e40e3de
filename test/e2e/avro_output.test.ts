/** Avro that is written, as avsc reads it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  binary,
  boolean,
  col,
  date,
  decimal,
  double,
  int,
  jsonl,
  list,
  long,
  nullable,
  read,
  string,
  struct,
  timestamp,
  timestampNtz,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { readAvro } from '../helpers/avro.js'
import { snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run, runjob } from '../helpers/run.js'
import { counted, named, typed } from './avro_output_jobs.js'

const SCHEMA = {
  id: long(),
  flag: nullable(boolean()),
  n: nullable(int()),
  x: nullable(double()),
  text: nullable(string()),
  bytes: binary(),
  day: date(),
  at: timestamp(),
  local: nullable(timestampNtz()),
  price: nullable(decimal(12, 2)),
  wide: decimal(38, 3),
  tags: nullable(list(nullable(string()))),
  place: nullable(struct({ lat: double(), names: list(struct({ name: string() })) })),
}

/** 2^62 is no number of JavaScript: in text. */
const line = (i: number) =>
  `{"id":${4611686018427387904n + BigInt(i)},${JSON.stringify({
    flag: i % 3 === 0 ? null : i % 2 === 0,
    n: i % 5 === 0 ? null : -i,
    x: i % 7 === 0 ? null : i / 8,
    text: i % 4 === 0 ? null : `text ü ${i}`,
    bytes: Buffer.from([i % 256]).toString('base64'),
    day: '1969-12-31',
    at: '2024-01-31T12:00:00.000001Z',
    local: i % 2 === 0 ? null : '2024-01-31T12:00:00',
    price: i % 6 === 0 ? null : `${i - 50}.25`,
    wide: `-${'9'.repeat(35)}.${100 + (i % 900)}`,
    tags: i % 3 === 1 ? null : ['a', null, `t${i}`].slice(0, i % 4),
    place: i % 5 === 1 ? null : { lat: i / 2, names: [{ name: 'x' }].slice(i % 2) },
  }).slice(1)}\n`

const lines = (count: number) => Array.from({ length: count }, (_, i) => line(i)).join('')

function inputOf(count: number): string {
  const path = join(temporaryFolder(), 'in.jsonl')
  writeFileSync(path, lines(count))
  return path
}

const unscaled = (bytes: Buffer) => BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
const branch = (name: string, value: unknown) => (value === null ? null : { [name]: value })

/** What avsc should find. */
function wanted(i: number): unknown {
  return {
    id: 4611686018427387904n + BigInt(i),
    flag: i % 3 === 0 ? null : { boolean: i % 2 === 0 },
    n: branch('int', i % 5 === 0 ? null : i === 0 ? 0 : -i),
    x: branch('double', i % 7 === 0 ? null : i / 8),
    text: branch('string', i % 4 === 0 ? null : `text ü ${i}`),
    bytes: [i % 256],
    day: -1,
    at: BigInt(Date.UTC(2024, 0, 31, 12)) * 1000n + 1n,
    local: branch('long', i % 2 === 0 ? null : BigInt(Date.UTC(2024, 0, 31, 12)) * 1000n),
    price: i % 6 === 0 ? null : i < 50 ? BigInt(i - 50) * 100n - 25n : BigInt(i - 50) * 100n + 25n,
    wide: -(BigInt('9'.repeat(35)) * 1000n + BigInt(100 + (i % 900))),
    tags: branch(
      'array',
      i % 3 === 1 ? null : ['a', null, `t${i}`].slice(0, i % 4).map((tag) => branch('string', tag)),
    ),
    place: branch('topLevelRecord.place', i % 5 === 1 ? null : { lat: i / 2, names: [{ name: 'x' }].slice(i % 2) }),
  }
}

/** Bytes as lists, decimals as their digits. */
function shown(record: unknown): unknown {
  const { bytes, price, wide, place, ...rest } = record as {
    bytes: Buffer
    price: { bytes: Buffer } | null
    wide: Buffer
    place: unknown
  }
  return {
    ...rest,
    bytes: [...bytes],
    price: price === null ? null : unscaled(price.bytes),
    wide: unscaled(wide),
    place: place === null ? null : JSON.parse(JSON.stringify(place)),
  }
}

describe('rows as Avro', () => {
  it.each([
    ['none', 'null'],
    ['gzip', 'deflate'],
    ['snappy', 'snappy'],
  ] as const)('are what avsc reads, and what data frames read back: %s', async (compress, codec) => {
    const path = inputOf(3000)
    const frame = read(jsonl({ schema: SCHEMA }), path)
    const folder = join(temporaryFolder(), 'out')
    await frame.write.avro(folder, { compress, workers: 3, [TUNING]: { splitBytes: 200_000 } })
    const parts = readdirSync(folder).filter((name) => name.endsWith('.avro'))
    expect(parts.length).toBeGreaterThan(1)
    const found = []
    for (const name of parts) {
      const file = await readAvro(join(folder, name))
      expect(file.codec).toBe(codec)
      found.push(...file.records.map(shown))
    }
    expect(found).toEqual(Array.from({ length: 3000 }, (_, i) => wanted(i)))
    const forms = { longs: 'bigint', timestamps: 'micros' } as const
    expect(await read.avro(folder).collect(forms)).toEqual(await frame.collect(forms))
    const declared = { schema: SCHEMA } as never
    expect(await read.avro(folder, declared).collect(forms)).toEqual(await frame.collect(forms))
  })

  it('are the same bytes for any number of workers', async () => {
    const path = inputOf(3000)
    const frame = read(jsonl({ schema: SCHEMA }), path)
    const outputs = []
    for (const workers of [1, 3]) {
      const folder = join(temporaryFolder(), 'out')
      await frame.orderBy(col('id').desc()).write.avro(folder, { workers, partitions: 2 })
      const { _SUCCESS: _, ...files } = snapshot(folder)
      outputs.push(files)
    }
    expect(outputs[1]).toEqual(outputs[0])
  })

  it('are one file, to which rows may be appended that are compressed alike', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.jsonl': lines(2000) })
    const query = 'read(jsonl({ schema: { id: long(), text: nullable(string()) } }), "in.jsonl")'
    const write = (...more: string[]) =>
      runjob(['query', query, '-o', 'out.avro', '--single-file', '--quiet', ...more], { cwd: folder })
    expect(await write()).toMatchObject({ code: 0, stderr: '' })
    const once = await readAvro(join(folder, 'out.avro'))
    expect(once.records).toHaveLength(2000)
    expect(await write('--mode', 'append')).toMatchObject({ code: 0, stderr: '' })
    const twice = await readAvro(join(folder, 'out.avro'))
    expect(twice.records).toEqual([...once.records, ...once.records])
    const other = await write('--mode', 'append', '--gzip')
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('OUTPUT_DIFFERENT')])
    expect((await readAvro(join(folder, 'out.avro'))).records).toHaveLength(4000)
  })

  it('are none in a file that has only a header', async () => {
    const path = inputOf(3)
    const output = join(temporaryFolder(), 'none.avro')
    const { code } = await runjob(['query', 'df.limit(0)', path, '-o', output, '--single-file', '--quiet'])
    expect(code).toBe(0)
    expect((await readAvro(output)).records).toEqual([])
    expect(await read.avro(output).count()).toBe(0)
  })

  it('go into folders of values', async () => {
    const path = inputOf(60)
    const folder = join(temporaryFolder(), 'out')
    const frame = read(
      jsonl({ schema: { n: nullable(int()), text: nullable(string()), flag: nullable(boolean()) } }),
      path,
    )
    await frame.write.partitionBy('flag').avro(folder)
    expect(readdirSync(folder).filter((name) => name.startsWith('flag='))).toHaveLength(3)
    const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort()
    const back = (await read.avro(folder).collect()).map(({ n, text, flag }) => {
      return { n, text, flag: flag === null ? null : flag === 'true' }
    })
    expect(sorted(back)).toEqual(sorted(await frame.collect()))
  })

  it('have names that Avro takes, and no structs without fields', async () => {
    const path = inputOf(3)
    const frame = read(jsonl({ schema: { id: long() } }), path)
    const error = await failure(frame.select(col('id').as('the id')).write.avro(join(temporaryFolder(), 'out')))
    expect([error.code, error.message]).toEqual(['OPTION_INVALID', expect.stringContaining('"the id"')])
  })
})

describe('records as Avro', () => {
  const input = () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.jsonl': '{"word":"to","tags":["a"],"x":null}\n{"word":"be","tags":[],"x":1.5}\n' })
    return join(folder, 'a.jsonl')
  }

  it('have a column for each of their fields', async () => {
    const { output } = await run(counted, input())
    const [part] = readdirSync(output).filter((name) => name.endsWith('.avro'))
    const { records } = await readAvro(join(output, part!))
    expect(records).toEqual([
      { key: 'be', value: { double: 1 } },
      { key: 'to', value: { double: 1 } },
    ])
    expect(await read.avro((await run(typed, input())).output).collect()).toEqual([
      { word: 'to', more: { tags: ['a'], x: null } },
      { word: 'be', more: { tags: [], x: 1.5 } },
    ])
  })

  it('are refused under names that Avro does not take', async () => {
    const error = await failure(run(named, input()))
    expect([error.code, error.message]).toEqual(['JOB_INVALID', expect.stringContaining('"the word"')])
  })
})

it('the same rows are the same bytes', async () => {
  const path = inputOf(500)
  const bytes = []
  for (let i = 0; i < 2; i++) {
    const output = join(temporaryFolder(), 'a.avro')
    await runjob(['query', 'df', path, '-o', output, '--single-file', '--quiet'])
    bytes.push(readFileSync(output, 'latin1'))
  }
  expect(bytes[1]).toBe(bytes[0])
})
