/** Rows of cached frames: written once, as Parquet in a temporary folder, and read by all actions that need them. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { cachedIn, cacheOf, withNodes } from '../dataset/cache.js'
import { type AnyFrame, DataFrame } from '../dataset/frame.js'
import { type Query, type ReadQuery, readsOf } from '../dataset/query.js'
import { PARQUET } from '../dataset/read.js'
import { findInputs, isPiped } from '../io/input/inputs.js'
import { outputsIn } from '../io/output/earlier.js'
import { stateDirOf, withinOutput } from '../io/output/place.js'
import type { Column } from '../plan/type.js'
import { KEPT, removeForgotten } from '../state/kept.js'
import { acquireLock, type Lock } from '../state/lock.js'
import { type DatasetOptions, PREPARED } from './options.js'
import type { Prepared } from './prepared.js'
import { datasetOf } from './rows.js'
import { runAny } from './run.js'
import { openTemporaryFolder, type TemporaryFolder } from './temporary.js'

type FillOptions = Partial<Omit<DatasetOptions<never>, 'output'>>

/**
 * Calls an action with a frame that reads what is kept, after it has been computed if need be. Two actions at a time compute it once.
 *
 * With bad records to skip, nothing is kept: other actions would miss them.
 *
 * @param options of the action
 * @throws what filling throws: what a run throws
 */
export async function withKeptRows<T>(
  frame: AnyFrame,
  options: FillOptions,
  act: (frame: AnyFrame) => Promise<T>,
): Promise<T> {
  const cached = options.maxBad === undefined ? cachedIn(frame.query) : []
  if (cached.length === 0) return act(frame)
  const pinned: KeptRows[] = []
  try {
    const reads = new Map<Query, Query>()
    for (const node of cached) {
      const rows = await pin(node, options)
      if (rows === null) continue
      pinned.push(rows)
      reads.set(node, rows.read)
    }
    return await act(new DataFrame(withNodes(frame.query, reads)))
  } finally {
    for (const rows of pinned) rows.unpin()
  }
}

/** The same with what is kept already, and the number of frames whose rows are not. */
export async function withRowsSoFar<T>(
  frame: AnyFrame,
  options: FillOptions,
  act: (frame: AnyFrame, missing: number) => Promise<T>,
): Promise<T> {
  const key = keyOf(options)
  const cached = cachedIn(frame.query)
  const isThere = (node: Query) => cacheOf(node)!.kept.has(key)
  if (options.maxBad !== undefined || !cached.every(isThere)) {
    return act(frame, cached.filter((node) => !isThere(node)).length)
  }
  return withKeptRows(frame, options, (known) => act(known, 0))
}

/**
 * Whether a frame reads where its rows will be written. What is kept of it would hide that: after a kill nobody could tell whether the old rows
 * were read, or the new ones.
 */
export function readsOutput({ query }: AnyFrame, output: string, { allFiles = false }: FillOptions): boolean {
  const place = resolve(output)
  if (cachedIn(query).length === 0) return false
  // A run that was cut off may have moved it away.
  if (!existsSync(place)) return existsSync(stateDirOf(place))
  const isReplaced = withinOutput(place)
  const search = { allFiles, own: [], outputsIn: allFiles ? null : outputsIn }
  const paths = [...readsOf(query)].flatMap((read) => read.paths).filter((given) => given !== '-')
  return paths.some((given) => {
    try {
      const { files } = findInputs([given], process.cwd(), search)
      return files.some((file) => !isPiped(file) && isReplaced(file.path))
    } catch {
      // The run says what is wrong with it.
      return false
    }
  })
}

/** What the rows depend on beside the frame. */
function keyOf({ encoding, allFiles }: FillOptions): string {
  return JSON.stringify([encoding ?? null, allFiles ?? false])
}

/** null: the frame is no longer cached. */
async function pin(node: Query, options: FillOptions): Promise<KeptRows | null> {
  const key = keyOf(options)
  for (;;) {
    const cache = cacheOf(node)
    if (cache === null) return null
    const known = cache.kept.get(key) as Promise<KeptRows> | undefined
    const filling = known ?? fill(node, options)
    if (!known) cache.kept.set(key, filling)
    try {
      // Who fills it stops by itself, and takes away what there is.
      const rows = await (known ? orStopped(filling, options.signal) : filling)
      if (rows.pin()) return rows
    } catch (error) {
      // What failed is not kept.
      filling.catch(() => {
        if (cache.kept.get(key) === filling) cache.kept.delete(key)
      })
      const isStopped = error instanceof RunjobError && error.code === 'INTERRUPTED'
      // Another action was to fill it, and was stopped.
      if (known && isStopped && options.signal?.aborted !== true) continue
      throw error
    }
  }
}

/** @throws INTERRUPTED once the signal is given */
function orStopped<T>(filling: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return filling
  return new Promise((resolve, reject) => {
    const stop = () => reject(new RunjobError('INTERRUPTED', { state: null }))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    filling.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

async function fill(node: Query, options: FillOptions): Promise<KeptRows> {
  removeForgotten()
  const folder = openTemporaryFolder(KEPT)
  try {
    const lock = acquireLock(folder.path)
    const path = join(folder.path, 'rows')
    let columns: readonly Column[] = []
    // A copy of the node, which has no mark; those below it have theirs.
    await withKeptRows(new DataFrame({ ...node }), options, (frame) =>
      runAny(datasetOf(frame), {
        ...options,
        output: path,
        format: 'parquet',
        [PREPARED]: ({ logical }: Prepared) => {
          columns = logical![0]!.asked.columns
        },
      }),
    )
    const read: ReadQuery = {
      kind: 'read',
      format: PARQUET,
      paths: [path],
      name: 'cached rows',
      schema: [...columns],
      inferPartitionTypes: false,
    }
    return new KeptRows(read, folder, lock)
  } catch (error) {
    folder.remove()
    throw error instanceof RunjobError ? error.withParams({ state: null }) : error
  }
}

/** Until they are released, and no action reads them. */
class KeptRows {
  readonly read: ReadQuery
  readonly #folder: TemporaryFolder
  readonly #lock: Lock
  #readers = 0
  #isReleased = false

  constructor(read: ReadQuery, folder: TemporaryFolder, lock: Lock) {
    this.read = read
    this.#folder = folder
    this.#lock = lock
  }

  /** Whether they are there, and stay until unpin(). */
  pin(): boolean {
    if (this.#isReleased) return false
    this.#readers++
    return true
  }

  unpin(): void {
    this.#readers--
    this.#removeIfUnused()
  }

  release(): void {
    this.#isReleased = true
    this.#removeIfUnused()
  }

  #removeIfUnused(): void {
    if (!this.#isReleased || this.#readers > 0) return
    this.#lock.release()
    this.#folder.remove()
  }
}
