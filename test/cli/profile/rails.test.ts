/** Lines beside the cards of a plan: whoever follows one finds the stage that reads. */
import { expect, it } from 'vitest'
import { type Line, Rails } from '../../../dist/src/cli/profile/rails.js'
import { Random } from '../../helpers/random.js'

/** Stages that read earlier ones, each a card of a few lines. */
function randomLines(random: Random): Line[] {
  const count = 1 + random.below(8)
  const unread = new Set<number>()
  return Array.from({ length: count }, (_, stage) => {
    const takes = Array.from({ length: stage === 0 ? 0 : random.below(4) }, () => [random.below(stage)])
    // Each exchange has a reader.
    if (stage === count - 1) takes.push(...[...unread].map((read) => [read]))
    for (const read of takes.flat()) unread.delete(read)
    const gives = stage < count - 1
    if (gives) unread.add(stage)
    const inside = [...takes, []].map((read) => ({ stage, takes: read, gives: false }))
    return [{ stage, takes: [], gives: false }, ...inside, { stage, takes: [], gives }]
  }).flat()
}

interface Drawn {
  /** By their place: from where to where they go, in a line 100 high. */
  verticals: Map<number, [number, number]>
  /** Those that go on to the card. */
  across: number[]
  hasArrow: boolean
}

function drawn(svg: string): Drawn {
  const verticals = new Map<number, [number, number]>()
  const across: number[] = []
  for (const [, x1, y1, x2, y2] of svg.matchAll(/<line x1="(\d+)" y1="(\d+)" x2="(\d+)" y2="([\d%]+)"\/>/g)) {
    if (x1 !== x2) across.push(Number(x1))
    else {
      // Two of them in one place could not be told apart.
      expect(verticals.has(Number(x1))).toBe(false)
      verticals.set(Number(x1), [Number(y1), y2 === '100%' ? 100 : Number(y2)])
    }
  }
  return { verticals, across, hasArrow: svg.includes('<path') }
}

/** The stages with an arrow to which lines lead down from here. */
function reachedFrom(start: number, lines: readonly Line[], pictures: readonly Drawn[]): Set<number> {
  const reached = new Set<number>()
  for (const x of pictures[start]!.across) {
    for (let i = start; pictures[i]!.verticals.get(x)![1] === 100; ) {
      i++
      const { verticals, across, hasArrow } = pictures[i]!
      expect(verticals.get(x)?.[0]).toBe(0)
      if (across.includes(x) && hasArrow) reached.add(lines[i]!.stage)
    }
  }
  return reached
}

it('a line leads from each stage to the stages that read it, and to no others', () => {
  const base = Number(process.env.SEED ?? 20_261_130)
  for (let n = 0; n < 300; n++) {
    const seed = base + n
    const lines = randomLines(new Random(seed))
    const rails = new Rails(lines)
    const pictures = lines.map((_, i) => drawn(rails.beside(i)))
    for (const [i, { stage, gives }] of lines.entries()) {
      if (!gives) continue
      const readers = new Set(lines.filter(({ takes }) => takes.includes(stage)).map((line) => line.stage))
      expect(reachedFrom(i, lines, pictures), `seed ${seed}, stage ${stage}`).toEqual(readers)
    }
  }
})

it('a plan of one stage has no lines, and one that joins many tables few', () => {
  expect(new Rails([{ stage: 0, takes: [], gives: false }]).width).toBe(0)
  const tables = Array.from({ length: 22 }, (_, stage) => ({ stage, takes: [], gives: true }))
  const joins = tables.map(({ stage }) => ({ stage: 22, takes: [stage], gives: false }))
  expect(new Rails([...tables, ...joins]).width).toBe(new Rails([tables[0]!, { ...joins[0]!, stage: 1 }]).width)
})
