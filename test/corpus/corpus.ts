/**
 * Runs every case against all readers that can read it: in `npm test` the readers of its kind and a few others, in a soak all of them
 * (`RUNJOB_SOAK=1 npx vitest run test/corpus`).
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { RunjobError } from '../../dist/src/index.js'
import { partsOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { formatCsv, parseCsv } from '../helpers/oracles.js'
import { type Bad, type Contents, readCsv, readJsonLines, readLines } from '../helpers/readings.js'
import { type Config, failure, type Outcome, run } from '../helpers/run.js'
import { IS_SOAK } from '../helpers/soak.js'
import type { BadRecord, Case, Cases, Kind } from './case.js'
import { type Answer, READERS, type Reader } from './readers.js'

const KINDS: readonly Kind[] = ['text', 'csv', 'jsonl']

/** Tests for cases that readers of these kinds are meant for, where a case does not say so itself. */
export function corpus(name: string, kinds: readonly Kind[], cases: Cases): void {
  describe(`the corpus: ${name}`, () => {
    for (const [sentence, one] of Object.entries(cases)) {
      const about = kindsOf(one) ?? kinds
      const readers = Object.entries(READERS).filter(([name, { kind, answer }]) => {
        const oneIn = IS_SOAK || (about.includes(kind) && answer) ? 1 : about.includes(kind) ? 4 : 10
        return !one.not?.includes(kind) && hash(`${sentence}/${name}`) % oneIn === 0
      })
      const test = one.todo === undefined ? it : it.fails
      test(`${sentence}`, { timeout: 300_000 }, async () => {
        const contents = contentsOf(one)
        expectStated(one, contents)
        for (const [reader, of] of readers) {
          try {
            await expectAnswer(of, one, contents, configFor(`${reader}/${sentence}`))
          } catch (error) {
            throw new Error(`${reader}: ${(error as Error).message}`, { cause: error })
          }
        }
      })
    }
  })
}

function kindsOf({ lines, rows, values, bad, refused }: Case): Kind[] | undefined {
  const stated: Partial<Record<Kind, unknown>> = { text: lines, csv: rows, jsonl: values }
  const named = { ...bad, ...(typeof refused === 'object' ? refused : {}) }
  const kinds = KINDS.filter((kind) => stated[kind] !== undefined || named[kind] !== undefined)
  return kinds.length > 0 ? kinds : undefined
}

/** FNV-1a, for choices that are the same every time. */
function hash(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash >>> 8
}

/** Ways to run that must not show in the answer. */
function configFor(name: string): Config {
  return hash(name) % 4 === 0 ? { workers: 2, tuning: { splitBytes: 11 } } : { workers: 1 }
}

function contentsOf({ files, holds = {}, reads }: Case): Contents {
  const paths = reads ?? Object.keys(files).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return Object.fromEntries(paths.map((path) => [path, Buffer.from((holds[path] ?? files[path])!)]))
}

/** The independent readers must give the answer of the case: otherwise one of them is wrong. */
function expectStated(of: Case, contents: Contents): void {
  if (of.refused !== undefined) return
  if (of.lines) expect(readLines(contents).found.map(({ record }) => record)).toEqual(of.lines)
  if (of.values) expect(readJsonLines(contents).found.map(({ record }) => record)).toEqual(of.values)
  const table = readCsv(contents, of.dialect)
  if (of.rows) {
    expect(
      table.found.map(({ record, file }) =>
        Object.fromEntries(record.map((field, i) => [table.columns[file]![i], field])),
      ),
    ).toEqual(of.rows)
  }
  const [first = ''] = Object.keys(contents)
  const stated = (records: readonly BadRecord[]) =>
    records.map(([code, offset, file = first]): Bad => ({ code, file, offset }))
  if (of.bad?.csv) expect(table.bad).toEqual(stated(of.bad.csv))
  if (of.bad?.jsonl) expect(readJsonLines(contents).bad).toEqual(stated(of.bad.jsonl))
}

async function expectAnswer(reader: Reader, of: Case, contents: Contents, config: Config): Promise<void> {
  const folder = temporaryFolder()
  const data = join(folder, 'data')
  writeFiles(data, of.files)
  const params = reader.params ? reader.params(of, contents) : {}
  if (params === undefined) return
  // By their names, these are no CSV.
  if (reader.kind === 'csv' && Object.keys(of.files).some((path) => /\.(jsonl|ndjson|parquet)\b/.test(path))) return
  // The encoding is that of all files, and the other side of a join is written in UTF-8.
  if (reader.other && of.options?.encoding !== undefined) return
  const own = of.input ? of.input.map((path) => join(data, path)) : [data]
  let input: string[] | Record<string, string[]> = own
  if (reader.other) {
    const other = join(folder, 'other.csv')
    writeFiles(folder, { 'other.csv': reader.other.content(of, contents) })
    input = reader.other.side === 'left' ? { left: [other], right: own } : { left: own, right: [other] }
  }
  const start = (maxBad: string | number) =>
    run(reader.job, input, { ...config, ...of.options, params, maxBad, output: join(folder, `out ${maxBad}`) })

  const answer = reader.answer?.(of, contents)
  const refused = typeof of.refused === 'string' ? of.refused : of.refused?.[reader.kind]
  if (refused !== undefined || answer?.refused) {
    const error = await failure(start(0))
    expectClear(error, folder)
    const { file, offset } = error.where
    const place = { code: error.code, file: file && relative(data, file), offset }
    // A worker may meet a bad record of another file first.
    if (refused === undefined && answer!.bad.some((bad) => isDeepStrictEqual(bad, place))) return
    expect(error.code).toBe(refused ?? answer!.refused!.code)
    if (refused === undefined && answer?.refused?.file) expect(error.where.file).toBe(join(data, answer.refused.file))
    return
  }
  if (!answer) {
    await expectLaws(start, folder)
    return
  }
  const [first] = answer.bad
  if (!first) {
    await expectRecords(await start(0), answer, reader)
    return
  }
  const error = await failure(start(0))
  expectClear(error, folder)
  const { file, offset } = error.where
  const place = { code: error.code, file: file && relative(data, file), offset }
  // Any of several workers may be the first to meet one.
  if (config.workers === 1) expect(place).toEqual(first)
  else expect(answer.bad).toContainEqual(place)
  const outcome = await start('100%')
  await expectRecords(outcome, answer, reader)
  expect(passedOver(outcome, data)).toEqual(answer.bad)
}

async function expectRecords(outcome: Outcome, answer: Answer, reader: Reader): Promise<void> {
  const read: [unknown, unknown][] = []
  for await (const record of outcome.read()) read.push(record)
  const { show } = reader
  const records = show ? read.map(([key, value]) => show(key, value)) : recordsOf(outcome.output)
  const inOrder = (all: string[]) => (answer.ordered ? all : [...all].sort())
  expect(inOrder(records)).toEqual(inOrder(answer.records))
  expect(read).toHaveLength(answer.records.length)
}

/** Lines of all parts, bytes as characters; of CSV the rows below the header. */
function recordsOf(output: string): string[] {
  const isCsv = existsSync(join(output, 'part-r-00000.csv'))
  return partsOf(output).flatMap((part) => {
    if (!isCsv) return part.toString('latin1').split('\n').slice(0, -1)
    return parseCsv(part)
      .slice(1)
      .map((fields) => Buffer.from(formatCsv(fields)).toString('latin1'))
  })
}

function passedOver({ output }: Outcome, data: string): Bad[] {
  const lines = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const { code, file, offset } = JSON.parse(line)
    return { code, file: relative(data, file), offset }
  })
}

/** What holds for any input: an answer that reads back, or an error that says what to do. */
async function expectLaws(start: (maxBad: string | number) => Promise<Outcome>, folder: string): Promise<void> {
  let outcome: Outcome
  try {
    outcome = await start(0)
  } catch (error) {
    expectClear(error as RunjobError, folder)
    return
  }
  let records = 0
  for await (const _ of outcome.read()) records++
  expect(records).toBe(outcome.stages.at(-1)!.recordsOut)
}

function expectClear(error: RunjobError, folder: string): void {
  if (error.name !== 'RunjobError') throw error
  const { code, kind, message, hint, where } = error
  expect(kind, `${code}: ${message}`).not.toBe('bug')
  expect(hint.length, `the hint of ${code}`).toBeGreaterThan(10)
  expect(`${message} ${hint}`).not.toMatch(/undefined|\[object|\.runjob\b/)
  if (kind !== 'data') return
  expect(`${message} ${where.file}`, `${code} names the file`).toContain(folder)
}
