import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { looksLikeFrames, looksLikeRun, looksSmall } from '../../dist/src/cli/ahead.js'

const main = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'runjob-ahead-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
// More than the main thread reads by itself.
writeFileSync(join(folder, 'in.txt'), 'one fish two fish\n'.repeat(60_000))
writeFileSync(join(folder, 'small.txt'), 'one fish two fish\n')
writeFileSync(join(folder, 'visits.parquet'), '')
writeFileSync(join(folder, 'visits.csv'), 'ann,1\nbob,2\nann,3\n')

writeFileSync(join(folder, 'words.csv'), 'word,n\nfish,1\nfish,2\n')
const DATASET =
  "import { defineDataset, udf } from 'runjob'\nexport default defineDataset({ name: 'd', params: {}, build: "
writeFileSync(join(folder, 'count.ts'), `${DATASET}({ read }) => read.parquet('in.parquet').groupBy('word').count() })`)
const TWICE = "udf((n: number) => n * 2, 'int')"
writeFileSync(
  join(folder, 'udf.ts'),
  `${DATASET}({ read }) => read.parquet('in.parquet').select(${TWICE}('n').as('n')) })`,
)
writeFileSync(join(folder, 'csv.ts'), `${DATASET}({ read }) => read.csv('visits.csv').count() })`)
writeFileSync(join(folder, 'job.ts'), "import { defineJob } from 'runjob'\n// parquet\nexport default defineJob({})")
// It guesses wrong: the module says nothing of the function.
writeFileSync(join(folder, 'twice.ts'), `import { udf } from 'runjob'\nexport const twice = ${TWICE}`)
writeFileSync(
  join(folder, 'wrong.ts'),
  `import { twice } from './twice.js'\n${DATASET}({ read }) => read.parquet('in.parquet').select(twice('n').as('n')) })`,
)

function runjob(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

test.each<[string, boolean]>([
  ['wordcount books', true],
  ['inverted-index books -o x', true],
  ['nosuchjob books', true],
  ['wordcount', false],
  ['', false],
  ['wordcount --help', false],
  ['wordcount books -h', false],
  ['wordcount books --explain', false],
  ['wordcount --version', false],
  ['--quiet wordcount books', false],
  ['./job.ts books', false],
  ['job.ts books', false],
  ['list --json', false],
  ['help wordcount', false],
  ['status counts', false],
  ['resume counts', false],
  ['clean counts', false],
])('"%s" looks like the run of a ready-made job: %s', (line, expected) => {
  expect(looksLikeRun(line.split(' ').filter((word) => word !== ''))).toBe(expected)
})

test.each<[string, boolean]>([
  ['wordcount small.txt', true],
  ['wordcount small.txt -o counts', true],
  ['query df.count() visits.csv', true],
  ['query df.join(inputs[1],"name") visits.csv small.txt', false],
  ['query df.filter(c=>c.name.rlike("a")) visits.csv', false],
  ['wordcount small.txt in.txt', false],
  ['wordcount .', false],
  ['wordcount gone.txt', false],
  ['query df visits.parquet', false],
  ['wordcount', false],
])('"%s" looks like a run that needs no thread: %s', (line, expected) => {
  expect(inFolder(() => looksSmall(line.split(' ')))).toBe(expected)
})

function inFolder<T>(work: () => T): T {
  const cwd = process.cwd()
  process.chdir(folder)
  try {
    return work()
  } finally {
    process.chdir(cwd)
  }
}

test.each<[string, boolean]>([
  ['count.ts', true],
  ['./count.ts -o counts', true],
  ['count.ts --explain', false],
  ['count.ts --help', false],
  ['udf.ts', false],
  ['csv.ts', false],
  ['job.ts', false],
  ['gone.ts', false],
  ['in.txt', false],
  ['wrong.ts', true],
  ['wordcount count.ts', false],
  ['', false],
])('"%s" looks like a module of data frames that needs a thread: %s', (line, expected) => {
  expect(inFolder(() => looksLikeFrames(line.split(' ')))).toBe(expected)
})

describe('a thread that was started ahead', () => {
  test('runs a job of native operators', async () => {
    expect(await runjob('wordcount', 'in.txt', '-o', 'counts', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(readFileSync(join(folder, 'counts/part-r-00000.tsv'), 'utf8')).toBe('fish\t120000\none\t60000\ntwo\t60000\n')
  })

  test('runs a module of data frames, and is not used if that has functions', async () => {
    await runjob('query', 'df', 'words.csv', '-o', 'in.parquet', '--single-file', '--format', 'parquet', '-q')
    const [counts, twice, guessed] = await Promise.all(
      ['count.ts', 'udf.ts', 'wrong.ts'].map((module) => runjob(module, '-o', '-', '--format', 'csv', '-q')),
    )
    expect(counts).toEqual({ code: 0, stdout: 'word,count\nfish,2\n', stderr: '' })
    expect(twice).toEqual({ code: 0, stdout: 'n\n2\n4\n', stderr: '' })
    expect(guessed).toEqual(twice)
  })

  test('is not used by a job with functions, which needs another heap', async () => {
    const { code, stderr } = await runjob('inverted-index', 'in.txt', '-o', 'index', '-q')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(readFileSync(join(folder, 'index/part-r-00000.tsv'), 'utf8')).toContain('fish')
  })

  test.each<[string, number, string, string[]]>([
    ['an unknown job', 2, 'JOB_NOT_FOUND', ['nosuchjob', 'in.txt']],
    ['a wrong option', 2, 'PARAM_UNKNOWN', ['wordcount', 'in.txt', '--bogus']],
    ['an input that does not exist', 1, 'INPUT_NOT_FOUND', ['wordcount', 'gone.txt', '-o', 'x']],
    ['an output that exists', 1, 'OUTPUT_EXISTS', ['wordcount', 'in.txt', '-o', 'taken']],
  ])('does not keep the process that ends with %s', async (_, code, name, args) => {
    await runjob('wordcount', 'in.txt', '-o', 'taken', '-q')
    const done = await runjob(...args)
    expect(done.stderr).toContain(name)
    expect(done.code).toBe(code)
  })

  test('may be ended while it loads the addon', async () => {
    // Eight at a time on fewer cores: threads are at different points when their process ends.
    for (let round = 0; round < 10; round++) {
      const runs = Array.from({ length: 8 }, () => runjob('wordcount', 'in.txt', '--bogus'))
      for (const { code, stderr } of await Promise.all(runs)) {
        expect(stderr).not.toContain('terminate called')
        expect(code).toBe(2)
      }
    }
  }, 60_000)
})
