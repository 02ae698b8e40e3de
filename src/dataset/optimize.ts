/** Makes a plan cheaper. Every rule keeps the answer. */
import type { Algorithm, Logical } from './logical.js'
import { associateJoins } from './rules/associate_joins.js'
import type { Sizes } from './rules/cardinality.js'
import { chooseJoin } from './rules/choose_join.js'
import { dropSorts } from './rules/drop_sorts.js'
import { foldConstants } from './rules/fold_constants.js'
import { limitRanks } from './rules/limit_ranks.js'
import { mergeProjects } from './rules/merge_projects.js'
import { pruneColumns } from './rules/prune_columns.js'
import { pushFilters } from './rules/push_filters.js'
import { pushLimits } from './rules/push_limits.js'
import { shareCalls } from './rules/share_calls.js'
import { shareJoins } from './rules/share_joins.js'

export interface ArrangeOptions {
  /** Of the reads; what is missing counts as large. */
  sizes?: Sizes
  /** Of all joins, where their type allows it; absent: by their sizes. */
  joins?: Algorithm | undefined
  /** Rows for which an expression fails are left out, and listed: once. */
  skipsBad?: boolean
}

/**
 * What can be said before sizes are known: filters and limits are where they stay.
 *
 * @param now the time of the run: microseconds since 1970-01-01 UTC
 * @param skipsBad whether rows for which an expression fails are left out
 */
export function pushDown(plan: Logical, now: bigint, skipsBad: boolean): Logical {
  const filtered = pushFilters(mergeProjects(foldConstants(plan, now)))
  return limitRanks(dropSorts(pushLimits(mergeProjects(filtered), skipsBad)))
}

/** The rest, for what pushDown() has made. */
export function arrange(plan: Logical, { sizes = new Map(), joins, skipsBad = false }: ArrangeOptions): Logical {
  // Twice: sides count with the columns that are needed, and a join whose sides change places has a projection.
  const chosen = chooseJoin(associateJoins(pruneColumns(plan), sizes), { sizes, forced: joins ?? null })
  const pruned = shareCalls(pruneColumns(chosen))
  return mergeProjects(skipsBad ? pruned : shareJoins(pruned, sizes))
}
