import { describe, expect, it } from 'vitest'
import { renderReportJson, renderSummary, renderTopLines } from '../../dist/src/cli/summary.js'
import { fakeReport, plain, stageReport } from './fakes.js'

describe('the summary', () => {
  it('shows each stage, peak memory and the output', () => {
    const reduce = { ...stageReport, name: 'reduce', tasks: 1, recordsIn: 318_000, bytesIn: 5_100_000, elapsedMs: 100 }
    expect(renderSummary(fakeReport({ stages: [stageReport, reduce] }), true, plain)).toBe(`\
wordcount done in 1.6 s

  stage   tasks  records in  bytes in  records out  bytes out    time      speed
  map         8  25,100,000   1.20 GB      318,000    5.10 MB   1.5 s   800 MB/s
  reduce      1     318,000   5.10 MB      318,000    5.10 MB  100 ms  51.0 MB/s

  records      25,100,000 read, 318,000 written
  peak memory  512 MB
  output       /data/counts
`)
  })

  it('shows spills, counters and resumed tasks if there are any', () => {
    const spilled = { ...stageReport, spills: 3, spillBytes: 700_000_000 }
    const report = fakeReport({ stages: [spilled, stageReport], counters: { 'bad rows': 12 }, resumedTasks: 5 })
    const text = renderSummary(report, false, plain)
    expect(text).toMatch(/spills +spilled\n/)
    expect(text).toMatch(/ 3 +700 MB\n/)
    expect(text).toMatch(/bad rows +12\n/)
    expect(text).toMatch(/resumed +5 tasks/)
  })

  it('shows the largest records, fit for a terminal', () => {
    const top = [
      { key: 'the', number: 1_234_567 },
      { key: '\x1b[31m', number: 0.5 },
    ]
    const text = renderSummary(fakeReport({ top }), true, plain)
    expect(text).toMatch(/ {2}top 2\n {2}the +1,234,567\n {2}\\x1b\[31m +0\.5\n$/)
    expect(renderSummary(fakeReport({ top }), false, plain)).not.toContain('1,234,567')
  })

  it('knows no speed of a stage that took no time', () => {
    expect(renderSummary(fakeReport({ stages: [{ ...stageReport, elapsedMs: 0 }] }), true, plain)).toMatch(/ 0 ms\n/)
  })

  it('says so if there was nothing to do', () => {
    expect(renderSummary(fakeReport({ skipped: true, stages: [] }), true, plain)).toBe(
      'wordcount: nothing to do, the output exists\n  output  /data/counts\n',
    )
  })
})

describe('the JSON document', () => {
  it('is one line with the whole report and nothing else', () => {
    const report = fakeReport({ counters: { x: 1 }, top: [{ key: 'a', number: 1 }] })
    const text = renderReportJson(Object.assign({ read: () => [], secret: 1 }, report))
    expect(text.endsWith('\n')).toBe(true)
    expect(text.trimEnd()).not.toContain('\n')
    expect(JSON.parse(text)).toEqual(report)
  })
})

describe('--top', () => {
  it('is lines of key, tab, number', () => {
    const top = [
      { key: 'a', number: 1_000_000 },
      { key: 'tab\there\\', number: 0.25 },
    ]
    expect(renderTopLines(top)).toBe('a\t1000000\ntab\\there\\\\\t0.25\n')
    expect(renderTopLines([])).toBe('')
  })
})
