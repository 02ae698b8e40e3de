/** Ranges of rows of a row group: ascending, not empty, and none touches the next. */

export interface RowRange {
  /** Inclusive. */
  start: number
  /** Exclusive. */
  end: number
}

export function allRows(rows: number): RowRange[] {
  return rows > 0 ? [{ start: 0, end: rows }] : []
}

/** The rows that are in both. */
export function intersect(a: readonly RowRange[], b: readonly RowRange[]): RowRange[] {
  const both: RowRange[] = []
  for (let i = 0, k = 0; i < a.length && k < b.length; ) {
    const [first, second] = [a[i]!, b[k]!]
    const start = Math.max(first.start, second.start)
    const end = Math.min(first.end, second.end)
    if (start < end) both.push({ start, end })
    if (first.end < second.end) i++
    else k++
  }
  return both
}

/** The rows that are in one of them at least. */
export function unite(a: readonly RowRange[], b: readonly RowRange[]): RowRange[] {
  const all: RowRange[] = []
  for (const { start, end } of [...a, ...b].sort((one, other) => one.start - other.start)) {
    const last = all.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else all.push({ start, end })
  }
  return all
}
