/**
 * The lines beside a plan that is drawn as a column of cards: from each stage down to the stage that reads it.
 *
 *     │ groups         a rail is what one stage reads: it begins where the first stage for it ends,
 *   ┌─┤ exchange       and those that come later join it
 *   │
 *   ├→│ rows           an arrow for each place where it is read
 *   └→│ inner join
 */

/** One line of text of the column. */
export interface Line {
  stage: number
  /** Indexes of the stages whose rows it reads. */
  takes: readonly number[]
  /** Its rows are read by later stages. */
  gives: boolean
}

interface Rail {
  /** Lines with what comes in. */
  from: number[]
  /** Lines that read it. */
  to: number[]
  start: number
  end: number
  /** From the cards outward. */
  lane: number
}

/** Between two lanes. */
const LANE = 12
/** Between the cards and the first lane. */
const STUB = 18
/** Where a line's text is, below its top. */
const MIDDLE = 18
const ARROW = 5

export class Rails {
  readonly #rails: Rail[]
  /** Of the lines and what leads to them, in pixels. */
  readonly width: number

  constructor(lines: readonly Line[]) {
    this.#rails = railsOf(lines)
    const lanes = this.#rails.reduce((most, { lane }) => Math.max(most, lane + 1), 0)
    this.width = lanes === 0 ? 0 : STUB + lanes * LANE
  }

  /** What is beside a line, as high as the line is. */
  beside(line: number): string {
    const { width } = this
    const own = this.#rails.filter(({ start, end }) => start <= line && line <= end)
    if (own.length === 0) return ''
    const shapes = own.map((rail) => {
      const x = width - STUB - rail.lane * LANE
      const isStart = rail.start === line
      const isEnd = rail.end === line
      const top = isStart ? MIDDLE : 0
      const vertical = `<line x1="${x}" y1="${top}" x2="${x}" y2="${isEnd ? MIDDLE : '100%'}"/>`
      const isJoin = rail.from.includes(line)
      const isRead = rail.to.includes(line)
      const across = isJoin || isRead ? `<line x1="${x}" y1="${MIDDLE}" x2="${width}" y2="${MIDDLE}"/>` : ''
      const dot = isJoin && !isStart ? `<circle cx="${x}" cy="${MIDDLE}" r="3"/>` : ''
      const head = isRead ? `<path d="M${width} ${MIDDLE}l${-1.6 * ARROW} ${-ARROW}v${2 * ARROW}z"/>` : ''
      return vertical + across + dot + head
    })
    return `<svg class="rails" aria-hidden="true" focusable="false" width="${width}">${shapes.join('')}</svg>`
  }
}

function railsOf(lines: readonly Line[]): Rail[] {
  const ends = new Map<number, number>()
  for (const [i, { stage, gives }] of lines.entries()) if (gives) ends.set(stage, i)
  const rails = new Map<number, Rail>()
  for (const [i, { stage, takes }] of lines.entries()) {
    if (takes.length === 0) continue
    const rail = rails.get(stage) ?? { from: [], to: [], start: i, end: i, lane: 0 }
    rails.set(stage, rail)
    const from = takes.map((read) => ends.get(read)!)
    rail.from.push(...from)
    rail.to.push(i)
    rail.start = Math.min(rail.start, ...from)
    rail.end = i
  }
  // Short ones are inside of those around them.
  const placed: Rail[] = []
  for (const rail of [...rails.values()].sort((a, b) => a.end - a.start - (b.end - b.start))) {
    const taken = placed.filter((other) => other.start <= rail.end && rail.start <= other.end).map(({ lane }) => lane)
    while (taken.includes(rail.lane)) rail.lane++
    placed.push(rail)
  }
  return placed
}
