/** Text of other encodings and line ends, in every ready-made job and in functions: the answer is that of the same text as UTF-8. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { RunOptions } from '../../dist/src/index.js'
import { CASES, writeInput } from '../helpers/cases.js'
import { linesOf, partsOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { type Config, run, tunedRunjob } from '../helpers/run.js'
import { SPELLINGS, type Spelling } from '../helpers/spellings.js'
import { lines, rows, values } from './spelling_jobs.js'

const DYING = fileURLToPath(new URL('dying_job.ts', import.meta.url))

/** Valid text whose lines end in LF; CRLF inside quotes is kept. */
function cleaned(bytes: Buffer): string {
  return bytes
    .toString()
    .replace(/^\ufeff/, '')
    .split('"')
    .map((part, i) => (i % 2 === 0 ? part.replace(/\r\n?/g, '\n') : part))
    .join('"')
}

type Files = Record<string, Buffer>

function respell(input: Files | { left: Files; right: Files }, how: (text: string) => Buffer): typeof input {
  const files = (of: Files): Files =>
    Object.fromEntries(Object.entries(of).map(([name, bytes]) => [name, how(cleaned(bytes))]))
  if ('left' in input && !Buffer.isBuffer(input.left)) {
    const { left, right } = input as { left: Files; right: Files }
    return { left: files(left), right: files(right) }
  }
  return files(input as Files)
}

async function answer(job: string, input: RunOptions['input'], options: object): Promise<string> {
  const { output } = await run(job, input, { workers: 2, partitions: 1, ...options } as Config)
  return Buffer.concat(partsOf(output)).toString('latin1')
}

const TOLD: Spelling[] = Object.values(SPELLINGS).filter(({ encoding }) => encoding === undefined)

describe('text of another form', () => {
  // If quotes have no meaning, a single quote may occur, and line ends after it would be converted wrongly.
  const unquoted = (text: string) => text.replaceAll('"', "'")
  const jobs = [
    'wordcount',
    'sort of unique lines in reverse',
    'top',
    'grep for plain text in any case',
    'grep for a regular expression',
    'inverted-index',
    'stats',
    'join, left',
    'sessions',
  ]
  const spellings: [string, Spelling[]][] = [
    ['known by its bytes', TOLD],
    ...['Latin-1, said', 'Shift-JIS, said, in gzip'].map((name): [string, Spelling[]] => [name, [SPELLINGS[name]!]]),
  ]
  const cases = spellings.flatMap(([name, some]) => jobs.map((job) => [name, job, some] as const))

  it.each(cases)('%s: %s', async (_, name, some) => {
    const { job, params = {}, input } = CASES[name]!
    const isText = !['stats', 'join', 'sessions'].includes(job)
    const prepare = (text: string) => some[0]!.reads(isText ? unquoted(text) : text)
    let next = 0
    const plain = writeInput(
      temporaryFolder(),
      respell(input, (text) => Buffer.from(prepare(text))),
    )
    const other = writeInput(
      temporaryFolder(),
      respell(input, (text) => some[next++ % some.length]!.write(prepare(text))),
    )
    const { encoding } = some[0]!
    const options = { params, tuning: { splitBytes: 3331 }, ...(encoding === undefined ? {} : { encoding }) }
    const expected = await answer(job, plain, { params })
    // Not every encoding has the letters to find.
    if (job !== 'grep') expect(expected).not.toBe('')
    expect(await answer(job, other, options)).toBe(expected)
  })

  it.each([
    ['lines', lines, 'to be\n\nété ソ生 中 😀\n last', 4],
    ['rows', rows, 'city,n\nOslo,1\n"two\nlines, ""x""",é\nソ生,\n', 3],
    ['values', values, '{"n":1}\n\n["é", "ソ生"]\n"x"', 3],
  ] as const)('%s of a function', async (_, job, text, count) => {
    for (const [name, { encoding, write, reads }] of Object.entries(SPELLINGS)) {
      const folder = temporaryFolder()
      writeFiles(folder, { plain: reads(text), other: write(reads(text)) })
      const of = async (file: string, more: object) =>
        linesOf((await run(job, join(folder, file), { workers: 1, ...more } as Config)).output)
      const expected = await of('plain', {})
      expect(expected).toHaveLength(count)
      expect(await of('other', encoding === undefined ? {} : { encoding }), name).toEqual(expected)
    }
  })
})

describe('lines that end in CR', () => {
  it('are the same wherever a task starts', async () => {
    const text = 'ab\rc\r\rdé\r\rlonger line\re'
    const table = 'k,v\ra,1\r"x\ny",2\r\rb,3\r'
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.txt': text, 'a.csv': table })
    for (const splitBytes of [1, 2, 3, 5, 11]) {
      const options = { workers: 1, tuning: { splitBytes } }
      const of = async (job: Parameters<typeof run>[0], file: string) =>
        linesOf((await run(job, join(folder, file), options)).output)
      const shown = text.split('\r').map((line) => JSON.stringify({ key: '', value: line }))
      expect(await of(lines, 'a.txt'), `lines, ${splitBytes}`).toEqual(shown)
      expect(await of('sort', 'a.txt'), `sort, ${splitBytes}`).toEqual(text.split('\r').sort())
      expect(await of(rows, 'a.csv'), `rows, ${splitBytes}`).toHaveLength(3)
    }
  })
})

describe('a run that continues after a kill', () => {
  const text = Array.from({ length: 3000 }, (_, i) => `w${i % 977} é${i % 13}\n`).join('')

  it.each<[string, Spelling[]]>([
    ['files of several forms', TOLD.slice(-3)],
    ['Shift-JIS, said, in gzip', [SPELLINGS['Shift-JIS, said, in gzip']!]],
  ])('gives the same bytes for %s', async (_, some) => {
    const folder = temporaryFolder()
    const { encoding, reads } = some[0]!
    for (const [i, content] of [text, text, `${text}the end\n`].entries()) {
      writeFiles(folder, { [`plain/${i}`]: reads(content), [`in/${i}`]: some[i % some.length]!.write(reads(content)) })
    }
    const count = (input: string, output: string, marker: string) => {
      const told = encoding === undefined || input === 'plain' ? [] : ['--encoding', encoding]
      const args = [DYING, input, '-o', output, '--workers', '1', '--marker', join(folder, marker), ...told]
      return tunedRunjob(args, { splitBytes: 20_000, heldBytes: 0 }, { cwd: folder })
    }
    writeFiles(folder, { died: '' })
    expect((await count('plain', 'expected', 'died')).code).toBe(0)
    expect((await count('in', 'out', 'dies')).code).toBe(null)
    const { code, stderr } = await count('in', 'out', 'dies')
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('resuming: 2 of 3 map tasks done')
    const bytes = (name: string) => Buffer.concat(partsOf(join(folder, name)))
    expect(bytes('out').equals(bytes('expected'))).toBe(true)
  })
})
