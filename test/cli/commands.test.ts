import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RunjobError } from '../../dist/src/base/errors.js'
import { runCommand } from '../../dist/src/cli/commands.js'
import { type FakeHost, fakeHost, fakeProgress, fakeReport } from './fakes.js'

function run(host: FakeHost, ...argv: string[]): Promise<number> {
  return runCommand(argv, host)
}

/** A host whose run gets SIGINT, and ends as a run does that is aborted. */
function interruptedHost(cwd: string): FakeHost {
  const host = fakeHost((options) => {
    setImmediate(() => host.signals.emit('SIGINT'))
    return new Promise((_, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason))
    })
  })
  return { ...host, cwd }
}

describe('running a job', () => {
  it('passes on the options and shows the summary on standard error', async () => {
    const host = fakeHost()
    expect(await run(host, 'wordcount', 'books', '-o', 'out', '--workers', '2', '--no-lowercase', '--fresh')).toBe(0)
    expect(host.runs).toEqual([
      {
        input: ['books'],
        output: 'out',
        params: { lowercase: false },
        workers: 2,
        fresh: true,
        top: 10,
        signal: expect.any(AbortSignal),
        onProgress: expect.any(Function),
        onNote: expect.any(Function),
        onResume: expect.any(Function),
      },
    ])
    expect(host.stdout.text).toBe('')
    expect(host.stderr.text).toContain('wordcount done in')
  })

  it('says where the output goes without --output', async () => {
    const host = fakeHost()
    await run(host, 'grep', 'x', 'logs')
    expect(host.runs[0]?.output).toBe('grep-output')
    expect(host.runs[0]).not.toHaveProperty('top')
    expect(host.stderr.text).toContain('grep-output')
  })

  it('is silent with --quiet', async () => {
    const host = fakeHost(async (options) => {
      options.onProgress?.(fakeProgress())
      return fakeReport()
    })
    expect(await run(host, 'wordcount', 'books', '--quiet')).toBe(0)
    expect(host.stdout.text + host.stderr.text).toBe('')
  })

  it('prints one JSON document', async () => {
    const report = fakeReport({ top: [{ key: 'a', number: 1 }] })
    const host = fakeHost(async () => report)
    expect(await run(host, '--json', 'wordcount', 'books', '-o', 'out', '--top', '1')).toBe(0)
    expect(JSON.parse(host.stdout.text)).toEqual(report)
    expect(host.stderr.text).toBe('')
  })

  it('prints the largest records as data, and not once more', async () => {
    const host = fakeHost(async () => fakeReport({ top: [{ key: 'the', number: 1234 }] }))
    expect(await run(host, 'wordcount', 'books', '-o', 'out', '--top', '1')).toBe(0)
    expect(host.runs[0]?.top).toBe(1)
    expect(host.stdout.text).toBe('the\t1234\n')
    expect(host.stderr.text).not.toContain('1,234')
  })

  it('prints the plan instead with --explain', async () => {
    const host = fakeHost()
    expect(await run(host, 'wordcount', 'books', '--explain')).toBe(0)
    expect(host.stdout.text).toBe('wordcount\n└─ output\n')
    expect(host.stderr.text).toBe('')
    expect(host.runs).toEqual([])

    const json = fakeHost()
    await run(json, 'wordcount', 'books', '--explain', '--json')
    expect(JSON.parse(json.stdout.text)).toMatchObject({ version: 2, job: 'wordcount' })
    expect(json.stdout.text.trimEnd()).not.toContain('\n')

    const toStdout = fakeHost()
    expect(await run(toStdout, 'wordcount', 'books', '-o', '-', '--explain', '--json')).toBe(0)
    expect(JSON.parse(toStdout.stdout.text)).toMatchObject({ job: 'wordcount' })
  })
})

describe('failures', () => {
  const failing = (code: 'INPUT_NOT_FOUND' | 'DISK_FULL') =>
    fakeHost(async () => {
      throw new RunjobError(code, { path: 'books', cwd: '/' })
    })

  it('exit 1 and are reported on standard error', async () => {
    const host = failing('INPUT_NOT_FOUND')
    expect(await run(host, 'wordcount', 'books', '--quiet')).toBe(1)
    expect(host.stderr.text).toMatch(/^error INPUT_NOT_FOUND: .*\n {2}hint: /)
    expect(host.stdout.text).toBe('')
  })

  it('are JSON as well if JSON was asked for', async () => {
    const host = failing('DISK_FULL')
    expect(await run(host, 'wordcount', 'books', '-o', 'out', '--json')).toBe(1)
    expect(JSON.parse(host.stdout.text)).toMatchObject({ error: { code: 'DISK_FULL' } })
    expect(host.stderr.text).toContain('error DISK_FULL')
  })

  it('of usage exit 2, as JSON too', async () => {
    const host = fakeHost()
    expect(await run(host, 'wordcount', 'books', '--json', '--workers', '0')).toBe(2)
    expect(JSON.parse(host.stdout.text)).toMatchObject({ error: { code: 'OPTION_INVALID' } })
    expect(await run(fakeHost(), 'wordcount', 'books', '--bogus')).toBe(2)
    expect(await run(fakeHost(), 'wordcount')).toBe(2)
    expect(await run(fakeHost(), '--json')).toBe(2)
    expect(await run(fakeHost(), 'list', 'books')).toBe(2)
  })

  it('of the job name suggest the right one', async () => {
    const host = fakeHost()
    expect(await run(host, 'wordcont', 'books')).toBe(2)
    expect(host.stderr.text).toContain('Did you mean "wordcount"?')
  })

  it('of unexpected kinds exit 1', async () => {
    const host = fakeHost(async () => {
      throw new Error('oops')
    })
    expect(await run(host, 'wordcount', 'books')).toBe(1)
    expect(host.stderr.text).toContain('error INTERNAL')
  })
})

describe('an interruption', () => {
  it('stops the run, exits 130 and says how to continue', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'runjob-cli-'))
    mkdirSync(join(cwd, '.out.runjob'))
    const host = interruptedHost(cwd)
    expect(await run(host, 'wordcount', 'books', '-o', 'out')).toBe(130)
    expect(host.stderr.text).toContain('stopping')
    expect(host.stderr.text).toContain(
      `state kept in ${join(cwd, '.out.runjob')}; run the same command again to resume`,
    )
    expect(host.signals.eventNames()).toEqual([])
    rmSync(cwd, { recursive: true })
  })

  it('finds the state of an output that is a link', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'runjob-cli-'))
    mkdirSync(join(cwd, 'disk/out'), { recursive: true })
    mkdirSync(join(cwd, 'disk/.out.runjob'))
    symlinkSync('disk/out', join(cwd, 'link'))
    const host = interruptedHost(cwd)
    expect(await run(host, 'wordcount', 'books', '-o', 'link')).toBe(130)
    expect(host.stderr.text).toContain(
      `state kept in ${join(cwd, 'disk/.out.runjob')}; run the same command again to resume`,
    )
    expect(host.signals.eventNames()).toEqual([])
    rmSync(cwd, { recursive: true })
  })

  it('that comes too late changes nothing', async () => {
    const host = fakeHost(async () => {
      host.signals.emit('SIGINT')
      return fakeReport()
    })
    expect(await run(host, 'wordcount', 'books', '-o', 'out')).toBe(0)
    expect(host.stderr.text).toContain('done in')
  })
})

describe('other commands', () => {
  it('help is shown for nothing at all, help, and --help', async () => {
    for (const argv of [[], ['help'], ['--help'], ['-h'], ['list', '--help']]) {
      const host = fakeHost()
      expect(await run(host, ...argv)).toBe(0)
      expect(host.stdout.text).toContain('Usage: runjob <job>')
      expect(host.stderr.text).toBe('')
    }
  })

  it('help of a job is shown by either form', async () => {
    for (const argv of [
      ['help', 'grep'],
      ['grep', '--help'],
      ['grep', '-h', 'x'],
    ]) {
      const host = fakeHost()
      expect(await run(host, ...argv)).toBe(0)
      expect(host.stdout.text).toContain('Usage: runjob grep <pattern>')
    }
  })

  it('list shows the ready-made jobs', async () => {
    const host = fakeHost()
    expect(await run(host, 'list')).toBe(0)
    expect(host.stdout.text.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'grep',
      'join',
      'top',
      'wordcount',
      '',
    ])
  })

  it('--version shows the version', async () => {
    for (const argv of [['--version'], ['-V'], ['wordcount', '--version', 'a']]) {
      const host = fakeHost()
      expect(await run(host, ...argv)).toBe(0)
      expect(host.stdout.text).toBe('1.2.3\n')
    }
  })
})
