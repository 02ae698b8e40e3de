/** Ways to run a question, none of which may show in its answer. */
import { TUNING } from '../../../dist/src/run/options.js'
import type { Tuning } from '../../helpers/run.js'

interface Choices {
  workers: Record<string, number>
  /** For each worker; null: as much as there is by default. */
  memory: Record<string, number | null>
  joins: Record<string, Tuning>
}

const CHOICES: Choices = {
  workers: { 'one worker': 1, 'two workers': 2, 'eight workers': 8 },
  memory: { '48 MB each': 48, 'memory enough': null },
  joins: { 'joins in memory': {}, 'sorted joins': { broadcastBytes: -1 } },
}

/** The name of each choice that is made. */
type Way = Record<keyof Choices, string>

const DIMENSIONS = Object.keys(CHOICES) as (keyof Choices)[]

/** All choices with all others. */
export const ALL_WAYS: readonly Way[] = DIMENSIONS.reduce<Partial<Way>[]>(
  (ways, dimension) =>
    ways.flatMap((way) => Object.keys(CHOICES[dimension]).map((name) => ({ ...way, [dimension]: name }))),
  [{}],
) as Way[]

/** So few of them that each choice still meets each other. The way with the most new pairs comes next. */
export const PAIRED_WAYS: readonly Way[] = paired(ALL_WAYS)

function paired(ways: readonly Way[]): Way[] {
  const missing = new Set(ways.flatMap(pairsOf))
  const chosen: Way[] = []
  while (missing.size > 0) {
    const gain = (way: Way) => pairsOf(way).filter((pair) => missing.has(pair)).length
    const best = ways.reduce((best, way) => (gain(way) > gain(best) ? way : best))
    for (const pair of pairsOf(best)) missing.delete(pair)
    chosen.push(best)
  }
  return chosen
}

function pairsOf(way: Way): string[] {
  const names = Object.values(way)
  return names.flatMap((one, i) => names.slice(i + 1).map((other) => `${one}, ${other}`))
}

export function nameOf(way: Way): string {
  return Object.values(way).join(', ')
}

/** Options of an action. */
export function optionsOf(way: Way): object {
  const workers = CHOICES.workers[way.workers]!
  const memory = CHOICES.memory[way.memory]
  return {
    workers,
    ...(memory ? { memory: `${memory * workers}MB` } : {}),
    diskCheck: false,
    [TUNING]: CHOICES.joins[way.joins],
  }
}
