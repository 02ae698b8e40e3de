import { describe, expect, it } from 'vitest'
import { RunjobError } from '../../dist/src/base/errors.js'
import { parseInvocation } from '../../dist/src/cli/arguments.js'
import { flagName } from '../../dist/src/cli/flags.js'
import { splitCommandName, toResume } from '../../dist/src/cli/options.js'
import type { AnyJob } from '../../dist/src/job/define.js'
import type { ParamSpec } from '../../dist/src/plan/params.js'
import { fakeJob, grep, join, top, wordcount } from './fakes.js'

function parse(job: AnyJob, line: string) {
  return parseInvocation(job, line === '' ? [] : line.split(' '))
}

/** The error that the words are refused with. */
function refusal(job: AnyJob, ...argv: string[]): RunjobError {
  try {
    parseInvocation(job, argv)
  } catch (error) {
    if (error instanceof RunjobError) return error
    throw error
  }
  throw new Error(`${argv.join(' ')} was not refused`)
}

describe('shared options', () => {
  it('come before or after the inputs', () => {
    const { options, input } = parse(wordcount, '--workers 3 a -o out b --memory 512MB --mode overwrite')
    expect(input).toEqual(['a', 'b'])
    expect(options).toMatchObject({ workers: 3, output: 'out', memory: 512_000_000, mode: 'overwrite' })
    const attempts = parse(wordcount, 'a --retries 0 --task-timeout 1.5h --speculate').options
    expect(attempts).toMatchObject({ retries: 0, taskTimeout: 5_400_000, speculate: true })
  })

  it('are absent when not given, and progress is on', () => {
    expect(parse(wordcount, 'a').options).toEqual({ progress: true, diskCheck: true })
    expect(parse(wordcount, 'a --no-progress').options.progress).toBe(false)
  })

  it.each(['0', '-1', 'x', '1.5', '1e3', '0x10', ' 1', '', 'Infinity', '9007199254740993'])(
    'refuse %j as a number of workers, partitions or records, and name the flag',
    (text) => {
      for (const flag of ['--workers', '--partitions', '--top']) {
        const error = refusal(wordcount, 'a', `${flag}=${text}`)
        expect(error.code).toBe('OPTION_INVALID')
        expect(error.message).toContain(flag)
      }
    },
  )

  it('refuse a memory size, a mode and an output that mean nothing', () => {
    expect(refusal(wordcount, 'a', '--memory', 'much').message).toContain('--memory')
    expect(refusal(wordcount, 'a', '--task-timeout', '10').message).toContain('--task-timeout')
    expect(refusal(wordcount, 'a', '--retries', '-1').message).toContain('--retries')
    expect(refusal(wordcount, 'a', '--mode', 'overwite').message).toContain('error, overwrite, ignore, append')
    expect(refusal(wordcount, 'a', '-o', '').message).toContain('--output')
  })

  it('refuse names that come from a shell: an empty name, one that begins with "=", an end of options', () => {
    expect(refusal(wordcount, '').message).toContain('the name is empty')
    expect(refusal(wordcount, '--input', '').message).toContain('the name is empty')
    expect(refusal(wordcount, 'a', '-o=x').message).toContain('say -o x')
    expect(parse(wordcount, 'a --output=x').options.output).toBe('x')
    expect(refusal(wordcount, 'a', '-o', '--').message).toContain('a value is missing')
  })

  it('say which value is missing, even if the next option is in its place', () => {
    for (const argv of [
      ['a', '-o'],
      ['a', '-o', '--json'],
      ['a', '-o', '-q'],
      ['-o', '--quiet', 'a'],
    ]) {
      expect(refusal(wordcount, ...argv)).toMatchObject({ code: 'OPTION_INVALID' })
      expect(refusal(wordcount, ...argv).message).toContain('--output')
    }
  })

  it('may have a value that looks like an option after an equals sign', () => {
    expect(parse(wordcount, 'a --output=--json').options).toEqual({ progress: true, diskCheck: true, output: '--json' })
  })

  it('take no value if they are switches', () => {
    const error = refusal(wordcount, 'a', '--json=yes')
    expect(error.code).toBe('OPTION_INVALID')
    expect(error.message).toContain('takes no value')
  })
})

describe('unknown flags', () => {
  it.each([
    ['--lowercas', '--lowercase'],
    ['--quite', '--quiet'],
    ['--topwords', '--top-words'],
    ['--worker=3', '--workers'],
  ])('%s is answered with %s', (typed, meant) => {
    const error = refusal(wordcount, 'a', typed)
    expect(error.code).toBe('PARAM_UNKNOWN')
    expect(error.hint).toBe(`Did you mean "${meant}"?`)
  })

  it('of another job are unknown', () => {
    expect(refusal(grep, 'x', 'a', '--reverse').code).toBe('PARAM_UNKNOWN')
  })
})

describe('parameters', () => {
  it('become flags in kebab case', () => {
    expect(['topWords', 'top_words', 'n', 'baseURL', 'by2', 'HTTPPort'].map(flagName)).toEqual([
      'top-words',
      'top-words',
      'n',
      'base-url',
      'by2',
      'http-port',
    ])
  })

  it('are passed on only if given: the job knows its defaults', () => {
    expect(parse(wordcount, 'a').params).toEqual({})
    expect(parse(wordcount, 'a --no-lowercase --top-words 7 --min-share .5 --order count --reverse').params).toEqual({
      lowercase: false,
      topWords: 7,
      minShare: 0.5,
      order: 'count',
      reverse: true,
    })
  })

  it('are refused if two values are given for one, as shared options are', () => {
    for (const line of [
      'a -w 1 -w 2',
      'a --top-words 1 b --top-words=2',
      'a --no-lowercase --lowercase',
      'a -o x -o y',
      'a -o x --output y',
      'a --format csv --format tsv',
      'a --workers 1 --workers 2',
    ]) {
      const error = refusal(wordcount, ...line.split(' '))
      expect(error.code).toBe('OPTION_INVALID')
      expect(error.message).toMatch(/it is given twice, as --[^ ]+.* and as --/)
    }
    expect(parse(wordcount, 'a -w 2 -w 2 --lowercase --lowercase -q -q').params).toEqual({
      lowercase: true,
      topWords: 2,
    })
    // Inputs may be many.
    expect(parse(join, '--left a --left b --right c').input).toEqual({ left: ['a', 'b'], right: ['c'] })
  })

  it('may be negative numbers', () => {
    expect(parse(wordcount, 'a --top-words -3 --min-share=-1e-3').params).toEqual({ topWords: -3, minShare: -0.001 })
  })

  it.each([
    ['--top-words', 'x'],
    ['--top-words', '1.5'],
    ['--top-words', ''],
    ['--top-words', '9007199254740993'],
    ['--min-share', '0x10'],
    ['--min-share', 'Infinity'],
    ['--min-share', '1,5'],
    ['--order', 'value'],
  ])('%s cannot be %j', (flag, text) => {
    const error = refusal(wordcount, 'a', flag, text)
    expect(error.code).toBe('PARAM_INVALID')
    expect(error.message).toContain(flag)
  })

  it('may not take the flags of runjob or of one another', () => {
    const spec: ParamSpec = { type: 'string', describe: '' }
    const jobs: Record<string, ParamSpec>[] = [
      { workers: spec },
      { progress: spec },
      { noProgress: spec },
      { x: { ...spec, short: 'o' } },
      { topWords: spec, top_words: spec },
      { header: { type: 'boolean', describe: '' }, noHeader: spec },
      { input: spec },
    ]
    for (const params of jobs) expect(refusal(fakeJob({ name: 'bad', params }), 'a').code).toBe('JOB_INVALID')
  })
})

describe('positional parameters', () => {
  it('are taken before the inputs', () => {
    expect(parse(grep, 'ERROR a b')).toMatchObject({ params: { pattern: 'ERROR' }, input: ['a', 'b'] })
    expect(parse(top, '3 a')).toMatchObject({ params: { n: 3 }, input: ['a'] })
  })

  it('may be given by flag instead', () => {
    expect(parse(grep, 'a --pattern=-x b')).toMatchObject({ params: { pattern: '-x' }, input: ['a', 'b'] })
  })

  it('with a default are left out when there is only the input', () => {
    expect(parse(top, 'a')).toMatchObject({ params: {}, input: ['a'] })
  })

  it('are checked like flags', () => {
    expect(refusal(top, 'a', 'b').message).toContain('"<n>" cannot be "a"')
  })

  it('that begin with a dash follow --', () => {
    expect(parse(grep, '-o out -- -v --json')).toMatchObject({ params: { pattern: '-v' }, input: ['--json'] })
  })

  it('are asked for before the input is', () => {
    expect(refusal(grep).message).toContain('"pattern" is missing')
    expect(refusal(grep, 'x').message).toContain('"input" is missing')
  })
})

describe('inputs', () => {
  it('are required', () => {
    expect(refusal(wordcount)).toMatchObject({ code: 'PARAM_MISSING' })
  })

  it('may be standard input', () => {
    expect(parse(wordcount, '-').input).toEqual(['-'])
  })

  it('by name are mapped in order', () => {
    expect(parse(join, 'a b').input).toEqual({ left: ['a'], right: ['b'] })
  })

  it('by name may be given by repeated flags, alone or with the rest in order', () => {
    expect(parse(join, '--right b --left a --left c').input).toEqual({ left: ['a', 'c'], right: ['b'] })
    expect(parse(join, 'b --left a').input).toEqual({ left: ['a'], right: ['b'] })
  })

  it('by name must be as many as there are', () => {
    expect(refusal(join, 'a').message).toContain('"right" is missing')
    expect(refusal(join, '--right', 'b').message).toContain('"left" is missing')
    expect(refusal(join, 'a', 'b', 'c')).toMatchObject({
      code: 'OPTION_INVALID',
      hint: expect.stringContaining('--left'),
    })
  })

  it('are not asked for by --help', () => {
    expect(parse(join, '--help').options.help).toBe(true)
    expect(parse(join, '--bogus -h').options.help).toBe(true)
  })
})

describe('the job name', () => {
  it.each([
    ['wordcount a -o out', 'wordcount', 'a -o out'],
    ['-o out --json wordcount a', 'wordcount', '-o out --json a'],
    ['--workers=2 wordcount a', 'wordcount', '--workers=2 a'],
    ['-- wordcount a', 'wordcount', '-- a'],
  ])('in "%s" is %s', (line, name, rest) => {
    expect(splitCommandName(line.split(' '))).toEqual({ name, rest: rest.split(' ') })
  })

  it('may be missing', () => {
    expect(splitCommandName(['--version'])).toEqual({ name: null, rest: ['--version'] })
    expect(splitCommandName(['--'])).toEqual({ name: null, rest: ['--'] })
    expect(splitCommandName([])).toEqual({ name: null, rest: [] })
  })
})

describe('a command to resume', () => {
  it('takes the new options in place of its own, before words that are not options', () => {
    const lines: [argv: string, more: string, expected: string][] = [
      ['w a -o x --workers 1', '--workers 2', 'w a -o x --workers 2'],
      ['w a --workers=1 --memory 1GB -o x', '--workers=2', 'w a --memory 1GB -o x --workers=2'],
      ['w a -o x --quiet', '-q --json', 'w a -o x -q --json'],
      ['w --fresh -o x -- --fresh --workers', '--workers 2', 'w -o x --workers 2 -- --fresh --workers'],
      ['w -o x a', '', 'w -o x a'],
    ]
    const words = (line: string) => line.split(' ').filter((word) => word !== '')
    for (const [argv, more, expected] of lines) {
      expect(toResume(words(argv), words(more)).join(' ')).toBe(expected)
    }
  })
})
