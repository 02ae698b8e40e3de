/** What a run did: for people on standard error, for programs as one JSON document. */
import { formatBytes, formatCount, formatDuration } from '../base/units.js'
import type { StageReport } from '../engine/report.js'
import { escapeTsv } from '../io/format/tsv.js'
import type { RunReport } from '../run/report.js'
import { type Colors, printable } from './terminal.js'

type TopRecord = RunReport['top'][number]

/** The summary of a run, for people. `showTop`: with the records that have the largest numbers. */
export function renderSummary(report: RunReport, showTop: boolean, colors: Colors): string {
  if (report.skipped)
    return `${report.job}: nothing to do, the output exists\n${facts([['output', report.output]], colors)}`

  const title = `${colors.green(report.job)} done in ${formatDuration(report.elapsedMs)}\n`
  const resumed: [string, string][] =
    report.resumedTasks > 0 ? [['resumed', `${formatCount(report.resumedTasks)} tasks were done before`]] : []
  if (report.redoneTasks > 0) resumed.push(['run again', `${formatCount(report.redoneTasks)} tasks, for damaged runs`])
  const bad: [string, string][] =
    report.recordsQuarantined === 0
      ? []
      : [
          [
            'bad records',
            `${formatCount(report.recordsQuarantined)}${report.quarantine === null ? '' : `, listed in ${report.quarantine}`}`,
          ],
        ]
  const dropped = report.stages.reduce((sum, stage) => sum + stage.recordsDropped, 0)
  if (dropped > 0) bad.push(['ragged rows', `${formatCount(dropped)}, left out`])
  const records: [string, string][] = [
    ['records', `${formatCount(report.recordsRead)} read, ${formatCount(report.recordsWritten)} written`],
  ]
  const { hidden, special, links, outputs } = report.passedOver
  const notRead: [string, string][] = [
    [hidden, 'with names that start with _ or . (--all-files reads them)'],
    [special, 'that are pipes, sockets or devices'],
    [links, 'that are links to files already read'],
    [outputs, 'written by earlier runs (--all-files reads them)'],
  ].flatMap(([n, what]) => (n === 0 ? [] : [['skipped', `${formatCount(n as number)} ${what}`]]))
  const folders: [string, string][] = report.folders
    ? [['folders', `${formatCount(report.folders.read)} of ${formatCount(report.folders.found)} read`]]
    : []
  const changed: [string, string][] = [
    ['replaced', foldersText(report.replacedFolders ?? [])],
    ['added', foldersText(report.addedFolders ?? [])],
  ]
  const counters = Object.entries(report.counters).map(([name, n]): [string, string] => [
    printable(name),
    formatCount(n),
  ])
  const skewed = report.skewed.map((found): [string, string] => ['skewed', printable(skewText(found))])
  const named = Object.entries(report.outputs ?? {}).map(([name, { recordsWritten }]): [string, string] => [
    `  ${printable(name)}`,
    `${formatCount(recordsWritten)} written`,
  ])
  const blocks = [
    report.stages.length > 0 ? stageTable(report.stages, colors) : '',
    facts(
      [
        ...records,
        ...resumed,
        ...notRead,
        ...folders,
        ...bad,
        ...skewed,
        ['peak memory', formatBytes(report.peakRssBytes)],
        ...counters,
        ['output', report.output === '-' ? 'standard output' : report.output],
        ...named,
        ...(report.replacedFolders ? changed : []),
      ],
      colors,
    ),
    showTop && report.top.length > 0 ? topTable(report.top, colors) : '',
  ]
  return title + blocks.filter((block) => block !== '').join('\n')
}

/** The summary of a run, for programs: one line of JSON. It may get more properties, and never loses any. */
export function renderReportJson(report: RunReport): string {
  // Listed one by one, because the result also has methods, and may get more properties.
  const {
    job,
    output,
    outputs,
    elapsedMs,
    peakRssBytes,
    inputFiles,
    passedOver,
    folders,
    replacedFolders,
    addedFolders,
    counters,
    stages,
    resumedTasks,
    redoneTasks,
  } = report
  const { recordsRead, recordsWritten, notes, recordsQuarantined, quarantine, skewed, skipped, top } = report
  const inputs = { inputFiles, passedOver, folders }
  const changed = { replacedFolders, addedFolders }
  const records = { recordsRead, recordsWritten, notes }
  const tasks = { resumedTasks, redoneTasks }
  const bad = { recordsQuarantined, quarantine }
  return `${JSON.stringify({ job, output, outputs, elapsedMs, peakRssBytes, ...inputs, ...changed, counters, stages, ...tasks, ...records, ...bad, skewed, skipped, top })}\n`
}

export function skewText({ key, records, of, isEstimate, side, stage }: RunReport['skewed'][number]): string {
  const share = `${isEstimate ? 'about ' : ''}${formatCount(records)} of ${formatCount(of)} records`
  return `key ${key} has ${share} ${side ? `of the ${side} side in stage` : 'in stage'} ${stage}`
}

/** Folders that are named; of more, the first and how many there are. */
const FOLDERS_NAMED = 3

function foldersText(folders: readonly string[]): string {
  if (folders.length === 0) return 'no folder'
  const count = `${formatCount(folders.length)} folder${folders.length === 1 ? '' : 's'}`
  const named = folders.slice(0, FOLDERS_NAMED).map(printable).join(', ')
  return `${count}: ${named}${folders.length > FOLDERS_NAMED ? ', …' : ''}`
}

/** `--top`: lines of key, tab, number. Tabs, line ends and backslashes in a key are escaped, as in a TSV part. */
export function renderTopLines(top: readonly TopRecord[]): string {
  return top.map(({ key, number }) => `${escapeTsv(key)}\t${number}\n`).join('')
}

function stageTable(stages: readonly StageReport[], colors: Colors): string {
  const spilled = stages.some((stage) => stage.spills > 0)
  const header = ['stage', 'tasks', 'records in', 'bytes in', 'records out', 'bytes out', 'time', 'speed']
  if (spilled) header.push('spills', 'spilled')
  const rows = stages.map((stage) => {
    const row = [
      printable(stage.name),
      formatCount(stage.tasks),
      formatCount(stage.recordsIn),
      formatBytes(stage.bytesIn),
      formatCount(stage.recordsOut),
      formatBytes(stage.bytesOut),
      formatDuration(stage.elapsedMs),
      speed(stage),
    ]
    if (spilled) row.push(formatCount(stage.spills), formatBytes(stage.spillBytes))
    return row
  })
  const [head = '', ...lines] = columns([header, ...rows])
  return `\n${colors.dim(head)}\n${lines.map((line) => `${line}\n`).join('')}`
}

function speed(stage: StageReport): string {
  return stage.elapsedMs > 0 ? `${formatBytes((stage.bytesIn * 1000) / stage.elapsedMs)}/s` : ''
}

function topTable(top: readonly TopRecord[], colors: Colors): string {
  const rows = top.map(({ key, number }) => [printable(key), formatNumber(number)])
  return `${colors.dim(`  top ${top.length}`)}\n${columns(rows)
    .map((line) => `${line}\n`)
    .join('')}`
}

function formatNumber(number: number): string {
  return Number.isSafeInteger(number) ? formatCount(number) : String(number)
}

function facts(pairs: readonly (readonly [string, string])[], colors: Colors): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `  ${colors.dim(name.padEnd(width))}  ${value}\n`).join('')
}

/** Aligned lines: the first column to the left, the others to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
