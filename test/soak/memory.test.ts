/**
 * What a run has in memory stays within --memory and what Node.js itself takes, whatever the data: by the system's own
 * account, and in a cgroup with that limit where one can be made.
 *
 * `npm run test:soak` takes a hundred million records, `npm test` just enough.
 */
import { closeSync, createReadStream, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { partsOf, temporaryFolder, textOf } from '../helpers/folder.js'
import { baseBytes, canLimitMemory, measured } from '../helpers/measured.js'
import type { Tuning } from '../helpers/run.js'
import { caseCount, IS_SOAK, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const MB = 1_000_000
const WORKERS = 2
const JOB = fileURLToPath(new URL('./memory_job.ts', import.meta.url))

/** Writes a file line by line, never holding more of it than a buffer. */
function writeLines(path: string, count: number, line: (i: number) => string): void {
  const fd = openSync(path, 'w')
  try {
    for (let from = 0; from < count; from += 20_000) {
      let text = ''
      for (let i = from; i < Math.min(count, from + 20_000); i++) text += `${line(i)}\n`
      writeSync(fd, text)
    }
  } finally {
    closeSync(fd)
  }
}

/** One line, of one word. */
function writeLongLine(path: string, bytes: number): void {
  const fd = openSync(path, 'w')
  try {
    const block = Buffer.alloc(10 * MB, 'x')
    for (let left = bytes; left > 0; left -= block.length) writeSync(fd, block, 0, Math.min(left, block.length))
  } finally {
    closeSync(fd)
  }
}

async function countLines(folder: string): Promise<number> {
  let lines = 0
  for (const name of readdirSync(folder)) {
    for await (const chunk of createReadStream(join(folder, name))) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
    }
  }
  return lines
}

interface Subject {
  what: string
  memoryMb: number
  argv: string[]
  write(folder: string): void
  outcome: string
  tuning?: Tuning
  check?(output: string): void | Promise<void>
}

const keys = caseCount(2 * MB, 100 * MB)
const values = caseCount(MB, 100 * MB)
const lineBytes = caseCount(100 * MB, 1000 * MB)
const lineMemoryMb = caseCount(64, 256)
const files = caseCount(1000, 10_000)
const longKeys = caseCount(10, 20)
const runs = caseCount(300, 5000)

const SUBJECTS: Subject[] = [
  {
    what: `${keys} distinct keys`,
    memoryMb: 256,
    argv: ['wordcount'],
    // A different number for each key, in no order: the multiplier is odd.
    write: (folder) =>
      writeLines(join(folder, 'a'), keys, (i) => `key-${(Math.imul(i, 2_654_435_761) >>> 0).toString(36)}`),
    outcome: 'ok',
    check: async (output) => expect(await countLines(output)).toBe(keys),
  },
  ...(['all', 'first'] as const).map((what) => ({
    what: `${values} values of one key, of which a function reads ${what}`,
    memoryMb: 256,
    argv: [JOB, '--what', what],
    write: (folder: string) => writeLines(join(folder, 'a'), values, (i) => `value ${i}`),
    outcome: 'ok',
    check: (output: string) => expect(textOf(output)).toBe(`every line\t${what === 'all' ? values : 1}\n`),
  })),
  {
    what: 'a map that keeps all it sees',
    memoryMb: 256,
    argv: [JOB, '--what', 'leak', '--retries', '0'],
    write: (folder) => writeLines(join(folder, 'a'), 100_000, (i) => `value ${i}`),
    outcome: 'OUT_OF_MEMORY',
  },
  {
    what: `a line of ${lineBytes} bytes to sort`,
    memoryMb: lineMemoryMb,
    argv: ['sort'],
    write: (folder) => writeLongLine(join(folder, 'a'), lineBytes),
    outcome: 'RECORD_TOO_LARGE',
  },
  {
    what: `a word of ${lineBytes} bytes to count`,
    memoryMb: lineMemoryMb,
    argv: ['wordcount'],
    write: (folder) => writeLongLine(join(folder, 'a'), lineBytes),
    outcome: 'RECORD_TOO_LARGE',
  },
  {
    what: `a line of ${lineBytes} bytes for a function`,
    memoryMb: lineMemoryMb,
    argv: [JOB, '--what', 'all'],
    write: (folder) => writeLongLine(join(folder, 'a'), lineBytes),
    outcome: 'RECORD_TOO_LARGE',
  },
  {
    what: 'keys of 10 MB',
    memoryMb: caseCount(128, 256),
    argv: ['sort'],
    write(folder) {
      for (let i = 0; i < longKeys; i++)
        writeFileSync(join(folder, `${i}`), `${'zyxwvutsrqponmlkjihg'[i]}${'k'.repeat(10 * MB)}\n`)
    },
    outcome: 'ok',
    check(output) {
      const starts: number[] = []
      const bytes = Buffer.concat(partsOf(output))
      for (let at = 0; at < bytes.length; at = bytes.indexOf(10, at) + 1) starts.push(bytes[at]!)
      expect(String.fromCharCode(...starts)).toBe('ghijklmnopqrstuvwxyz'.slice(-longKeys))
    },
  },
  {
    what: `${files} files`,
    memoryMb: 256,
    argv: ['wordcount'],
    write(folder) {
      for (let i = 0; i < files; i++) writeFileSync(join(folder, `file-${i}`), `all own-${i}\n`)
    },
    outcome: 'ok',
    check: async (output) => expect(await countLines(output)).toBe(files + 1),
  },
  {
    what: `${runs} runs to merge`,
    memoryMb: 256,
    argv: ['sort'],
    write: (folder) => writeLines(join(folder, 'a'), runs * 10, (i) => String(i * 7919 + MB)),
    outcome: 'ok',
    tuning: { splitBytes: 80, collectorBytes: 1 },
    check: async (output) => expect(await countLines(output)).toBe(runs * 10),
  },
]

const isLimited = canLimitMemory()

describe(`the memory of a run, ${isLimited ? 'in a cgroup' : 'no cgroup can be made here'}`, () => {
  const titled = SUBJECTS.map(
    (subject) => [`${subject.what}: ${subject.outcome}, within ${subject.memoryMb} MB`, subject] as const,
  )
  it.each(titled)('holds for %s', { timeout: SUITE_TIMEOUT_MS }, async (_, subject) => {
    const { memoryMb, argv, outcome, tuning, check } = subject
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'in'))
    subject.write(join(folder, 'in'))
    const output = join(folder, 'out')
    const limitBytes = memoryMb * MB + baseBytes(WORKERS)
    const run = await measured(
      [
        ...argv,
        join(folder, 'in'),
        '-o',
        output,
        '--memory',
        `${memoryMb}MB`,
        '--workers',
        String(WORKERS),
        '--partitions',
        '1',
      ],
      { ...(tuning ? { tuning } : {}), ...(isLimited ? { limitBytes } : {}) },
    )
    if (IS_SOAK) console.log(`${subject.what}: ${run.outcome}, ${Math.round(run.peakBytes / MB)} MB at most`)
    expect(run.outcome).toBe(outcome)
    expect(run.peakBytes).toBeLessThan(limitBytes)
    if (outcome === 'ok') await check?.(output)
  })
})
