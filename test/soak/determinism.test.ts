/**
 * The bytes of an output depend only on input, job and number of partitions. Every ready-made job under every number of
 * workers, memory and partitions, with splits, spills and merges that differ from run to run.
 *
 * `npm run test:soak` runs them all, `npm test` a few; test/jobs/ready_made.test.ts compares the answers with oracles.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CASES, LINKS, writeInput } from '../helpers/cases.js'
import { partsOf, snapshot, temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { type Config, run } from '../helpers/run.js'
import { caseCount, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const SEED = 20_260_402

const JOBS: Record<string, Pick<(typeof CASES)[string], 'job' | 'params' | 'input' | 'header' | 'order'>> = {
  ...CASES,
  pagerank: { job: 'pagerank', params: { rounds: 3 }, input: { 'links.txt': LINKS } },
}

const WORKERS = [1, 2, 8, 64]
const MEMORY = ['64MB', '512MB', undefined]
const PARTITIONS = [1, 7, 64]

/** All jobs, or a few of them. */
function jobsToTry(random: Random): string[] {
  const names = Object.keys(JOBS)
  return Array.from({ length: caseCount(3, names.length) }, () => names.splice(random.below(names.length), 1)[0]!)
}

/** All ways to run a job, or a few of them, each with sizes that must not show in the output. */
function configsOf(job: string, random: Random): (Config & { partitions: number })[] {
  const all = WORKERS.flatMap((workers) =>
    MEMORY.flatMap((memory) => PARTITIONS.map((partitions) => ({ workers, memory, partitions }))),
  )
  const some = Array.from({ length: caseCount(3, all.length) }, () => all.splice(random.below(all.length), 1)[0]!)
  return some.map(({ workers, memory, partitions }) => ({
    workers,
    partitions,
    ...(memory === undefined ? {} : { memory }),
    tuning: {
      // A job without an exchange has as many parts as splits.
      splitBytes: job === 'grep' ? 4000 : 1000 + random.below(20_000),
      mergeRuns: 2 + random.below(30),
      ...(random.below(2) === 0 ? { collectorBytes: 1 + random.below(20_000) } : {}),
      ...(random.below(2) === 0 ? { heldBytes: random.below(50_000) } : {}),
    },
  }))
}

/** The lines of all parts, as a bag; a header is one of them once for each part, and counts once. */
function bagOf(output: string, header: string | undefined): string[] {
  const lines = partsOf(output).flatMap((part) => part.toString('latin1').split('\n').slice(0, -1))
  return header === undefined ? lines.sort() : lines.filter((line) => line !== header).sort()
}

describe('an output is the same bytes however it is made', { timeout: SUITE_TIMEOUT_MS }, () => {
  it.each(jobsToTry(new Random(SEED)))('%s', { timeout: SUITE_TIMEOUT_MS }, async (name) => {
    const { job, params = {}, input, header, order } = JOBS[name]!
    const folder = temporaryFolder()
    const paths = writeInput(join(folder, 'in'), input)
    const bytes = new Map<number, Record<string, string>>()
    let bag: string[] | undefined
    let concatenation: Buffer | undefined
    const random = new Random(SEED + Object.keys(JOBS).indexOf(name))
    for (const [n, config] of configsOf(job, random).entries()) {
      const { output } = await run(job, paths, { ...config, params, output: join(folder, `out${n}`) })
      const said = `seed ${SEED}, ${JSON.stringify(config)}`
      const before = bytes.get(config.partitions)
      if (before) expect(snapshot(output), said).toEqual(before)
      else bytes.set(config.partitions, snapshot(output))
      bag ??= bagOf(output, header)
      expect(bagOf(output, header), said).toEqual(bag)
      concatenation ??= Buffer.concat(partsOf(output))
      if (order === 'global') expect(Buffer.concat(partsOf(output)).equals(concatenation), said).toBe(true)
    }
  })
})
