/** Kinds of work in a task, and how long each took. */
export const WORK_KINDS = ['read', 'map', 'collect', 'spill', 'merge', 'reduce', 'write', 'other'] as const

/**
 * - `read`: waiting for input bytes
 * - `map`: native operators (tokenise and aggregate are one loop), or decoding records and the user's map
 * - `collect`: adding a user's records to the collector
 * - `spill`: sorting, combining and writing runs
 * - `merge`: reading runs, merging, native aggregates, formatting (one loop)
 * - `reduce`: the user's reduce
 * - `write`: part files
 */
export type WorkKind = (typeof WORK_KINDS)[number]

export type WorkTimes = Record<WorkKind, number>
