export interface Spread {
  median: number
  min: number
  max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

const CONFIDENCE = 0.98

/**
 * Between which values the median of all trials that could be made lies, with a probability of at least 98 %; null: there are too few
 * values to say.
 *
 * Source: order statistics; how many of n values are below the median is binomial with p = 1/2.
 */
export function medianInterval(values: readonly number[]): { low: number; median: number; high: number } | null {
  const n = values.length
  let outside = 2 * 0.5 ** n
  if (outside > 1 - CONFIDENCE) return null
  let rank = 0
  // The chance that `rank` values are below it, or above.
  for (let term = outside; ; rank++) {
    term *= (n - rank) / (rank + 1)
    if (outside + term > 1 - CONFIDENCE) break
    outside += term
  }
  const sorted = [...values].sort((a, b) => a - b)
  return { low: sorted[rank]!, median: spread(values).median, high: sorted[n - 1 - rank]! }
}
