/** Data frames and jobs that read Avro, and what is wrong with files. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { avro, binary, col, decimal, defineJob, int, list, long, nullable, read, string, struct } from 'runjob'
import { describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { type AvroJson, avroBlock, avroFile, avroHeader, avroLong, avroType, SYNC } from '../helpers/avro.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { CONFIGS, type Config, failure, run, runjob } from '../helpers/run.js'
import { ids, misspelt, rows, total } from './avro_row_jobs.js'

const SCHEMA: AvroJson = {
  type: 'record',
  name: 'row',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'name', type: ['null', 'string'] },
  ],
}

const record = (id: number, name: string | null) => ({ id: BigInt(id), name: name === null ? null : { string: name } })
const records = (count: number) => Array.from({ length: count }, (_, i) => record(i, i % 7 === 0 ? null : `name ${i}`))

function fileWith(content: Uint8Array | string, name = 'a.avro'): string {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: content })
  return join(folder, name)
}

const tuned = (splitBytes: number, workers = 3) => ({ workers, [TUNING]: { splitBytes } })

describe('data frames of Avro', () => {
  it('have the rows of all blocks once, in their order, whatever the splits', async () => {
    const wanted = records(5000).map(({ id, name }) => ({ id: Number(id), name: name?.string ?? null }))
    for (const [codec, perBlock] of [
      ['null', 1],
      ['null', 5000],
      ['deflate', 60],
      ['snappy', 60],
    ] as const) {
      const path = fileWith(avroFile(SCHEMA, records(5000), { codec, perBlock }))
      for (const splitBytes of [1000, 1 << 30]) {
        const found = await read.avro(path).collect(tuned(splitBytes) as never)
        expect(found, `${codec} ${perBlock} ${splitBytes}`).toEqual(wanted)
      }
    }
  })

  it('are not misled by what ends a block in the middle of one', async () => {
    const inner = avroFile(SCHEMA, records(300), { perBlock: 10 }).toString('latin1')
    const many = Array.from({ length: 40 }, (_, i) => record(i, i % 3 === 0 ? inner : `name ${i}`))
    const path = fileWith(avroFile(SCHEMA, many, { perBlock: 4 }))
    const wanted = many.map(({ id, name }) => ({ id: Number(id), name: name?.string ?? null }))
    expect(await read.avro(path).collect(tuned(5000) as never)).toEqual(wanted)
  })

  it('are known by their content, and say their columns', async () => {
    const file = avroFile(SCHEMA, records(3), { codec: 'snappy' })
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.avro': file, data: file, 'b.avro.gz': gzipSync(file) })
    const lines = '{"id":0,"name":null}\n{"id":1,"name":"name 1"}\n{"id":2,"name":"name 2"}\n'
    for (const name of ['a.avro', 'data', 'b.avro.gz']) {
      expect((await runjob(['query', 'df', name], { cwd: folder })).stdout, name).toBe(lines)
      const schema = await runjob(['schema', name], { cwd: folder })
      expect(schema.stdout, name).toBe('avro({ schema: {\n  id: long(),\n  name: nullable(string()),\n} })\n')
    }
  })

  it('have no rows where files have no blocks', async () => {
    const path = fileWith(avroHeader(SCHEMA))
    expect(await read.avro(path).collect()).toEqual([])
    expect(await read.avro(path).count()).toBe(0)
    const empty = await failure(read.avro(fileWith('')).collect())
    expect([empty.code, empty.message]).toEqual(['DATASET_INVALID', expect.stringContaining('is empty')])
  })

  it('take blocks that zstd packed, whether these say their size or not', async () => {
    const blocks =
      'UL4CKLUv/WReAI0EAKKFFRkwN3QhUQMrYQUMlWQ32d0B6ZSwwpCUMNAB/3FPd5izG9VkBjF3sbR8xb2ZdVEtKTg5iWHkIf5oB69tKCMXqLiEnUL8wQ2tOG1BCTlA' +
      'wQVshUSgUQIEJyDw1RlnnHHGGWecccZ5DDzjjDPOOOOMM844j4EznnHGGWecccabMXO0gfHAAw984IEHroE3pCNHyOwaMDEyMzQ1Njc4OWFiY2RlZlC0Aii1L/0A' +
      'AI0EAKKFFRkwN3QhUQMrYQUMlWQ32d0B6ZSwwpCUMNAB/3FPd5izG9VkBjF3sbR8xb2ZdVEtKTg5iWHkIf5oB69tKCMXqLiEnUL8wQ2tOG1BCTlAwQVshUSgUQIE' +
      'JyDw1RlnnHHGGWecccZ5DDzjjDPOOOOMM844j4EznnHGGWecccabMXO0gfHAAw984IEHroE3pCMwMTIzNDU2Nzg5YWJjZGVm'
    const schema: AvroJson = {
      type: 'record',
      name: 'row',
      fields: ['id', 'name'].map((name, i) => ({ name, type: i === 0 ? 'long' : 'string' })),
    }
    const path = fileWith(Buffer.concat([avroHeader(schema, 'zstandard'), Buffer.from(blocks, 'base64')]))
    const once = Array.from({ length: 40 }, (_, id) => ({ id, name: `name ${id}` }))
    expect(await read.avro(path).collect()).toEqual([...once, ...once])
  })

  it('unite files of several schemas by name', async () => {
    const folder = temporaryFolder()
    const fieldsOf = (...fields: [string, AvroJson][]): AvroJson => {
      return { type: 'record', name: 'row', fields: fields.map(([name, type]) => ({ name, type })) }
    }
    writeFiles(folder, {
      '1.avro': avroFile(fieldsOf(['id', 'int'], ['a', 'string']), [{ id: 1, a: 'x' }]),
      '2.avro': avroFile(fieldsOf(['b', 'double'], ['id', 'long']), [{ b: 1.5, id: 2n ** 53n + 1n }]),
    })
    expect(await read.avro(folder).collect({ longs: 'bigint' })).toEqual([
      { id: 1n, a: 'x', b: null },
      { id: 2n ** 53n + 1n, a: null, b: 1.5 },
    ])
    writeFiles(folder, { '3.avro': avroFile(fieldsOf(['id', 'string']), [{ id: 'three' }]) })
    const error = await failure(read.avro(folder).collect())
    expect([error.code, error.message]).toEqual(['SCHEMA_CONFLICT', expect.stringMatching(/id.*bigint.*string/)])
  })

  it('have the columns of a declared schema, by name', async () => {
    const path = fileWith(avroFile(SCHEMA, records(3)))
    const declared = (schema: object) => read.avro(path, { schema: schema as never }).collect()
    const other = { type: 'record', name: 'row', fields: [{ name: 'more', type: 'int' }] }
    writeFiles(join(path, '..'), { 'b.avro': avroFile(other, [{ more: 7 }]) })
    expect(
      await read.avro(join(path, '..'), { schema: { name: nullable(string()), more: nullable(int()) } }).collect(),
    ).toEqual([...[null, 'name 1', 'name 2'].map((name) => ({ name, more: null })), { name: null, more: 7 }])
    expect(await declared({ id: decimal(20, 1) })).toEqual([{ id: '0.0' }, { id: '1.0' }, { id: '2.0' }])
    const codeOf = async (schema: object) => {
      const { code, message } = await failure(declared(schema))
      return [code, message]
    }
    expect(await codeOf({ id: string() })).toEqual(['SCHEMA_CONFLICT', expect.stringContaining('"id" is bigint')])
    expect(await codeOf({ id: struct({ x: int() }) })).toEqual(['SCHEMA_CONFLICT', expect.anything()])
    expect(await codeOf({ nmae: string() })).toEqual(['COLUMN_UNKNOWN', expect.stringContaining('"nmae"')])
    expect(await codeOf({ id: long(), nmae: nullable(string()) })).toEqual([
      'COLUMN_UNKNOWN',
      expect.stringContaining('"nmae"'),
    ])
    expect(await codeOf({ name: string() })).toEqual([
      'CELL_INVALID',
      expect.stringContaining('column "name" has no value here, and is not nullable'),
    ])
  })

  it('give the same sample for any splits', async () => {
    const path = fileWith(avroFile(SCHEMA, records(5000), { codec: 'deflate', perBlock: 40 }))
    const sampled = (splitBytes: number) =>
      read
        .avro(path)
        .sample(0.1, 7)
        .collect(tuned(splitBytes) as never)
    const once = await sampled(1 << 30)
    expect(once.length).toBeGreaterThan(350)
    expect(once.length).toBeLessThan(650)
    expect(await sampled(999)).toEqual(once)
  })

  it('refuse by name what has no column, unless it is passed over', async () => {
    const id = { name: 'id', type: 'int' }
    const loop = { type: 'record', name: 'loop', fields: [{ name: 'next', type: ['null', 'loop'] }] }
    const odd: [AvroJson, unknown, string][] = [
      [['int', 'string'], { string: 'x' }, 'column "x" is a union of int and string'],
      ['null', null, 'column "x" is null in all rows, and has no other type'],
      [loop, { next: { loop: { next: null } } }, 'column "x.next" has values that are in themselves'],
      [
        { type: 'array', items: ['null', 'int', 'string'] },
        [null, { int: 1 }],
        'column "x[]" is a union of int and string',
      ],
      [{ type: 'record', name: 'none', fields: [] }, {}, 'column "x" is a record without fields'],
      [
        { type: 'bytes', logicalType: 'decimal', precision: 50, scale: 0 },
        Buffer.from([1]),
        'column "x" is a decimal of 50 digits; 38 are possible',
      ],
    ]
    for (const [type, x, problem] of odd) {
      const schema: AvroJson = { type: 'record', name: 'row', fields: [{ name: 'x', type }, id] }
      const path = fileWith(avroFile(schema, [{ x, id: 7 }]))
      const error = await failure(read.avro(path).collect())
      expect([error.code, error.message]).toEqual(['AVRO_UNSUPPORTED', expect.stringContaining(problem)])
      expect(await read(avro({ schema: { id: int() } }), path).collect(), problem).toEqual([{ id: 7 }])
    }
  })

  it('take no time for a record that has the one before twice, 60 times', async () => {
    const twice = (depth: number, innermost: string): AvroJson => {
      const before = depth === 0 ? innermost : twice(depth - 1, innermost)
      const fields = [
        { name: 'a', type: before },
        { name: 'b', type: depth === 0 ? innermost : `r${depth - 1}` },
      ]
      return { type: 'record', name: `r${depth}`, fields }
    }
    const fileOf = (depth: number, innermost: string, row: Buffer) => {
      const fields = [
        { name: 'x', type: twice(depth, innermost) },
        { name: 'id', type: 'int' },
      ]
      return fileWith(Buffer.concat([avroHeader({ type: 'record', name: 'row', fields }), avroBlock(row, 1)]))
    }
    const empty = fileOf(60, 'null', avroLong(7))
    expect(await read(avro({ schema: { id: int() } }), empty).collect()).toEqual([{ id: 7 }])
    const error = await failure(read.avro(fileOf(30, 'int', avroLong(7))).collect())
    expect([error.code, error.message]).toEqual([
      'AVRO_UNSUPPORTED',
      expect.stringContaining('it has more than 100000 columns in all'),
    ])
  })

  it('read times as decimals in microseconds', async () => {
    const type = { type: 'int', logicalType: 'time-millis' }
    const path = fileWith(avroFile({ type: 'record', name: 'row', fields: [{ name: 'x', type }] }, [{ x: 5 }]))
    expect(await read.avro(path).collect()).toEqual([{ x: 5000 }])
    expect(await read(avro({ schema: { x: decimal(20, 1) } }), path).collect()).toEqual([{ x: '5000.0' }])
  })

  it('read unions of numbers as the wider one, as Spark does', async () => {
    const fields = [
      { name: 'a', type: ['int', 'null', 'long'] },
      { name: 'b', type: ['float', 'double'] },
    ]
    const values = [
      { a: { int: 1 }, b: { float: 0.5 } },
      { a: { long: 2n ** 40n }, b: { double: 0.1 } },
      { a: null, b: { double: -0 } },
    ]
    const path = fileWith(avroFile({ type: 'record', name: 'row', fields }, values))
    expect(await read.avro(path).collect()).toEqual([
      { a: 1, b: 0.5 },
      { a: 2 ** 40, b: 0.1 },
      { a: null, b: -0 },
    ])
  })
})

describe('jobs that read Avro', () => {
  it('get the rows of a schema', async () => {
    const path = fileWith(avroFile(SCHEMA, records(3000), { codec: 'snappy', perBlock: 50 }))
    for (const [name, config] of Object.entries<Config>(CONFIGS)) {
      const { output, recordsRead } = await run(rows, path, config)
      const wanted = records(3000).map(({ id, name }) => `${id}\t${name?.string ?? ''}`)
      expect(linesOf(output), name).toEqual(wanted)
      expect(recordsRead).toBe(3000)
      expect(linesOf((await run(total, path, config)).output)).toEqual([`all\t${(3000 * 2999) / 2}`])
    }
  })

  it('are refused where the schema does not fit', async () => {
    const path = fileWith(avroFile(SCHEMA, records(3)))
    const error = await failure(run(misspelt, path))
    expect([error.code, error.params.name]).toEqual(['COLUMN_UNKNOWN', 'nmae'])
    expect(() => defineJob({ name: 'x', input: avro(), map: () => {} })).toThrow('avro() needs a schema')
  })

  it('pass over columns that they do not declare, whatever their types', async () => {
    const fields = [
      { name: 'odd', type: ['int', 'string'] },
      { name: 'id', type: 'long' },
    ]
    const records = [
      { odd: { int: 1 }, id: 2n },
      { odd: { string: 'x' }, id: 3n },
    ]
    const path = fileWith(avroFile({ type: 'record', name: 'row', fields }, records))
    expect(linesOf((await run(ids, path)).output)).toEqual(['all\t5'])
  })

  it('list bad rows with file and row, for any workers and splits', async () => {
    const schema = {
      type: 'record',
      name: 'row',
      fields: [
        { name: 'id', type: ['null', 'long'] },
        { name: 'name', type: 'string' },
      ],
    }
    const many = Array.from({ length: 6000 }, (_, i) => ({
      id: i % 1000 === 13 ? null : { long: i % 1000 === 21 ? 2n ** 53n + 1n : BigInt(i) },
      name: i % 1000 === 7 ? 'throws' : `name ${i}`,
    }))
    const path = fileWith(avroFile(schema, many, { codec: 'deflate', perBlock: 30 }))
    const wanted = Array.from({ length: 6 }, (_, i) => [
      ['USER_ERROR', 1000 * i + 8],
      ['CELL_INVALID', 1000 * i + 14],
      ['INT64_UNSAFE', 1000 * i + 22],
    ]).flat()
    for (const config of [{ workers: 1 }, { workers: 3, tuning: { splitBytes: 1500 } }] as Config[]) {
      const { output } = await run(rows, path, { ...config, maxBad: '50%' })
      const lines = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trim().split('\n')
      const bad = lines.map((line) => JSON.parse(line))
      expect(bad.map(({ code, row }) => [code, row])).toEqual(wanted)
      expect(JSON.parse(bad[0].excerpt)).toEqual({ id: 7, name: 'throws' })
      expect(linesOf(output)).toHaveLength(6000 - 18)
    }
    const first = await failure(run(rows, path, { workers: 1 }))
    expect([first.code, first.where.file, first.where.row]).toEqual(['USER_ERROR', path, 8])
  })
})

describe('damaged files of Avro', () => {
  const type = avroType(SCHEMA)
  const bytesOf = (count: number) => Buffer.concat(records(count).map((one) => type.toBuffer(one)))
  const header = avroHeader(SCHEMA)
  const good = avroBlock(bytesOf(50), 50)
  const snappy = avroBlock(bytesOf(50), 50, 'snappy')
  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes)
    copy[at < 0 ? bytes.length + at : at]! ^= 1
    return copy
  }
  const file = (...blocks: Buffer[]) => Buffer.concat([header, ...blocks])
  const start = header.length + good.length
  const packed = (codec: string, ...blocks: Buffer[]) => Buffer.concat([avroHeader(SCHEMA, codec), ...blocks])
  const cases: Record<string, [Buffer, string, number | undefined]> = {
    'a sync marker that is wrong': [
      file(good, flipped(good, -3), good),
      'a block does not end with the sync marker',
      start,
    ],
    'a count of records too small': [
      file(good, avroBlock(bytesOf(50), 49)),
      'a block has more bytes than its records',
      start,
    ],
    'a count of records too large': [
      file(good, avroBlock(bytesOf(50), 51)),
      'record 51 of a block: a record goes on after the end of its block',
      start,
    ],
    'a count of records that is negative': [
      file(good, Buffer.concat([avroLong(-50), good.subarray(1)])),
      'the header of a block is damaged',
      start,
    ],
    'a file that is cut off in a block': [file(good, good.subarray(0, 300)), 'it ends in the middle of a block', start],
    'a file that is cut off in a sync marker': [
      file(good.subarray(0, -1)),
      'it ends in the middle of a block',
      header.length,
    ],
    'bytes after the last block': [file(good, Buffer.from([0])), 'it ends in the middle of a block', start],
    'a union without such a branch': [
      file(avroBlock(Buffer.from([2, 4]), 1)),
      'record 1 of a block: a value is of no branch of its union',
      header.length,
    ],
    'a text of negative length': [
      file(avroBlock(Buffer.from([2, 2, 1]), 1)),
      'record 1 of a block: the length of a text is negative',
      header.length,
    ],
    'a number of more than 64 bits': [
      file(avroBlock(Buffer.alloc(12, 255), 1)),
      'record 1 of a block: a whole number has more than 64 bits',
      header.length,
    ],
    'a checksum that is wrong': [packed('snappy', flipped(snappy, -17)), 'the checksum of a block is wrong', undefined],
    'a block that is not compressed as it says': [packed('deflate', good), 'a block cannot be decompressed', undefined],
    'a block without the bytes of a checksum': [
      packed('snappy', avroBlock(Buffer.from([1]), 1)),
      'a block cannot be decompressed',
      undefined,
    ],
    'a block that zstd does not know': [packed('zstandard', good), 'a block cannot be decompressed', undefined],
    'a header that is cut off': [header.subarray(0, -5), 'it ends in its header', undefined],
    'a header without a schema': [
      Buffer.concat([Buffer.from('Obj\u0001'), avroLong(0), SYNC]),
      'its header has no schema',
      undefined,
    ],
    'a schema that is no JSON': [avroHeader('{"type":'), 'its schema is not JSON', undefined],
    'a schema of an unknown type': [
      avroHeader('"recrod"'),
      'its schema is wrong: no type has the name "recrod"',
      undefined,
    ],
    'a schema with a field twice': [
      avroHeader({ type: 'record', name: 'r', fields: [1, 2].map(() => ({ name: 'x', type: 'int' })) }),
      'its schema is wrong: two fields have the name "x"',
      undefined,
    ],
    'what is no Avro': [Buffer.from('id,name\n1,a\n'), 'it does not begin as an Avro file does', undefined],
  }
  it.each(Object.entries(cases))('are refused: %s', async (_, [bytes, problem, offset]) => {
    const path = fileWith(bytes)
    for (const splitBytes of [400, 1 << 30]) {
      const error = await failure(read.avro(path).count(tuned(splitBytes) as never))
      expect([error.code, error.message]).toEqual(['AVRO_CORRUPT', expect.stringContaining(problem)])
      expect(error.where.file).toBe(path)
      if (offset !== undefined) expect(error.where.offset).toBe(offset)
    }
  })

  it.each([
    [avroHeader(SCHEMA, 'xz'), 'it is compressed with xz'],
    [avroHeader('"long"'), 'it has values of type long, and only records have columns'],
    [file(Buffer.concat([avroLong(1), avroLong(2 ** 40)])), `it has a block of ${2 ** 40} bytes; the limit is`],
  ])('are refused where they are of a kind that is not read', async (bytes, problem) => {
    const error = await failure(read.avro(fileWith(bytes)).collect())
    expect([error.code, error.message]).toEqual(['AVRO_UNSUPPORTED', expect.stringContaining(problem)])
  })
})

it('lists and headers may say how many bytes they have', async () => {
  const fields = [
    { name: 'list', type: { type: 'array', items: 'int' } },
    { name: 'id', type: 'int' },
  ]
  const sized = (json: string) => [avroLong(Buffer.byteLength(json)), Buffer.from(json)]
  const entry = Buffer.concat([
    ...sized('avro.schema'),
    ...sized(JSON.stringify({ type: 'record', name: 'row', fields })),
  ])
  const header = Buffer.concat([
    Buffer.from('Obj\u0001'),
    avroLong(-1),
    avroLong(entry.length),
    entry,
    avroLong(0),
    SYNC,
  ])
  const record = (bytes: number) => {
    return Buffer.concat([-2, bytes, 1, 64, 1, 3, 0, 7].map(avroLong))
  }
  const path = fileWith(Buffer.concat([header, avroBlock(record(3), 1)]))
  expect(await read.avro(path).collect()).toEqual([{ list: [1, 64, 3], id: 7 }])
  expect(await read(avro({ schema: { id: int() } }), path).collect()).toEqual([{ id: 7 }])
  const wrong = await failure(read.avro(fileWith(Buffer.concat([header, avroBlock(record(2), 1)]))).collect())
  expect([wrong.code, wrong.message]).toEqual([
    'AVRO_CORRUPT',
    expect.stringContaining('a list does not have the length that it says'),
  ])
})

it('bad rows of a data frame are left out and listed, if that is allowed', async () => {
  const many = records(3000)
  const path = fileWith(avroFile(SCHEMA, many, { codec: 'snappy', perBlock: 70 }))
  const frame = read(avro({ schema: { id: long(), name: string() } }), path)
  for (const splitBytes of [700, 1 << 30]) {
    const output = join(temporaryFolder(), 'out')
    await frame.write.json(output, { maxBad: '20%', workers: 3, [TUNING]: { splitBytes } })
    const lines = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).row)).toEqual(Array.from({ length: 429 }, (_, i) => 7 * i + 1))
    expect(linesOf(output)).toHaveLength(3000 - 429)
  }
})

it('records without a byte are not counted, whatever a block says', async () => {
  const header = avroHeader({ type: 'record', name: 'row', fields: [{ name: 'x', type: 'null' }] })
  const path = fileWith(Buffer.concat([header, avroBlock(Buffer.alloc(0), 2 ** 50)]))
  const error = await failure(read(avro({ schema: { x: nullable(int()) } }), path).count())
  expect([error.code, error.message]).toEqual(['AVRO_CORRUPT', expect.stringContaining('it has no bytes')])
})

it('elements without a byte are not counted, whatever a list says', async () => {
  const fields = [
    { name: 'x', type: { type: 'array', items: 'null' } },
    { name: 'id', type: 'int' },
  ]
  const header = avroHeader({ type: 'record', name: 'row', fields })
  const path = fileWith(Buffer.concat([header, avroBlock(Buffer.concat([2, 0, 7].map(avroLong)), 1)]))
  expect(await read(avro({ schema: { id: int() } }), path).collect()).toEqual([{ id: 7 }])
  const error = await failure(read(avro({ schema: { x: list(nullable(int())) } }), path).collect())
  expect([error.code, error.message]).toEqual([
    'AVRO_CORRUPT',
    expect.stringContaining('an element of a list has no bytes'),
  ])
})

it('a decimal of more digits than its type is a bad row', async () => {
  const fields = [{ name: 'x', type: { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 1 } }]
  const path = fileWith(
    avroFile({ type: 'record', name: 'row', fields }, [{ x: Buffer.from([99]) }, { x: Buffer.from([100]) }]),
  )
  const error = await failure(read.avro(path).collect())
  expect([error.code, error.where.row]).toEqual(['CELL_INVALID', 2])
  expect(error.message).toContain('column "x" has a decimal of more digits than its type')
  expect(
    await read(avro({ schema: { x: decimal(4, 2) } }), path)
      .limit(1)
      .collect(),
  ).toEqual([{ x: '9.90' }])
})

it('bytes that a schema calls text are text', async () => {
  const fields = [{ name: 'x', type: 'bytes' }]
  const path = fileWith(avroFile({ type: 'record', name: 'row', fields }, [{ x: Buffer.from('ü') }]))
  expect(await read(avro({ schema: { x: string() } }), path).collect()).toEqual([{ x: 'ü' }])
  expect(
    await read(avro({ schema: { x: binary() } }), path)
      .filter(col('x').isNotNull())
      .count(),
  ).toBe(1)
})

it('ORC is refused by its name', async () => {
  const path = fileWith(Buffer.from('ORC\u0008\u0000\u0012'), 'a.orc')
  const error = await failure(read.text(path).collect())
  expect([error.code, error.message]).toEqual(['INPUT_BINARY', expect.stringContaining('an ORC file')])
  const { code, stderr } = await runjob(['query', 'df', path])
  expect([code, stderr]).toEqual([1, expect.stringContaining('an ORC file')])
})
