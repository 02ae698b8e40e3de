import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { RunjobError, userError } from '../../dist/src/base/errors.js'
import { renderError, renderErrorJson, renderWhere } from '../../dist/src/cli/report_error.js'
import { createColors } from '../../dist/src/cli/terminal.js'
import { plain } from './fakes.js'

describe('an error', () => {
  it('says what happened, where, and what to do', () => {
    const error = new RunjobError('CSV_BAD_NUMBER', { detail: '"x1"' }).withWhere({
      job: 'stats',
      stage: 'map',
      task: 'map-3',
      file: 'data/a.csv',
      line: 1200,
      offset: 34567,
    })
    expect(renderError(error, plain)).toBe(
      `error CSV_BAD_NUMBER: ${error.message}\n` +
        '  at: data/a.csv, line 1,200, offset 34,567 (job stats, stage map, task map-3)\n' +
        `  hint: ${error.hint}\n`,
    )
  })

  it('leaves out what is not known', () => {
    expect(renderWhere({})).toBe('')
    expect(renderWhere({ file: 'a' })).toBe('a')
    expect(renderWhere({ file: 'a', offset: 0 })).toBe('a, offset 0')
    expect(renderWhere({ stage: 'map' })).toBe('stage map')
  })

  it('has no stack unless it is a mistake of runjob', () => {
    expect(renderError(new RunjobError('OUTPUT_EXISTS', { path: 'out' }), plain)).not.toContain('    at ')
    expect(renderError(new RunjobError('ACCOUNTING_MISMATCH'), plain)).toContain('    at ')
  })

  it("shows a user's own stack with file and line, without the frames of runjob and Node", () => {
    const thrown = new TypeError('x is not a function')
    const ours = fileURLToPath(new URL('../../dist/src/cjs/code.cjs', import.meta.url))
    thrown.stack = [
      'TypeError: x is not a function',
      '    at map (/home/me/jobs/mine.ts:12:5)',
      `    at runTask (${ours}:1:1)`,
      `    at ${ours}:1:1`,
      `    at async ${ours}:1:1`,
      '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
    ].join('\n')
    const text = renderError(userError(thrown, 'map'), plain)
    expect(text).toMatch(/^error USER_ERROR: .*x is not a function\n/)
    expect(text).toMatch(/\n {4}at map \(\/home\/me\/jobs\/mine\.ts:12:5\)\n$/)
    expect(text.match(/ {4}at /g)).toHaveLength(1)
  })

  it('that nobody foresaw is INTERNAL, with its stack and a request to report it', () => {
    const text = renderError(new RangeError('oops'), plain)
    expect(text).toMatch(/^error INTERNAL: .*oops/)
    expect(text).toContain('report')
    expect(text).toContain('report_error.test.ts')
    expect(renderError('just a string', plain)).toMatch(/^error INTERNAL: .*just a string/)
  })

  it('says how to continue after an interruption', () => {
    const state = '/data/.counts.runjob'
    expect(renderError(new RunjobError('INTERRUPTED', { state }), plain)).toContain(
      '  hint: state kept in /data/.counts.runjob; run the same command again to resume\n',
    )
    expect(renderError(new RunjobError('INTERRUPTED', { state, fresh: true }), plain)).toContain('without --fresh')
    expect(renderError(new RunjobError('INTERRUPTED', { state: null }), plain)).toContain(
      'the same command starts over',
    )
  })

  it('is red where colours are wanted', () => {
    expect(renderError(new RunjobError('DISK_FULL'), createColors(true))).toContain('\x1b[31merror DISK_FULL:')
  })
})

describe('an error as JSON', () => {
  it('has code, message, hint and place', () => {
    const error = new RunjobError('INPUT_NOT_FOUND', { path: 'a', cwd: '/' }, { where: { file: 'a' } })
    const { code, message, hint } = error
    expect(JSON.parse(renderErrorJson(error))).toEqual({ error: { code, message, hint, where: { file: 'a' } } })
    expect(JSON.parse(renderErrorJson(new Error('oops'))).error.code).toBe('INTERNAL')
  })
})
