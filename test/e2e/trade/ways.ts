/** Ways to run a question, none of which may show in its answer. */
import { TUNING } from '../../../dist/src/run/options.js'
import type { Tuning } from '../../helpers/run.js'

interface Choice {
  workers?: number
  /** For each worker. */
  memoryMb?: number
  partitions?: number
  tuning?: Tuning
}

const CHOICES = {
  workers: {
    'one worker': { workers: 1 },
    'two workers': { workers: 2 },
    'eight workers': { workers: 8 },
  },
  memory: {
    '48 MB each': { memoryMb: 48 },
    'hardly any': { tuning: { collectorBytes: 100_000 } },
    'memory enough': {},
  },
  joins: {
    'joins as sizes say': {},
    'one table for each join': { tuning: { joins: 'broadcast' } },
    'joins by partition': { partitions: 3, tuning: { joins: 'hash' } },
    'sorted joins': { tuning: { joins: 'merge' } },
  },
  reading: {
    'what filters leave is read': {},
    'all is read': { tuning: { readAll: true } },
  },
  runs: {
    'runs in memory': {},
    'some runs in memory': { tuning: { heldBytes: 200_000, holdMs: 1e9 } },
    'runs in files': { tuning: { heldBytes: 0 } },
  },
} satisfies Record<string, Record<string, Choice>>

/** One choice of each kind. */
interface Way {
  name: string
  choices: Choice[]
}

/** All choices with all others. */
export const ALL_WAYS: readonly Way[] = Object.values(CHOICES).reduce<Way[]>(
  (ways, choices: Record<string, Choice>) =>
    ways.flatMap((way) =>
      Object.entries(choices).map(([name, choice]) => ({
        name: way.name === '' ? name : `${way.name}, ${name}`,
        choices: [...way.choices, choice],
      })),
    ),
  [{ name: '', choices: [] }],
)

/** So few of them that each choice still meets each other: the way with the most new pairs comes next. */
export const PAIRED_WAYS: readonly Way[] = paired()

function paired(): Way[] {
  const missing = new Set(ALL_WAYS.flatMap(pairsOf))
  const gain = (way: Way) => pairsOf(way).filter((pair) => missing.has(pair)).length
  const chosen: Way[] = []
  while (missing.size > 0) {
    const best = ALL_WAYS.reduce((best, way) => (gain(way) > gain(best) ? way : best))
    for (const pair of pairsOf(best)) missing.delete(pair)
    chosen.push(best)
  }
  return chosen
}

function pairsOf({ name }: Way): string[] {
  const names = name.split(', ')
  return names.flatMap((one, i) => names.slice(i + 1).map((other) => `${one}, ${other}`))
}

/** Options of an action. */
export function optionsOf({ choices }: Way): object {
  const {
    workers = 1,
    memoryMb,
    partitions,
    tuning,
  }: Choice = Object.assign({}, ...choices, {
    tuning: Object.assign({}, ...choices.map(({ tuning }) => tuning)),
  })
  const memory = memoryMb === undefined ? {} : { memory: `${memoryMb * workers}MB` }
  return { workers, ...memory, ...(partitions && { partitions }), diskCheck: false, [TUNING]: tuning }
}
