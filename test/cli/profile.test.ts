import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderProfilePage, writeProfile } from '../../dist/src/cli/profile.js'
import type { TaskProfile } from '../../dist/src/engine/report.js'
import type { RunReport } from '../../dist/src/run/report.js'

const times = { read: 1, map: 6, collect: 0, spill: 2, merge: 0, reduce: 0, write: 0, other: 1 }

const task: TaskProfile = {
  stage: 'map',
  task: 's0-m00000',
  attempt: 0,
  worker: 0,
  startedAt: 1000,
  elapsedMs: 10,
  times,
  recordsIn: 5,
  recordsOut: 100,
  recordsSpilled: 25,
  bytesIn: 1000,
  bytesOut: 500,
  spillBytes: 4096,
}

const report: RunReport = {
  job: 'count <words>',
  output: '/data/out',
  elapsedMs: 20,
  peakRssBytes: 1e6,
  counters: {},
  stages: [],
  inputFiles: 1,
  passedOver: { hidden: 0, special: 0, links: 0, outputs: 0 },
  resumedTasks: 0,
  redoneTasks: 0,
  recordsRead: 0,
  recordsWritten: 0,
  notes: [],
  recordsQuarantined: 0,
  quarantine: null,
  skewed: [],
  skipped: false,
  top: [],
  profile: [task, { ...task, task: 's0-m00001', worker: 1, startedAt: 1005 }],
}

test('the profile page has a bar for each kind of work of each task, and escapes names', () => {
  const page = renderProfilePage(report, report.profile!)
  expect(page).toContain('count &lt;words>')
  expect(page).toContain('worker 1')
  expect(page.match(/<rect /g)).toHaveLength(2 * Object.keys(times).length)
  // 50 of 200 records were left after combining.
  expect(page).toContain('75.0 %')
})

test('a run without tasks has a page too', () => {
  expect(renderProfilePage({ ...report, profile: [] }, [])).toContain('No task ran.')
})

test('the profile is written as JSON and as a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-profile-'))
  try {
    writeProfile(join(folder, 'new'), report)
    const document = JSON.parse(readFileSync(join(folder, 'new/profile.json'), 'utf8'))
    expect(document.tasks).toHaveLength(2)
    expect(document.tasks[0].times).toEqual(times)
    expect(readFileSync(join(folder, 'new/profile.html'), 'utf8')).toMatch(/^<!doctype html>/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
