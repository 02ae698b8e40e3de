// PageRank of pages that link to each other:   runjob examples/page_rank.ts -o ranks
import { defineDataset } from 'runjob'

const DAMPING = 0.85

export default defineDataset({
  name: 'page-rank',
  description: 'Ranks of pages by the links to them, the highest first.',
  params: {
    file: { type: 'string', default: 'examples/links.txt', describe: 'A line for each link: from, to' },
    rounds: { type: 'integer', default: 10, describe: 'Rounds of passing ranks on' },
  },
  build: ({ read, params }) => {
    const links = read
      .text(params.file)
      .map((line) => line.split(/\s+/))
      .map(([from = '', to = '']) => [from, to] as const)
      .distinct()
      .groupByKey()
    let ranks = links.mapValues(() => 1)
    for (let round = 0; round < params.rounds; round++) {
      ranks = links
        .join(ranks)
        .flatMap(([, [targets, rank]]) => {
          const pages = [...targets]
          return pages.map((page) => [page, rank / pages.length] as const)
        })
        .reduceByKey((a, b) => a + b)
        .mapValues((sum) => 1 - DAMPING + DAMPING * sum)
    }
    return ranks.sortBy(([, rank]) => rank, false)
  },
})
