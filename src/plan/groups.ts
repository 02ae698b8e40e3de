/** Aggregates that see their values in order: values are part of the keys of their exchange, so none has to be held. */
import type { GroupFn, GroupValue } from './plan.js'

const RANKED: ReadonlySet<GroupFn> = new Set(['percentile', 'percentileDisc'])
const SORTED: ReadonlySet<GroupFn> = new Set(['countDistinct', 'mode', ...RANKED])

/** Whether keys of the exchange have more behind the group, so that it is partitioned by prefix. */
export function hasCompositeKeys(values: readonly GroupValue[]): boolean {
  return values.some(({ fn }) => SORTED.has(fn))
}

/** What marks the keys of each aggregate's values, from 1 on: equal values that are kept alike have the same; 0: it has no such keys. */
export function valueTags(values: readonly GroupValue[]): number[] {
  const tags = new Map<string, number>()
  return values.map(({ fn, args }) => {
    if (!SORTED.has(fn)) return 0
    const what = JSON.stringify(fn === 'countDistinct' ? args : { arg: args[0], isRanked: RANKED.has(fn) })
    return tags.get(what) ?? tags.set(what, tags.size + 1).size
  })
}
