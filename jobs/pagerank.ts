// Rank pages by their links.  runjob pagerank links.txt -o ranks
import { byValue, defineJob, json, step, take, text } from 'runjob'

/** Passed from step to step: a share of rank, or the page's own links, which the next step needs again. */
interface Message {
  rank?: number
  links?: string[]
}

const DAMPING = 0.85

/** A page's links and the rank it has gathered. */
function gather(messages: Iterable<Message>): { links: string[]; rank: number } {
  const links: string[] = []
  // Summed in twice the precision (Knuth's TwoSum), so that the order of the messages does not show.
  let received = 0
  let lost = 0
  for (const { links: own, rank = 0 } of messages) {
    if (own) links.push(...own)
    const sum = received + rank
    const added = sum - received
    lost += received - (sum - added) + (rank - added)
    received = sum
  }
  return { links, rank: 1 - DAMPING + DAMPING * (received + lost) }
}

export default defineJob({
  name: 'pagerank',
  description:
    'PageRank of a link graph: lines "from to". Ranks add up to the number of pages if every page links somewhere.',
  examples: ['runjob pagerank links.txt -o ranks', 'runjob pagerank links.txt --rounds 20 --keep 100 -o ranks'],
  summary: 'top',
  params: {
    rounds: { type: 'integer', min: 0, max: 1000, default: 10, describe: 'How often rank passes along the links' },
    keep: { type: 'integer', min: 1, default: 1_000_000_000, describe: 'Pages to keep, best first' },
  },
  define: ({ rounds, keep }) => ({
    input: text(),
    steps: [
      // The graph: each page with its links, and rank 1 to begin with.
      step({
        value: json<Message>(),
        map(line: string, emit) {
          const [from, to] = line.trim().split(/\s+/)
          if (!from || !to) return
          emit(from, { links: [to] })
          emit(to, {})
        },
        reduce(page, messages, emit) {
          emit(page, { rank: 1, links: gather(messages).links })
        },
      }),
      ...Array.from({ length: rounds }, () =>
        step({
          value: json<Message>(),
          map([page, { rank = 0, links = [] }]: [string, Message], emit) {
            emit(page, { links })
            for (const link of links) emit(link, { rank: rank / links.length })
          },
          reduce(page, messages, emit) {
            emit(page, gather(messages))
          },
        }),
      ),
      step({
        map([page, { rank = 0 }]: [string, Message], emit) {
          emit(page, rank)
        },
        reduce(page, ranks, emit) {
          for (const rank of ranks) emit(page, rank)
        },
      }),
      step({ map: byValue({ descending: true }), reduce: take(keep) }),
    ],
  }),
})
