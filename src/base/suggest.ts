/** "Did you mean …?" for unknown names. */

/**
 * The known name closest to `name`, or undefined if none is close enough for a typing error.
 *
 * Upper and lower case count as equal; up to a third of the letters may differ. Ties go to the name that comes first.
 */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const names = [...known]
  const twin = names.find((candidate) => visible(candidate) === visible(name))
  if (twin !== undefined) return twin
  const wanted = name.toLowerCase()
  let best: string | undefined
  // Names without a common letter are not a typing error.
  let bestDistance = Math.min(Math.max(1, Math.floor(wanted.length / 3)) + 1, wanted.length)
  for (const candidate of names) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** How two names that look alike differ; null if the difference is visible. */
export function likeness(name: string, other: string): string | null {
  if (name === other || visible(name) !== visible(other)) return null
  if (name.normalize() === other.normalize())
    return 'They look alike, but one has a letter with its accent as one character, the other as two.'
  const bare = name.replace(UNSEEN, '') === other.replace(UNSEEN, '')
  return bare
    ? 'They look alike, but one has white space or an invisible character that the other lacks.'
    : 'They look alike, but are written with different characters.'
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Z}]/gu

/** The visible part of a name. */
function visible(name: string): string {
  return name.normalize('NFKC').replace(UNSEEN, '')
}

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). Anything >= limit may be
// returned as limit.
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return Math.min(last[b.length]!, limit)
}
