/** Rows of Avro files, against avsc. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findBlock, inflate } from '../../../../dist/src/io/format/avro/blocks.js'
import { readAvroSchema } from '../../../../dist/src/io/format/avro/columns.js'
import { readHeader } from '../../../../dist/src/io/format/avro/container.js'
import { avroLayout } from '../../../../dist/src/io/format/avro/program.js'
import { inspectFile } from '../../../../dist/src/io/input/inputs.js'
import { kernels } from '../../../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../../../dist/src/kernels/pipeline_program.js'
import { readBlocks } from '../../../../dist/src/kernels/row_block.js'
import { decodeRows, type Row } from '../../../../dist/src/kernels/rows.js'
import type { Column } from '../../../../dist/src/plan/type.js'
import { avroFile, type Codec } from '../../../helpers/avro.js'
import { temporaryFolder } from '../../../helpers/folder.js'
import { Random } from '../../../helpers/random.js'
import { randomRecord } from '../../../helpers/random_avro.js'

const RULES = { exact: true, encoding: 'utf-8', array: false, csv: null }

/** What a scan of the bytes from `start` on gives, in chunks of so many bytes. */
async function rowsOf(path: string, chunkBytes: number, starts: readonly number[], wanted?: Column[]): Promise<Row[]> {
  const file = inspectFile(path, RULES) as Exclude<ReturnType<typeof inspectFile>, { pipe: string }>
  const header = await readHeader(file)
  const columns = wanted ?? (await readAvroSchema(file))
  const bytes = readFileSync(path)
  const cuts = [...starts, bytes.length].map((at) => findBlock(file, header, at, bytes.length))
  const rows: Row[] = []
  for (const [i, start] of cuts.slice(0, -1).entries()) {
    const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end: { kind: 'rows' } })
    const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20 })
    const scan = kernels.createAvroScan(
      {
        layout: avroLayout(header, columns),
        codec: header.codec,
        sync: header.sync,
        maxRecordBytes: 1 << 20,
        maxBlockBytes: 1 << 20,
        keepBad: false,
        inflate,
      },
      pipeline,
    )
    for (let at = start; ; at += chunkBytes) {
      const chunk = Buffer.from(bytes.subarray(at, at + chunkBytes))
      const isLast = at + chunkBytes >= bytes.length
      const done = scan.push(chunk, cuts[i + 1]! - start, isLast)
      chunk.fill('#')
      if (done || isLast) break
    }
    expect(start + scan.position).toBe(cuts[i + 1])
    rows.push(...decodeRows(pipeline.takeOutput(), columns, { longs: 'bigint', timestamps: 'micros' }))
  }
  return rows
}

it('are what avsc wrote, whatever the schema, the codec, the chunks and the splits', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed)
    const kind = randomRecord(random, 3)
    const values = random.times(random.pick([0, 1, 40, 2500]), () => kind.value(random))
    const codec = random.pick<Codec>(['null', 'deflate', 'snappy'])
    const path = join(temporaryFolder(), 'a.avro')
    const bytes = avroFile(
      kind.schema,
      values.map(([avro]) => avro),
      { codec, perBlock: random.pick([1, 7, 1000]) },
    )
    writeFileSync(path, bytes)
    const starts = [0, ...random.times(3, () => random.below(bytes.length)).sort((a, b) => a - b)]
    const chunkBytes = random.pick([1 << 20, 1 + random.below(500)])
    const rows = await rowsOf(path, chunkBytes, starts)
    expect(rows, `seed ${seed}`).toEqual(values.map(([, row]) => row))
  }
})

it('have only the columns that are asked for, whatever is passed over', async () => {
  for (let seed = 100; seed < 140; seed++) {
    const random = new Random(seed)
    const kind = randomRecord(random, 3)
    const values = random.times(50, () => kind.value(random))
    const path = join(temporaryFolder(), 'a.avro')
    const records = values.map(([avro]) => avro)
    writeFileSync(path, avroFile(kind.schema, records))
    const file = inspectFile(path, RULES) as Exclude<ReturnType<typeof inspectFile>, { pipe: string }>
    const columns = (await readAvroSchema(file)).filter(() => random.below(2) === 0).reverse()
    const lacking: Column = { name: 'lacking', type: 'string', nullable: true }
    const rows = await rowsOf(path, 1 << 20, [0], [lacking, ...columns])
    expect(rows, `seed ${seed}`).toEqual(
      values.map(([, row]) => ({
        lacking: null,
        ...Object.fromEntries(columns.map(({ name }) => [name, (row as Row)[name]])),
      })),
    )
  }
})

it('of long lists are few in a batch: in memory their small numbers take many times as much as in the file', async () => {
  const schema = {
    type: 'record' as const,
    name: 'row',
    fields: [{ name: 'n', type: { type: 'array' as const, items: 'long' } }],
  }
  const values = Array.from({ length: 60 }, (_, i) => ({
    n: Array.from({ length: 20_000 }, (__, k) => BigInt((i + k) % 60)),
  }))
  const path = join(temporaryFolder(), 'a.avro')
  writeFileSync(path, avroFile(schema, values, { codec: 'null', perBlock: 60 }))
  const file = inspectFile(path, RULES) as Exclude<ReturnType<typeof inspectFile>, { pipe: string }>
  const header = await readHeader(file)
  const columns = await readAvroSchema(file)
  const end = { kind: 'blocks' as const, records: 'none' as const, columns }
  const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 30 })
  const spec = { codec: header.codec, sync: header.sync, maxRecordBytes: 1 << 20, maxBlockBytes: 1 << 23 }
  const scan = kernels.createAvroScan(
    { ...spec, layout: avroLayout(header, columns), keepBad: false, inflate },
    pipeline,
  )
  const bytes = readFileSync(path)
  const first = findBlock(file, header, 0, bytes.length)
  scan.push(bytes.subarray(first), Number.POSITIVE_INFINITY, true)
  const batches = readBlocks(pipeline.takeOutput(), columns, {}).map(({ rows }) => rows)
  expect(batches.reduce((sum, rows) => sum + rows, 0)).toBe(60)
  // Of half a megabyte at most, and the row with which it is that.
  expect(Math.max(...batches)).toBe(27)
})
