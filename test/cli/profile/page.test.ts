/** The pages of --profile. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renderPlanPage, renderProfilePage } from '../../../dist/src/cli/profile/page.js'
import { writeProfile } from '../../../dist/src/cli/profile/write.js'
import type { StageReport, TaskProfile } from '../../../dist/src/engine/report.js'
import type { PlanOutline } from '../../../dist/src/plan/outline.js'
import type { RunReport } from '../../../dist/src/run/report.js'
import { temporaryFolder } from '../../helpers/folder.js'
import { checkPage } from '../../helpers/page.js'

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

const stage: StageReport = {
  name: 'map',
  tasks: 2,
  recordsIn: 10_000,
  recordsOut: 9000,
  recordsFiltered: 0,
  recordsDropped: 0,
  recordsLeftOut: 7,
  recordsQuarantined: 0,
  recordsCombined: 0,
  bytesIn: 2000,
  bytesOut: 1000,
  spills: 0,
  spillBytes: 0,
  elapsedMs: 15,
}

const scanned = { op: 'scan', rowsIn: 10_000, rowsOut: 10_000, ms: 4 } as const
const filtered = { op: 'filter', rowsIn: 10_000, rowsOut: 9000, ms: 2 } as const
const exchanged = { op: 'exchange', rowsIn: 9000, rowsOut: 9000, ms: 6 } as const
const stages: StageReport[] = [
  {
    ...stage,
    spills: 2,
    spillBytes: 3e6,
    inputs: [{ rowGroups: 4, rowGroupsSkipped: 1, operators: [scanned, filtered, exchanged] }],
  },
  { ...stage, name: 'reduce', recordsLeftOut: 0 },
]

const outline: PlanOutline = {
  job: 'count <words>',
  stages: [
    {
      name: 'map',
      inputs: [
        {
          source: { files: 'lake: parquet, 3 files, 2 KB' },
          unmeasured: 0,
          operators: [
            { text: 'scan a, b', rows: { rows: 10_000, kind: 'exact' }, tables: [] },
            { text: 'filter (a > 1) and (b < "x")', rows: { rows: 300, kind: 'guess' }, tables: [] },
          ],
        },
      ],
      target: { kind: 'exchange', text: 'exchange: 2 partitions', bytes: 0 },
    },
    {
      name: 'reduce',
      inputs: [{ source: { stage: 0 }, unmeasured: 0, operators: [{ text: 'groups', rows: null, tables: [0] }] }],
      target: { kind: 'sink', text: 'output: jsonl', bytes: 5e6 },
    },
  ],
}

const report: RunReport = {
  job: 'count <words>',
  output: '/data/out',
  elapsedMs: 20,
  peakRssBytes: 1e6,
  counters: {},
  stages,
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

describe('the page of a profile', () => {
  it('has a bar for each kind of work of each task', () => {
    const page = checkPage(renderProfilePage(report, outline))
    expect(page.text).toContain('worker 1')
    expect(page.svg('timeline').match(/<rect /g)).toHaveLength(2 * Object.values(times).filter((ms) => ms > 0).length)
    expect(page.svg('timeline')).toMatch(/<title id="timeline-title">.+<\/title><desc id="timeline-text">2 tasks of 2 /)
    // 50 of 200 records were left after combining.
    expect(page.text).toContain('75.0 %')
  })

  it('has each stage with its operators, what they did and what was expected', () => {
    const page = checkPage(renderProfilePage(report, outline))
    expect(page.cards).toEqual([
      [
        'map 2 tasks, 15 ms 100 % of the workers’ time 10,000 records in, 9,000 out 2.00 KB in, 1.00 KB out 7 without a time, left out task s0-m00000 took 10 ms',
        'lake: parquet, 3 files, 2 KB (3 of 4 row groups read)',
        'scan a, b 10,000 rows 10,000 expected 4 ms',
        'filter (a > 1) and (b < "x") 10,000 rows in, 9,000 out about 300 expected 2 ms',
        'exchange: 2 partitions 9,000 rows 1.00 KB, 2 spills of 3.00 MB 6 ms',
      ],
      [
        'reduce 2 tasks, 15 ms 0 % of the workers’ time 10,000 records in, 9,000 out 2.00 KB in, 1.00 KB out',
        'from map',
        'groups table: map',
        'output: jsonl 9,000 records 1.00 KB',
      ],
    ])
  })

  it('says what stands out: skew, slow tasks, spills, and rows that nobody expected', () => {
    const slow = { ...task, task: 's0-m00001', elapsedMs: 4000, recordsIn: 5000 }
    const skewed = [{ stage: 'reduce', key: 'city = "x"', records: 120_000, of: 240_000 }]
    const profile = [task, slow, { ...task, task: 's0-m00002' }, { ...task, stage: 'reduce', task: 's1-r00000' }]
    const page = checkPage(renderProfilePage({ ...report, skewed, profile, notes: ['A note.'] }, outline))
    expect(page.list('findings')).toEqual([
      'Stage map took 100 % of the workers’ time.',
      'Skew: key city = "x" has 120,000 of 240,000 records in stage reduce.',
      'In stage map, task s0-m00001 took 4.0 s, 400.0 times as long as the median.',
      'In stage map, task s0-m00001 read 5,000 of 5,010 records.',
      '3.00 MB of sorted files were written, 3.00 MB of them by stage map.',
      'In stage map, 9,000 rows came out of “filter (a > 1) and (b < "x")”, where about 300 were expected.',
      'A note.',
    ])
  })

  it('escapes names, whatever they are, and shows long ones in part', () => {
    const hostile = '"><script>alert(1)</script><!--&amp;\'\u0000\u001b\n</style><svg onload="x">'
    const long = `project ${'a, '.repeat(200)}${hostile}`
    const [map, reduce] = outline.stages as [PlanOutline['stages'][0], PlanOutline['stages'][0]]
    const inputs = [
      {
        source: { files: hostile },
        unmeasured: 0,
        operators: [
          { text: hostile, rows: null, tables: [0] },
          { text: long, rows: null, tables: [] },
        ],
      },
    ]
    const named = {
      job: hostile,
      stages: [
        { ...map, name: hostile },
        { ...reduce, name: hostile, inputs },
      ],
    }
    const hostiles = { stage: hostile, task: hostile }
    const page = checkPage(
      renderProfilePage(
        {
          ...report,
          job: hostile,
          output: hostile,
          notes: [hostile],
          skewed: [{ stage: hostile, key: hostile, records: 1, of: 1 }],
          stages: stages.map((stage) => ({ ...stage, name: hostile })),
          profile: [
            { ...task, ...hostiles },
            { ...task, ...hostiles, worker: 1, elapsedMs: 5000, recordsIn: 9999 },
          ],
        },
        named,
      ),
    )
    const shown = hostile.replace('\u0000\u001b\n', '\\x00\\x1b\\n')
    expect(page.title).toBe(`${shown}: profile`)
    expect(page.cards[1]![2]).toContain(`${shown} table: ${shown}`)
    expect(page.cards[1]![3]).toContain(shown)
    checkPage(renderPlanPage(named))
  })

  it('is there without tasks, and without a plan', () => {
    const nothing = { ...report, stages: [], profile: [], skipped: true }
    const page = checkPage(renderProfilePage(nothing, outline))
    expect(page.text).toContain('No task ran.')
    expect(page.text).toContain('nothing to do, it exists')
    expect(page.cards).toHaveLength(2)
    expect(checkPage(renderProfilePage(nothing, null)).cards).toEqual([])
  })

  it('is written beside its numbers as JSON', () => {
    const folder = join(temporaryFolder(), 'new')
    writeProfile(folder, report, undefined, {})
    const document = JSON.parse(readFileSync(join(folder, 'profile.json'), 'utf8'))
    expect(document.tasks).toHaveLength(2)
    expect(document.tasks[0].times).toEqual(times)
    expect(readFileSync(join(folder, 'profile.html'), 'utf8')).toMatch(/^<!doctype html>/)
  })
})

it('the page of a plan that did not run has its operators, and estimates', () => {
  expect(checkPage(renderPlanPage(outline)).cards).toEqual([
    [
      'map',
      'lake: parquet, 3 files, 2 KB',
      'scan a, b 10,000 rows',
      'filter (a > 1) and (b < "x") about 300 rows',
      'exchange: 2 partitions',
    ],
    ['reduce', 'from map', 'groups table: map', 'output: jsonl about 5.00 MB'],
  ])
})
