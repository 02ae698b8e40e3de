/** A plan as a picture: a column of cards, one for each stage, from the files down to the outputs; lines lead from stage to stage. */
import { formatBytes, formatCount, formatDuration } from '../../base/units.js'
import type { StageReport, TaskProfile } from '../../engine/report.js'
import type { OperatorMeasure } from '../../engine/task.js'
import {
  type Estimate,
  estimateText,
  type InputOutline,
  type PlanOutline,
  type StageOutline,
} from '../../plan/outline.js'
import { counted } from '../../plan/print.js'
import { groupsText, rowsText, targetRun } from '../../plan/tree.js'
import { escapeHtml, percent } from './html.js'
import { type Line, Rails } from './rails.js'
import { isSlow, largestText, slowestText, sum } from './tasks.js'

/** Of the operators' text; the rest opens. */
const SHOWN = 240
/** The same, in a sentence. */
const NAMED = 60
/** An operator gave so many times as many rows as expected... */
const FAR_OFF = 10
/** ...and not just a few. */
const LEAST_ROWS = 1000

/** A line of a card. */
interface CardLine extends Line {
  kind: 'source' | 'operator' | 'target'
  html: string
}

/**
 * @param stages what they did; none: the plan did not run
 * @param tasks of all stages
 */
export function planPicture(
  outline: PlanOutline,
  stages: readonly StageReport[],
  tasks: readonly TaskProfile[],
): string {
  const longestMs = Math.max(...stages.flatMap(operatorTimes), 0)
  const cards = outline.stages.map((_, index) => cardLines(outline, index, stages[index], longestMs))
  const lines = cards.flatMap((own, index) => [{ stage: index, takes: [], gives: false }, ...own])
  const rails = new Rails(lines)
  const allMs = sum(tasks, 'elapsedMs')
  let line = 0
  const drawn = outline.stages.map((stage, index) => {
    const own = tasks.filter((task) => task.stage === stage.name)
    const head = `<div class="row head">${rails.beside(line++)}<div class="cell"><h3>${escapeHtml(stage.name)}</h3>${headFacts(stages[index], own, allMs)}</div></div>`
    const rows = cards[index]!.map(
      ({ kind, html }) => `<li class="row ${kind}">${rails.beside(line++)}<div class="cell">${html}</div></li>`,
    )
    return `<li class="stage" id="stage-${index + 1}">${head}\n<ol>${rows.join('\n')}</ol></li>`
  })
  return `<ol class="plan${stages.length === 0 ? ' planned' : ''}" style="--rails:${rails.width}px">\n${drawn.join('\n')}\n</ol>`
}

/** Operators whose rows were many more than expected: the stage, and what there is to say. */
export function misjudged(outline: PlanOutline, stages: readonly StageReport[]): [stage: string, text: string][] {
  return outline.stages.flatMap(({ name, inputs }, index) =>
    inputs.flatMap(({ operators, unmeasured }, i): [string, string][] => {
      const did = stages[index]?.inputs?.[i]?.operators ?? []
      const n = firstFarOff(inputs[i]!, did)
      if (n < 0) return []
      const { text, rows } = operators[n]!
      const given = counted(did[n - unmeasured]!.rowsOut, 'row')
      return [[name, `${given} came out of “${shortened(text, NAMED)}”, where ${estimateText(rows!)} were expected`]]
    }),
  )
}

/**
 * Those after it are wrong for the same reason. Fewer rows than expected are no surprise: a limit may have had enough.
 *
 * @returns its index; -1: there is none
 */
function firstFarOff({ source, operators, unmeasured }: InputOutline, did: readonly OperatorMeasure[]): number {
  return operators.findIndex(({ rows }, n) => {
    const { rowsIn = 0, rowsOut: given = 0 } = did[n - unmeasured] ?? {}
    // Those of an earlier stage, unchanged.
    if (n === 0 && 'stage' in source && rowsIn === given) return false
    return rows !== null && given >= LEAST_ROWS && given >= FAR_OFF * rows.rows
  })
}

function operatorTimes({ inputs = [] }: StageReport): number[] {
  return inputs.flatMap(({ operators }) => operators.map(({ ms }) => ms))
}

function headFacts(stage: StageReport | undefined, tasks: readonly TaskProfile[], allMs: number): string {
  if (stage === undefined) return ''
  const ms = sum(tasks, 'elapsedMs')
  const { recordsFiltered, recordsDropped, recordsLeftOut, recordsQuarantined, recordsCombined } = stage
  const others = [
    [recordsFiltered, 'filtered out'],
    [recordsDropped, 'ragged, left out'],
    [recordsLeftOut, 'without a time, left out'],
    [recordsQuarantined, 'bad'],
    [recordsCombined, 'combined into others'],
  ] as const
  const facts = [
    `${counted(stage.tasks, 'task')}, ${formatDuration(stage.elapsedMs)}`,
    ...(allMs > 0 ? [`${Math.round((100 * ms) / allMs)} % of the workers’ time`] : []),
    `${counted(stage.recordsIn, 'record')} in, ${formatCount(stage.recordsOut)} out`,
    `${formatBytes(stage.bytesIn)} in, ${formatBytes(stage.bytesOut)} out`,
    ...others.flatMap(([n, what]) => (n > 0 ? [`${formatCount(n)} ${what}`] : [])),
  ].map((fact) => `<span>${escapeHtml(fact)}</span>`)
  const slowest = slowestText(tasks)
  const largest = largestText(tasks)
  if (slowest !== null) facts.push(`<span${isSlow(tasks) ? ' class="warn"' : ''}>${escapeHtml(slowest)}</span>`)
  if (largest !== null) facts.push(`<span class="warn">${escapeHtml(largest)}</span>`)
  return `<p class="facts">${facts.join(' ')}</p>`
}

function cardLines(outline: PlanOutline, stage: number, run: StageReport | undefined, longestMs: number): CardLine[] {
  const { inputs, target } = outline.stages[stage]!
  const lines = inputs.flatMap(({ source, operators, unmeasured }, i): CardLine[] => {
    const own = run?.inputs?.[i]
    const farOff = firstFarOff(inputs[i]!, own?.operators ?? [])
    const read = 'files' in source ? escapeHtml(source.files + groupsText(own)) : `from ${link(outline, source.stage)}`
    return [
      {
        stage,
        kind: 'source',
        takes: 'files' in source ? [] : [source.stage],
        gives: false,
        html: `<span class="what">${read}</span>`,
      },
      ...operators.map(({ text, rows, tables }, n): CardLine => {
        const did = own?.operators[n - unmeasured]
        const beside = tables.map((table) => ` <span class="table">table: ${link(outline, table)}</span>`).join('')
        const html = `<span class="what">${opening(text)}${beside}</span>${did ? doneCells(did, rows, n === farOff, longestMs) : plannedCell(rows)}`
        return { stage, kind: 'operator', takes: tables, gives: false, html }
      }),
    ]
  })
  const isRead = target.kind === 'exchange'
  return [...lines, { stage, kind: 'target', takes: [], gives: isRead, html: targetHtml(target, run, longestMs) }]
}

function targetHtml({ text, bytes }: StageOutline['target'], run: StageReport | undefined, longestMs: number): string {
  const what = `<span class="what">${opening(text)}</span>`
  if (run === undefined) return bytes === 0 ? what : `${what}<span class="rows">about ${formatBytes(bytes)}</span>`
  const { rows, spilled, ms } = targetRun(run)
  return `${what}<span class="rows">${rows}</span><span class="expected">${formatBytes(run.bytesOut)}${spilled && `, ${spilled}`}</span>${ms === null ? '' : timeCell(ms, longestMs)}`
}

function doneCells(
  { rowsIn, rowsOut, ms }: OperatorMeasure,
  expected: Estimate | null,
  isFarOff: boolean,
  longestMs: number,
): string {
  const text = expected === null ? '' : `${estimateText(expected)} expected`
  return `<span class="rows">${rowsText(rowsIn, rowsOut)}</span><span class="expected${isFarOff ? ' warn' : ''}">${text}</span>${timeCell(ms, longestMs)}`
}

function plannedCell(rows: Estimate | null): string {
  return rows === null ? '' : `<span class="rows">${estimateText(rows)} ${rows.rows === 1 ? 'row' : 'rows'}</span>`
}

/** The bar is as long as the longest if it took as long. */
function timeCell(ms: number, longestMs: number): string {
  const bar = `<svg class="bar" aria-hidden="true" focusable="false"><rect width="${percent(ms, longestMs)}" height="100%"/></svg>`
  return `<span class="time">${formatDuration(ms)} ${bar}</span>`
}

/** A stage by its name; without a plan, only that. */
export function linkNamed(outline: PlanOutline | null, name: string): string {
  const stage = outline?.stages.findIndex((one) => one.name === name) ?? -1
  return stage < 0 ? escapeHtml(name) : link(outline!, stage)
}

function link({ stages }: PlanOutline, stage: number): string {
  return `<a href="#stage-${stage + 1}">${escapeHtml(stages[stage]!.name)}</a>`
}

/** Text of any length: what is beyond a few lines opens. */
function opening(text: string): string {
  if (text.length <= SHOWN) return escapeHtml(text)
  return `<details><summary>${escapeHtml(shortened(text, SHOWN))}</summary>${escapeHtml(text)}</details>`
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).trimEnd()}…`
}
