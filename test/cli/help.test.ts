import { describe, expect, it } from 'vitest'
import { generalHelp, jobHelp, jobList } from '../../dist/src/cli/help.js'
import { createColors } from '../../dist/src/cli/terminal.js'
import { fakeJob, grep, join, plain, top, wordcount } from './fakes.js'

const style = { width: 100, colors: plain }

describe('general help', () => {
  it('shows usage, shared options, commands and examples', () => {
    const help = generalHelp(style)
    expect(help).toMatch(/^Usage: runjob <job> <input\.\.\.> \[options\]\n/)
    for (const word of ['-o, --output <folder>', '--no-progress', '--version', 'runjob list', 'Examples:']) {
      expect(help).toContain(word)
    }
  })

  it('has no escape codes without colours, and some with them', () => {
    expect(generalHelp(style)).not.toContain('\x1b')
    expect(generalHelp({ width: 100, colors: createColors(true) })).toContain('\x1b[1mExamples:')
  })
})

describe("a job's help", () => {
  it('shows its description, parameters with defaults, and examples', () => {
    const help = jobHelp(wordcount, 'wordcount', style)
    expect(help).toMatch(/^Usage: runjob wordcount <input\.\.\.> \[options\]\n\nCount words\.\n/)
    expect(help).toMatch(/--lowercase, --no-lowercase +count words in lower case \(on by default\)/)
    expect(help).toMatch(/-w, --top-words <n> +words to show \(default: 5\)/)
    expect(help).toMatch(/--order <value> +order of the output \(one of key, count; default: key\)/)
    expect(help).toMatch(/ {2}--reverse +largest first\n/)
    expect(help).toMatch(/Examples:\n {2}runjob wordcount books\/ -o counts\n$/)
  })

  it('shows positional parameters before the inputs, with what is optional in brackets', () => {
    expect(jobHelp(grep, 'grep', style)).toContain('Usage: runjob grep <pattern> <input...> [options]')
    expect(jobHelp(top, 'top', style)).toContain('Usage: runjob top [n] <input...> [options]')
    expect(jobHelp(grep, 'grep', style)).not.toContain('--pattern')
  })

  it('shows several inputs by name, as arguments and as flags', () => {
    const help = jobHelp(join, 'join', style)
    expect(help).toContain('Usage: runjob join <left> <right> [options]')
    expect(help).toContain('--left <path>')
  })

  it('is called as it was typed', () => {
    expect(jobHelp(fakeJob({ name: 'mine' }), './jobs/mine.ts', style)).toContain('runjob ./jobs/mine.ts <input...>')
  })

  it('fits the width', () => {
    for (const line of jobHelp(wordcount, 'wordcount', { ...style, width: 80 }).split('\n')) {
      expect(line.length).toBeLessThanOrEqual(80)
    }
  })
})

describe('the list of jobs', () => {
  it('has a line each', () => {
    expect(jobList([grep, wordcount], plain)).toBe('grep       Lines that match a pattern.\nwordcount  Count words.\n')
    expect(jobList([], plain)).toBe('')
  })
})
