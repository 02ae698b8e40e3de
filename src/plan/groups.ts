/** Aggregates that see their values sorted: values are part of the keys of their exchange, so none has to be held. */
import type { GroupFn, GroupValue } from './plan.js'

const SORTED: ReadonlySet<GroupFn> = new Set(['countDistinct', 'percentile', 'percentileDisc', 'mode'])

/** Whether keys of the exchange have more behind the group, so that it is partitioned by prefix. */
export function hasCompositeKeys(values: readonly GroupValue[]): boolean {
  return values.some(({ fn }) => SORTED.has(fn))
}

/** What marks the keys of each aggregate's values, from 1 on: those of equal values have the same; 0: it has no such keys. */
export function valueTags(values: readonly GroupValue[]): number[] {
  const tags = new Map<string, number>()
  return values.map(({ fn, args }) => {
    if (!SORTED.has(fn)) return 0
    const what = JSON.stringify(fn === 'countDistinct' ? args : args[0])
    return tags.get(what) ?? tags.set(what, tags.size + 1).size
  })
}
