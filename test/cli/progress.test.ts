import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fractionDone, ProgressDisplay, paceBetween, renderBar, renderLine } from '../../dist/src/cli/progress.js'
import { createColors } from '../../dist/src/cli/terminal.js'
import { FakeTerminal, fakeProgress, plain } from './fakes.js'

const start = fakeProgress()
const half = fakeProgress({
  tasksDone: 4,
  bytesDone: 500_000_000,
  records: 3_000_000,
  elapsedMs: 2000,
  spillBytes: 2e8,
})

describe('pace', () => {
  it('is unknown at first', () => {
    expect(paceBetween(start, { ...half, elapsedMs: 499 })).toEqual({ recordsPerSecond: null, etaMs: null })
  })

  it('counts from the first report', () => {
    expect(paceBetween(start, half)).toEqual({ recordsPerSecond: 1_500_000, etaMs: 2000 })
  })

  it('does not count what an earlier run did', () => {
    const resumed = fakeProgress({ tasksDone: 3, bytesDone: 400_000_000, records: 2_000_000, elapsedMs: 1000 })
    expect(paceBetween(resumed, half)).toEqual({ recordsPerSecond: 1_000_000, etaMs: 5000 })
  })

  it('goes by tasks where no bytes are known', () => {
    const noBytes = { bytes: 0, bytesDone: 0 }
    expect(paceBetween({ ...start, ...noBytes }, { ...half, ...noBytes, tasksDone: 2 }).etaMs).toBe(6000)
  })

  it('has no end in sight while nothing is done', () => {
    expect(paceBetween(start, fakeProgress({ elapsedMs: 5000 })).etaMs).toBeNull()
  })
})

describe('the share that is done', () => {
  it('is less than all until the last task is', () => {
    expect(fractionDone(fakeProgress({ bytesDone: 1_000_000_000, tasksDone: 7 }))).toBe(0.99)
    expect(fractionDone(fakeProgress({ bytesDone: 2_000_000_000, tasksDone: 7 }))).toBe(0.99)
    expect(fractionDone(fakeProgress({ tasksDone: 8 }))).toBe(1)
    expect(fractionDone(fakeProgress({ tasks: 0 }))).toBe(1)
  })
})

describe('a bar', () => {
  it('shows share, tasks, bytes, speed, spills and the time that is left', () => {
    expect(renderBar(half, paceBetween(start, half), 140, plain)).toBe(
      `1/2 map [${'='.repeat(15)}${'-'.repeat(15)}]  50%  4/8 tasks  500 MB of 1.00 GB  1,500,000 records/s  200 MB spilled  2.0 s left`,
    )
  })

  it('is always shorter than the window', () => {
    const pace = paceBetween(start, half)
    for (let width = 12; width <= 200; width++) {
      const bar = renderBar(
        { ...half, does: 'scan a table with a rather long name, filter, inner join, group' },
        pace,
        width,
        plain,
      )
      expect(bar.length).toBeLessThan(width)
      expect(bar).toContain('50%')
    }
  })

  it('keeps the time that is left longest', () => {
    const pace = paceBetween(start, half)
    expect(renderBar(half, pace, 80, plain)).not.toContain('spilled')
    expect(renderBar(half, pace, 80, plain)).toContain('records/s')
    expect(renderBar(half, pace, 45, plain)).not.toContain('records/s')
    expect(renderBar(half, pace, 45, plain)).toContain('2.0 s left')
  })

  it('shows how long a finished stage took', () => {
    const done = fakeProgress({ ...half, tasksDone: 8, elapsedMs: 4000 })
    expect(renderBar(done, paceBetween(start, done), 140, plain)).toMatch(/100% .* 4\.0 s$/)
  })

  it('has colours where they are wanted', () => {
    expect(renderBar(half, paceBetween(start, half), 140, createColors(true))).toContain('\x1b[32m')
  })

  it('cannot be broken by the name of a stage', () => {
    expect(renderBar(fakeProgress({ does: 'a\n\x1b[2J' }), paceBetween(start, start), 140, plain)).toContain(
      'a\\n\\x1b[2J',
    )
  })
})

describe('a line', () => {
  it('shows the same figures', () => {
    expect(renderLine(half, paceBetween(start, half))).toBe(
      '1/2 map: 50%, 4/8 tasks, 500 MB of 1.00 GB, 1,500,000 records/s, 200 MB spilled, 2.0 s left',
    )
  })
})

describe('the display', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('redraws ten times a second, however often reports come', () => {
    const terminal = new FakeTerminal(true)
    const display = new ProgressDisplay(terminal, 'bars')
    for (let ms = 0; ms < 1000; ms++) {
      display.report(fakeProgress({ bytesDone: ms * 1e6, elapsedMs: ms }))
      vi.advanceTimersByTime(1)
    }
    expect(terminal.text.split('\r').length - 1).toBe(10)
    expect(terminal.text).not.toContain('\n')
  })

  it('leaves a full bar for each stage', () => {
    const terminal = new FakeTerminal(true)
    const display = new ProgressDisplay(terminal, 'bars')
    display.report(half)
    vi.advanceTimersByTime(100)
    display.report(fakeProgress({ stage: 'reduce', does: 'reduce', stageIndex: 1 }))
    vi.advanceTimersByTime(100)
    display.report(half)
    display.stop('done')
    const lines = terminal.text.split('\n').map((line) => line.split('\r').at(-1))
    expect(lines).toEqual([expect.stringMatching(/^1\/2 map .*100%/), expect.stringMatching(/^2\/2 reduce .*100%/), ''])
  })

  it('leaves the bar of a failed run as it was', () => {
    const terminal = new FakeTerminal(true)
    const display = new ProgressDisplay(terminal, 'bars')
    display.report(half)
    vi.advanceTimersByTime(100)
    display.stop('failed')
    expect(terminal.text).toMatch(/ 50% .*\n$/)
  })

  it('writes notes on lines of their own', () => {
    const terminal = new FakeTerminal(true)
    const display = new ProgressDisplay(terminal, 'bars')
    display.report(half)
    vi.advanceTimersByTime(100)
    display.note('stopping')
    expect(terminal.text.endsWith('\r\x1b[Kstopping\n')).toBe(true)
  })

  it('shows nothing for a run that is over at once', () => {
    const terminal = new FakeTerminal(true)
    const display = new ProgressDisplay(terminal, 'bars')
    display.report(half)
    display.report(fakeProgress({ stage: 'reduce', does: 'reduce', stageIndex: 1 }))
    display.stop('done')
    vi.advanceTimersByTime(60_000)
    expect(terminal.text).toBe('')
  })

  it('writes a line every ten seconds where there is no terminal', () => {
    const terminal = new FakeTerminal(false)
    const display = new ProgressDisplay(terminal, 'bars')
    display.report(half)
    vi.advanceTimersByTime(9_999)
    expect(terminal.text).toBe('')
    vi.advanceTimersByTime(20_001)
    display.stop('done')
    expect(terminal.text).toMatch(/^(1\/2 map: 50%.*\n){3}$/)
    expect(terminal.text).not.toContain('\x1b')
  })

  it('can be off, and still passes notes on', () => {
    const terminal = new FakeTerminal(true)
    const display = new ProgressDisplay(terminal, 'off')
    display.report(half)
    vi.advanceTimersByTime(60_000)
    display.note('note')
    display.stop('done')
    expect(terminal.text).toBe('note\n')
  })
})
