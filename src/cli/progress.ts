/** Progress on standard error: a bar for each stage on a terminal, a line now and then elsewhere. */
import { formatBytes, formatCount, formatDuration } from '../base/units.js'
import type { Progress } from '../engine/report.js'
import { type Colors, printable, type Terminal } from './terminal.js'

/** `bars` for people, `lines` for logs. */
export type ProgressStyle = 'bars' | 'lines' | 'off'

/** The speed of a stage, once there is enough data. */
export interface Pace {
  recordsPerSecond: number | null
  etaMs: number | null
}

const redrawMs = 100
const lineMs = 10_000

/** Before that, a speed is a guess. */
const minPaceMs = 500

const maxBarWidth = 30
const minBarWidth = 8
/** Of a bar's line. */
const NAME_SHARE = 0.35

/**
 * The pace of a stage between two reports. The first report counts as the start, because tasks that a resumed run finds
 * done say nothing about speed.
 */
export function paceBetween(first: Progress, now: Progress): Pace {
  const ms = now.elapsedMs - first.elapsedMs
  if (ms < minPaceMs) return { recordsPerSecond: null, etaMs: null }
  const [done, all] =
    now.bytes > 0 ? [now.bytesDone - first.bytesDone, now.bytes] : [now.tasksDone - first.tasksDone, now.tasks]
  const left = all - (now.bytes > 0 ? now.bytesDone : now.tasksDone)
  return {
    recordsPerSecond: ((now.records - first.records) * 1000) / ms,
    etaMs: done > 0 ? (Math.max(0, left) * ms) / done : null,
  }
}

/** Share of a stage that is done, 0 to 1; never 1 while a task is unfinished. */
export function fractionDone(progress: Progress): number {
  const { bytes, bytesDone, tasks, tasksDone } = progress
  if (tasksDone >= tasks) return 1
  const share = bytes > 0 ? bytesDone / bytes : tasksDone / tasks
  return Math.min(0.99, Math.max(0, share))
}

/**
 * One line for a terminal, shorter than `width`: the bar, then as many figures as fit, the most important ones before
 * others.
 */
export function renderBar(progress: Progress, pace: Pace, width: number, colors: Colors): string {
  const fraction = fractionDone(progress)
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4)
  // A line as wide as the window would wrap.
  const room = width - 1
  const nameRoom = Math.max(20, Math.floor(room * NAME_SHARE))
  const name = clip(titleOf(progress), Math.min(nameRoom, Math.max(0, room - percent.length - 1)))
  const head = `${name} ${percent}`

  let figures = renderFigures(progress, pace)
  const lengthOf = (list: Figure[]) => list.reduce((sum, figure) => sum + 2 + figure.text.length, 0)
  const spare = () => room - head.length - lengthOf(figures)
  const barRoom = minBarWidth + 3
  while (figures.length > 0 && spare() < barRoom) {
    const leastTelling = Math.min(...figures.map((figure) => figure.weight))
    figures = figures.filter((figure) => figure.weight !== leastTelling)
  }
  const barWidth = Math.min(maxBarWidth, spare() - 3)
  const bar = barWidth < minBarWidth ? '' : ` ${drawBar(fraction, barWidth, colors)}`
  return `${colors.bold(name)}${bar} ${percent}${figures.map((figure) => `  ${figure.text}`).join('')}`
}

/** One line for a log. */
export function renderLine(progress: Progress, pace: Pace): string {
  const percent = `${Math.floor(fractionDone(progress) * 100)}%`
  return [`${titleOf(progress)}: ${percent}`, ...renderFigures(progress, pace).map((figure) => figure.text)].join(', ')
}

interface Figure {
  text: string
  /** The least important figures go first when there is no room. */
  weight: number
}

function renderFigures(progress: Progress, pace: Pace): Figure[] {
  const { tasks, tasksDone, bytes, bytesDone, spillBytes, elapsedMs } = progress
  const figures: Figure[] = [{ text: `${formatCount(tasksDone)}/${formatCount(tasks)} tasks`, weight: 2 }]
  if (bytes > 0)
    figures.push({ text: `${formatBytes(Math.min(bytesDone, bytes))} of ${formatBytes(bytes)}`, weight: 3 })
  if (pace.recordsPerSecond !== null) {
    figures.push({ text: `${formatCount(pace.recordsPerSecond)} records/s`, weight: 4 })
  }
  if (spillBytes > 0) figures.push({ text: `${formatBytes(spillBytes)} spilled`, weight: 1 })
  if (fractionDone(progress) === 1) figures.push({ text: formatDuration(elapsedMs), weight: 5 })
  else if (pace.etaMs !== null) figures.push({ text: `${formatDuration(pace.etaMs)} left`, weight: 5 })
  return figures
}

function titleOf(progress: Progress): string {
  const number = progress.stageCount > 1 ? `${progress.stageIndex + 1}/${progress.stageCount} ` : ''
  return `${number}${printable(progress.does)}`
}

function drawBar(fraction: number, width: number, colors: Colors): string {
  const done = Math.floor(fraction * width)
  return `[${colors.green('='.repeat(done))}${colors.dim('-'.repeat(width - done))}]`
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}~`.slice(0, width)
}

/** Shows what the engine reports. Draws at its own rate, however often reports come. */
export class ProgressDisplay {
  readonly #terminal: Terminal
  readonly #style: ProgressStyle
  #timer: NodeJS.Timeout | undefined
  /** First and latest report on the running stage. */
  #first: Progress | undefined
  #latest: Progress | undefined
  /** The cursor's line shows a bar. */
  #barIsShown = false
  /** A run that ends before the first redraw shows no bars at all. */
  #hasDrawn = false

  constructor(terminal: Terminal, style: ProgressStyle) {
    this.#terminal = terminal
    this.#style = style === 'bars' && !terminal.canRedraw ? 'lines' : style
  }

  /** Takes a report. Stages come one after another; a late report on an earlier one is dropped. */
  report(progress: Progress): void {
    if (this.#style === 'off') return
    const before = this.#latest
    if (before && progress.stageIndex < before.stageIndex) return
    if (!before || progress.stageIndex > before.stageIndex) {
      this.#finishStage()
      this.#first = progress
    }
    this.#latest = progress
    this.#timer ??= setInterval(() => this.#draw(), this.#style === 'bars' ? redrawMs : lineMs).unref()
  }

  /** Writes a line of text among the bars. */
  note(line: string): void {
    this.#clearBar()
    this.#terminal.write(`${line}\n`)
  }

  /** The end of the run: a successful job leaves its bars full, a failed one leaves them as they were. */
  stop(outcome: 'done' | 'failed'): void {
    clearInterval(this.#timer)
    if (outcome === 'done') this.#finishStage()
    else if (this.#barIsShown) this.#terminal.write('\n')
    this.#barIsShown = false
    this.#latest = undefined
  }

  #draw(): void {
    const [first, latest] = [this.#first, this.#latest]
    if (!first || !latest) return
    this.#hasDrawn = true
    const pace = paceBetween(first, latest)
    if (this.#style === 'lines') {
      this.#terminal.write(`${renderLine(latest, pace)}\n`)
    } else {
      this.#terminal.write(`\r${renderBar(latest, pace, this.#terminal.width(), this.#terminal.colors)}\x1b[K`)
      this.#barIsShown = true
    }
  }

  /** The stage's last report may predate its end: the next stage has started, so all of it is done. */
  #finishStage(): void {
    const latest = this.#latest
    if (!latest || this.#style !== 'bars' || !this.#hasDrawn) return
    this.#latest = { ...latest, tasksDone: latest.tasks, bytesDone: latest.bytes }
    this.#draw()
    this.#terminal.write('\n')
    this.#barIsShown = false
  }

  #clearBar(): void {
    if (this.#barIsShown) this.#terminal.write('\r\x1b[K')
    this.#barIsShown = false
  }
}
