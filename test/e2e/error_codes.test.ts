/** Every code of the catalogue is triggered once: here, as a user would, or in the test file that is named. */
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defineJob, type RunjobError, runJob, text } from 'runjob'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, type ErrorCode } from '../../dist/src/base/errors.js'
import { dying, hoarding, waiting } from '../engine/worker_jobs.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { type Config, failure, run, runjob } from '../helpers/run.js'
import { emitting, evenAndOdd, reading, throwing } from '../job/function_jobs.js'
import { counting, lengths, meddling, readingJson } from './error_jobs.js'

type Trigger = () => Promise<RunjobError>

/** Cannot be reached from outside; tested in this file. */
interface Elsewhere {
  testedIn: string
}

const TEST_DIR = fileURLToPath(new URL('..', import.meta.url))

function file(content: string | Uint8Array, name = 'in.txt'): string {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: content })
  return join(folder, name)
}

const hasZstd = 'zstd' in process.versions

const words = (input: string, config: Config & { output?: string } = {}) => failure(run('wordcount', input, config))
const stats = (content: string, of = 'n') => failure(run('stats', file(content), { params: { by: 'city', of } }))

/** Starts a run that waits; returns what ends it. */
function startWaiting(): { folder: string; input: string; output: string; stop(): Promise<unknown> } {
  const input = file('wait')
  const folder = join(input, '..')
  const output = join(folder, 'out')
  const controller = new AbortController()
  const ended = runJob(waiting, {
    input,
    output,
    params: { gate: join(folder, 'gate') },
    signal: controller.signal,
  }).catch((error: unknown) => error)
  const stop = async () => {
    while (!existsSync(join(folder, '.out.runjob/state.mdb'))) await sleep(10)
    controller.abort()
    return ended
  }
  return { folder, input, output, stop }
}

const TRIGGERS: Record<ErrorCode, Trigger | Elsewhere> = {
  INPUT_NOT_FOUND: () => words('nowhere'),
  INPUT_EMPTY: () => words(temporaryFolder()),
  INPUT_UNREADABLE: () => {
    const folder = temporaryFolder()
    symlinkSync('nowhere', join(folder, 'link'))
    return words(join(folder, 'link'))
  },
  INPUT_COMPRESSED: () => words(file('PK\x03\x04')),
  INPUT_BINARY: () => words(file('SQLite format 3\0')),
  TEXT_ENCODING: () => words(file('a\0b\0c\0')),
  INPUT_CHANGED: () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'first.txt': 'a', 'next.txt': 'b' })
    return failure(run(meddling, folder))
  },
  OUTPUT_EXISTS: () => {
    const path = file('x', 'out/part-r-00000.tsv')
    return words(file('a'), { output: join(path, '..') })
  },
  OUTPUT_NOT_A_FOLDER: () => words(file('a'), { output: file('x') }),
  OUTPUT_NOT_A_FILE: () =>
    failure(runJob('wordcount', { input: file('a'), output: temporaryFolder(), singleFile: true, mode: 'overwrite' })),
  OUTPUT_DIFFERENT: async () => {
    const input = file('a')
    const output = join(input, '../out')
    await run('wordcount', input, { output })
    return failure(runJob('wordcount', { input, output, mode: 'append', format: 'csv' }))
  },
  OUTPUT_UNSAFE: () => words(file('a'), { output: process.cwd() }),
  OUTPUT_UNWRITABLE: () => words(file('a'), { output: join(file('x'), 'below/a/file') }),
  OUTPUT_UNREADABLE: async () => {
    const { output, read } = await run('wordcount', file('a'))
    rmSync(output, { recursive: true })
    return failure(read().next())
  },
  OUTPUT_BUSY: async () => {
    const { folder, input, output, stop } = startWaiting()
    while (!existsSync(join(folder, '.out.runjob/lock'))) await sleep(10)
    const error = await words(input, { output })
    await stop()
    return error
  },
  STATE_MISMATCH: async () => {
    const { input, output, stop } = startWaiting()
    await stop()
    return words(input, { output })
  },
  STATE_NOT_FOUND: { testedIn: 'cli/state_commands.test.ts' },
  STATE_NOT_RESUMABLE: { testedIn: 'cli/state_commands.test.ts' },
  STATE_CORRUPT: async () => {
    const { folder, input, output, stop } = startWaiting()
    await stop()
    writeFileSync(join(folder, '.out.runjob/state.mdb'), Buffer.alloc(100_000, 0xa5))
    return words(input, { output })
  },
  JOB_NOT_FOUND: () => failure(run('wordcont', file('a'))),
  JOB_INVALID: async () => failure((async () => defineJob({ name: '', input: text(), map: () => {} }))()),
  JOB_LOAD_FAILED: () => failure(run(file('export default {', 'job.ts'), file('a'))),
  PARAM_UNKNOWN: () => failure(run('wordcount', file('a'), { params: { lowercas: true } })),
  PARAM_INVALID: () => failure(run('grep', file('a'), { params: { pattern: '(' } })),
  PARAM_MISSING: () => failure(run('grep', file('a'))),
  OPTION_INVALID: () => words(file('a'), { workers: 0 }),
  COLUMN_UNKNOWN: () => stats('city,n\nOslo,1\n', 'm'),
  INT64_UNSAFE: { testedIn: 'kernels/pipeline.test.ts' },
  TIMESTAMP_PRECISION: { testedIn: 'kernels/pipeline.test.ts' },
  CELL_INVALID: { testedIn: 'kernels/csv_columns.test.ts' },
  PARTITION_INVALID: { testedIn: 'e2e/partitions.test.ts' },
  DATASET_INVALID: { testedIn: 'dataset/expression/resolve.test.ts' },
  COLLECTION_INVALID: { testedIn: 'collection/collection.test.ts' },
  COLLECTION_EMPTY: { testedIn: 'collection/collection.test.ts' },
  COLUMN_EXTRA: () => {
    const left = temporaryFolder()
    writeFiles(left, { '1.csv': 'k\na\n', '2.csv': 'k,n\nb,1\n' })
    return failure(run('join', { left, right: file('k\na\n') }, { params: { on: 'k' } }))
  },
  COLUMN_AMBIGUOUS: () => stats('city,n,n\nOslo,1,2\n'),
  HEADER_MISSING: () => stats(''),
  CSV_BAD_QUOTE: () => stats('city,n\n"Oslo"x,1\n'),
  CSV_UNCLOSED_QUOTE: () => stats('city,n\n"Oslo,1\n'),
  CSV_SHORT_ROW: () => stats('city,n\nOslo,1\nRome\n'),
  CSV_LONG_ROW: () => stats('city,n\nOslo,1\nOslo,1,234\n'),
  CSV_BAD_NUMBER: () => stats('city,n\nOslo,one\n'),
  CSV_EMPTY_FIELD: () => failure(run('sessions', file('user,time\nada,\n'))),
  CSV_BAD_TIME: () => failure(run('sessions', file('user,time\nada,soon\n'))),
  NUMBER_TOO_LARGE: () => stats('city,n\nOslo,9007199254740993\n'),
  COUNTER_INVALID: () => failure(run(counting, file('0.5'))),
  JSONL_BAD_RECORD: () => failure(run(readingJson, file('{"n": 1}\n{"n": }\n'))),
  JSON_ARRAY_INVALID: () => failure(run(readingJson, file('[\n{"n": 1},\n'))),
  GZIP_CORRUPT: () => words(file('no gzip', 'in.gz')),
  ZSTD_CORRUPT: () => words(file('no zstd', 'in.zst')),
  BZIP2_CORRUPT: () => words(file('no bzip2', 'in.bz2')),
  XZ_CORRUPT: () => words(file('no xz', 'in.xz')),
  LZ4_CORRUPT: () => words(file('no lz4', 'in.lz4')),
  AVRO_CORRUPT: { testedIn: 'e2e/avro.test.ts' },
  AVRO_UNSUPPORTED: { testedIn: 'e2e/avro.test.ts' },
  PARQUET_CORRUPT: { testedIn: 'io/format/parquet/schema.test.ts' },
  PARQUET_UNSUPPORTED: { testedIn: 'io/format/parquet/schema.test.ts' },
  SCHEMA_CONFLICT: { testedIn: 'io/format/parquet/schema.test.ts' },
  SNAPPY_CORRUPT: () => words(file('no snappy', 'in.sz')),
  CODEC_MISSING: hasZstd
    ? { testedIn: 'e2e/single_file.test.ts' }
    : () =>
        failure(runJob('wordcount', { input: file('a'), output: join(temporaryFolder(), 'out'), compress: 'zstd' })),
  RECORD_TOO_LARGE: () => failure(run(lengths, file('x'.repeat(20 << 20)), { memory: '48MB' })),
  ARITHMETIC_OVERFLOW: { testedIn: 'kernels/expressions.test.ts' },
  DIVIDE_BY_ZERO: { testedIn: 'kernels/expressions.test.ts' },
  CAST_INVALID: { testedIn: 'kernels/expressions.test.ts' },
  ARGUMENT_INVALID: { testedIn: 'kernels/expressions.test.ts' },
  TOO_MANY_BAD_RECORDS: () => failure(run(readingJson, file('{\n{\n'), { maxBad: 1 })),
  USER_ERROR: () => failure(run(throwing, file('bad'), { params: { who: 'map' } })),
  EMIT_LATE: { testedIn: 'engine/task/calls.test.ts' },
  EMIT_TYPE: () => failure(run(emitting, file('a'), { params: { what: 'value' } })),
  VALUES_READ_TWICE: () => failure(run(reading, file('a1'), { params: { how: 'twice' } })),
  OUTPUT_UNKNOWN: () => failure(run(evenAndOdd, file('1'), { params: { rest: 'elsewhere' } })),
  JOIN_GROUP_TOO_LARGE: () => {
    const rows = `id,text\n${`1,${'x'.repeat(1000)}\n`.repeat(40_000)}`
    return failure(
      run('join', { left: file('id,a\n1,2\n'), right: file(rows) }, { memory: '48MB', params: { on: 'id' } }),
    )
  },
  WINDOW_TOO_LARGE: { testedIn: 'e2e/dataset_aggregates.test.ts' },
  WORKER_DIED: () => failure(run(dying, file('die'))),
  TASK_TIMEOUT: () => failure(run(waiting, file('wait'), { params: { gate: '/nowhere/gate' }, taskTimeout: 200 })),
  OUT_OF_MEMORY: () => failure(run(hoarding, file('hoard'), { memory: '48MB' })),
  DISK_FULL: { testedIn: 'base/files.test.ts' },
  DISK_TOO_SMALL: { testedIn: 'e2e/disk.test.ts' },
  FILE_IO: { testedIn: 'base/files.test.ts' },
  RUN_MISSING: { testedIn: 'kernels/runs.test.ts' },
  RUN_CORRUPT: { testedIn: 'kernels/runs.test.ts' },
  RUN_VERSION: { testedIn: 'kernels/runs.test.ts' },
  RUN_IO: { testedIn: 'kernels/runs.test.ts' },
  INTERRUPTED: () =>
    failure(
      runJob('wordcount', { input: file('a'), output: join(temporaryFolder(), 'out'), signal: AbortSignal.abort() }),
    ),
  FUNCTION_NOT_FOUND: { testedIn: 'udf/places.test.ts' },
  GRAPH_DIFFERS: { testedIn: 'udf/places.test.ts' },
  RESULT_INVALID: { testedIn: 'udf/results.test.ts' },
  BATCH_TOO_SMALL: { testedIn: 'kernels/runs.test.ts' },
  BAD_ARGUMENT: { testedIn: 'kernels/runs.test.ts' },
  ADDON_MISSING: async () => {
    const env = { RUNJOB_ADDON: '/nowhere/runjob.node' }
    const { stdout } = await runjob(['wordcount', file('a'), '-o', join(temporaryFolder(), 'out'), '--json'], { env })
    const { code, message, hint } = JSON.parse(stdout).error
    return { code, message, hint } as RunjobError
  },
  ACCOUNTING_MISMATCH: { testedIn: 'engine/accounting.test.ts' },
  INTERNAL: { testedIn: 'base/errors.test.ts' },
}

describe('the catalogue', () => {
  it.each(ERROR_CODES)('%s can happen, and says what happened and what to do', { timeout: 120_000 }, async (code) => {
    const trigger = TRIGGERS[code]
    if ('testedIn' in trigger) {
      expect(readFileSync(join(TEST_DIR, trigger.testedIn), 'utf8')).toContain(code)
      return
    }
    const error = await trigger()
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^[A-Z/].*/)
    expect(`${error.message}${error.hint}`).not.toMatch(/undefined|\[object|NaN/)
    expect(error.hint.length).toBeGreaterThan(10)
  })
})
