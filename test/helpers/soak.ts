/** Suites of random cases: a few of them in every test run, many with `npm run test:soak`. */

/** Whether this is a soak, not the few cases of every test run. */
export const IS_SOAK = process.env.RUNJOB_SOAK === '1'

/** How many cases to run. A case is a function of its number, so that a failure can be repeated alone. */
export function caseCount(quick: number, soak: number): number {
  return IS_SOAK ? soak : quick
}

/** For the whole suite, in milliseconds. */
export const SUITE_TIMEOUT_MS = IS_SOAK ? 3_600_000 : 300_000
