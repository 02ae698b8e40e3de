/** The `runjob` command as scripts see it: processes, files, exit codes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))
const slowJob = fileURLToPath(new URL('./slow_job.ts', import.meta.url))
const throwingJob = fileURLToPath(new URL('./throwing_job.ts', import.meta.url))

interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runjob-main-'))
  mkdirSync(join(folder, 'books'))
  writeFileSync(join(folder, 'books', 'a.txt'), 'The cat saw the dog\nthe End\n')
  writeFileSync(join(folder, 'books', 'b.txt'), 'a dog')
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function start(argv: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env
  return spawn(process.execPath, [main, ...argv], { cwd: folder, env: { ...rest, ...env } })
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  return { code, stdout, stderr }
}

function runjob(...argv: string[]): Promise<Outcome> {
  return outcome(start(argv))
}

/** Lines of all parts, one after another. */
function output(name: string): string[] {
  const parts = readdirSync(join(folder, name)).filter((file) => file.startsWith('part-'))
  return parts.sort().flatMap((part) =>
    readFileSync(join(folder, name, part), 'utf8')
      .split('\n')
      .slice(0, -1),
  )
}

describe('runjob wordcount', () => {
  it('counts words into a folder with _SUCCESS and says so on standard error only', async () => {
    const { code, stdout, stderr } = await runjob('wordcount', 'books', '-o', 'counts')
    expect(stderr).toContain('done in')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(readdirSync(join(folder, 'counts')).sort()).toEqual(['_SUCCESS', 'part-r-00000.tsv'])
    expect(output('counts')).toEqual(['a\t1', 'cat\t1', 'dog\t2', 'end\t1', 'saw\t1', 'the\t3'])
    expect(existsSync(join(folder, '.counts.runjob'))).toBe(false)
  })

  it('keeps upper and lower case apart with --no-lowercase', async () => {
    expect((await runjob('wordcount', 'books', '-o', 'counts', '--no-lowercase')).code).toBe(0)
    expect(output('counts')).toEqual(['End\t1', 'The\t1', 'a\t1', 'cat\t1', 'dog\t2', 'saw\t1', 'the\t2'])
  })

  it('writes to wordcount-output if no output is given', async () => {
    const { code, stderr } = await runjob('wordcount', 'books')
    expect(code).toBe(0)
    expect(stderr).toContain('wordcount-output')
    expect(existsSync(join(folder, 'wordcount-output', '_SUCCESS'))).toBe(true)
  })

  it('prints one JSON document with --json', async () => {
    const { code, stdout, stderr } = await runjob('wordcount', 'books', '-o', 'counts', '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({
      job: 'wordcount',
      output: join(folder, 'counts'),
      elapsedMs: expect.any(Number),
      peakRssBytes: expect.any(Number),
      counters: expect.any(Object),
    })
    expect(report.stages.length).toBeGreaterThan(0)
    for (const stage of report.stages) {
      expect(stage).toMatchObject({ name: expect.any(String) })
      for (const figure of ['tasks', 'recordsIn', 'recordsOut', 'bytesIn', 'bytesOut', 'spillBytes', 'elapsedMs']) {
        expect(stage[figure]).toEqual(expect.any(Number))
      }
    }
    expect(report.stages.at(-1).recordsOut).toBe(6)
  })

  it('prints the most frequent words with --top', async () => {
    const { code, stdout } = await runjob('wordcount', 'books', '-o', 'counts', '--top', '2')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the\t3\ndog\t2\n' })
  })

  it('shows the most frequent words in its summary, and nothing at all with --quiet', async () => {
    expect((await runjob('wordcount', 'books', '-o', 'counts')).stderr).toMatch(/the +3\n/)
    expect(await runjob('wordcount', 'books', '-o', 'quiet', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('prints its plan and runs nothing with --explain', async () => {
    const { code, stdout } = await runjob('wordcount', 'books', '-o', 'counts', '--explain')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^wordcount\n└─ output: tsv\n {3}└─ stage reduce\n/)
    const { stdout: json } = await runjob('wordcount', 'books', '-o', 'counts', '--explain', '--json')
    expect(JSON.parse(json)).toMatchObject({ version: 2, job: 'wordcount' })
    expect(existsSync(join(folder, 'counts'))).toBe(false)
  })

  it('reads standard input', async () => {
    const child = start(['wordcount', '-', '-o', 'counts'])
    child.stdin?.end('b a b\n')
    expect((await outcome(child)).code).toBe(0)
    expect(output('counts')).toEqual(['a\t1', 'b\t2'])
  })

  it('outlives a reader that has seen enough', async () => {
    const child = start(['wordcount', 'books', '-o', 'counts', '--top', '2'])
    child.stdout?.destroy()
    const { code, stderr } = await outcome(child)
    expect(stderr).not.toContain('error')
    expect(code).toBe(0)
  })
})

describe('other ready-made jobs', () => {
  it('sort sorts lines', async () => {
    writeFileSync(join(folder, 'lines.txt'), 'b\na\nb\nc')
    expect((await runjob('sort', 'lines.txt', '-o', 'sorted')).code).toBe(0)
    expect(output('sorted')).toEqual(['a', 'b', 'b', 'c'])
    expect((await runjob('sort', 'lines.txt', '-o', 'other', '--reverse', '--unique')).code).toBe(0)
    expect(output('other')).toEqual(['c', 'b', 'a'])
  })

  it('grep takes its pattern first', async () => {
    expect((await runjob('grep', 'the', 'books/a.txt', 'books/b.txt', '-o', 'found')).code).toBe(0)
    expect(output('found').join('\n')).toContain('The cat saw the dog')
    expect(output('found').join('\n')).not.toContain('a dog')
  })

  it('stats takes columns by name', async () => {
    writeFileSync(join(folder, 'temp.csv'), 'Oslo;1\nRome;20\nOslo;3\n')
    const argv = [
      'stats',
      'temp.csv',
      '--delimiter',
      ';',
      '--columns',
      'station,temp',
      '--by',
      'station',
      '--of',
      'temp',
    ]
    expect((await runjob(...argv, '-o', 'stats')).code).toBe(0)
    expect(output('stats').join('\n')).toMatch(/Oslo.*\n.*Rome/)
  })

  it('hint at the flag for the side of a join that is at fault', async () => {
    const sides = (left: Record<string, string>, right: Record<string, string>) => {
      for (const [name, files] of Object.entries({ left, right })) {
        rmSync(join(folder, name), { recursive: true, force: true })
        mkdirSync(join(folder, name))
        for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content)
      }
      return runjob('join', 'left', 'right', '--on', 'id', '-o', 'joined', '--fresh')
    }
    const left = { 'a.csv': 'id,v\n1,a\n' }
    const right = { 'a.csv': 'id,w\n1,x\n' }
    expect((await sides(left, { 'a.csv': 'id;w\n1;x\n' })).stderr).toContain("try --right-delimiter ';'")
    expect((await sides({ 'a.csv': 'id;v\n1;a\n' }, right)).stderr).toContain("try --left-delimiter ';'")
    expect((await sides(left, { ...right, 'b.csv': 'id;w\n1;x\n' })).stderr).toContain("try --right-delimiter ';'")
    expect((await sides({ ...left, 'b.csv': 'id,v,z\n' }, right)).stderr).toContain('--left-columns a,b --header')
    expect((await sides(left, { 'a.csv': '' })).stderr).toContain('--right-columns a,b')
  })

  it('say which flag lacks the name of a column', async () => {
    writeFileSync(join(folder, 'nameless.csv'), 'id,v\n1,2\n')
    const stats = ['stats', 'nameless.csv', '-o', 'nameless']
    const joined = ['join', 'nameless.csv', 'nameless.csv', '-o', 'nameless']
    for (const [argv, flag] of [
      [[...stats, '--by', '', '--of', 'v'], '--by'],
      [[...stats, '--by', 'id', '--of', ''], '--of'],
      ...['', 'id,', 'id=', '=id'].map((on) => [[...joined, '--on', on], '--on'] as const),
    ] as const) {
      const { code, stderr } = await runjob(...argv)
      expect(stderr).toContain(`error PARAM_INVALID: Parameter "${flag}"`)
      expect(code).toBe(2)
    }
  })

  it('are listed and explain themselves', async () => {
    const { code, stdout } = await runjob('list')
    expect(code).toBe(0)
    for (const name of ['grep', 'join', 'sort', 'stats', 'top', 'wordcount']) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'))
      expect((await runjob(name, '--help')).stdout).toContain(`Usage: runjob ${name} `)
    }
  })
})

describe('failures', () => {
  it('a missing input exits 1 and names it', async () => {
    const { code, stdout, stderr } = await runjob('wordcount', 'nowhere', '-o', 'counts')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error INPUT_NOT_FOUND: .*nowhere.*\n {2}hint: /m)
    expect(existsSync(join(folder, 'counts'))).toBe(false)
  })

  it('are JSON on standard output as well with --json', async () => {
    const { code, stdout } = await runjob('wordcount', 'nowhere', '-o', 'counts', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('nowhere'),
      hint: expect.any(String),
      where: expect.any(Object),
    })
  })

  it('an output that exists is left alone', async () => {
    await runjob('wordcount', 'books', '-o', 'counts')
    const { code, stderr } = await runjob('wordcount', 'books/b.txt', '-o', 'counts')
    expect(code).toBe(1)
    expect(stderr).toContain('error OUTPUT_EXISTS')
    expect(output('counts')).toContain('the\t3')
    expect((await runjob('wordcount', 'books/b.txt', '-o', 'counts', '--mode', 'overwrite')).code).toBe(0)
    expect(output('counts')).toEqual(['a\t1', 'dog\t1'])
    expect((await runjob('wordcount', 'books', '-o', 'counts', '--mode', 'ignore')).code).toBe(0)
    expect(output('counts')).toEqual(['a\t1', 'dog\t1'])
  })

  it.each([
    [['wordcount', 'books', '--no-lowercas'], '--no-lowercase'],
    [['wordcont', 'books'], 'wordcount'],
  ])('%j is answered with %s and exit code 2', async (argv, meant) => {
    const { code, stderr } = await runjob(...argv)
    expect(code).toBe(2)
    expect(stderr).toContain(`Did you mean "${meant}"?`)
  })

  it.each([
    ['--workers', '0'],
    ['--partitions', 'x'],
    ['--memory', 'much'],
    ['--mode', 'maybe'],
  ])('%s %s exits 2 and names the flag', async (flag, value) => {
    const { code, stderr } = await runjob('wordcount', 'books', '-o', 'counts', flag, value)
    expect(code).toBe(2)
    expect(stderr).toContain('error OPTION_INVALID')
    expect(stderr).toContain(flag)
  })

  it("of a user's function show their file and line", async () => {
    writeFileSync(join(folder, 'lines.txt'), 'good\nbad\n')
    const { code, stderr } = await runjob(throwingJob, 'lines.txt', '-o', 'counts')
    expect(code).toBe(1)
    expect(stderr).toContain('error USER_ERROR')
    expect(stderr).toContain('this line is bad')
    expect(stderr).toMatch(/throwing_job\.ts:8:/)
    expect(existsSync(join(folder, 'counts'))).toBe(false)
  })
})

describe('a job module', () => {
  it.each([
    ['process.exit(0)', 'error JOB_LOAD_FAILED: The module ./job.ts cannot be loaded: importing it ended the process'],
    ['await new Promise(() => {})', 'error JOB_LOAD_FAILED: The module ./job.ts cannot be loaded: importing it'],
    ["function f(): never {\n  throw new Error('bad')\n}\nf()", 'job.ts:2:9)'],
    ['const = 1', 'error JOB_LOAD_FAILED'],
  ])('that cannot be imported is no success: %s', async (text, said) => {
    writeFileSync(join(folder, 'job.ts'), `${text}\nexport default null\n`)
    const { code, stderr } = await runjob('./job.ts', 'books', '-o', 'out')
    expect(stderr).toContain(said)
    // Neither a copy that is gone nor the compiler means anything to its author.
    expect(stderr).not.toMatch(/job\.mjs|esbuild/)
    expect(code).toBe(1)
  })
})

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s stops the job within a second; the same command resumes it',
    async (signal) => {
      writeFileSync(join(folder, 'lines.txt'), 'line\n'.repeat(2000))
      const argv = [slowJob, 'lines.txt', '-o', 'counts']
      const child = start(argv, { SLOW_MS: '10' })
      const stopped = outcome(child)
      while (!existsSync(join(folder, '.counts.runjob')) && child.exitCode === null) await sleep(20)
      await sleep(500)
      const sentAt = performance.now()
      child.kill(signal)
      const { code, stderr } = await stopped
      // A second, and the time that a busy machine takes to notice.
      expect(performance.now() - sentAt).toBeLessThan(2000)
      expect(code).toBe(130)
      expect(stderr).toContain('run the same command again to resume')
      expect(existsSync(join(folder, 'counts'))).toBe(false)

      expect((await outcome(start(argv, { SLOW_MS: '0' }))).code).toBe(0)
      expect(output('counts')).toEqual(['line\t2000'])
    },
  )
})

describe('help and version', () => {
  it('need no job', async () => {
    expect((await runjob()).stdout).toContain('Usage: runjob <job>')
    expect((await runjob('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
