/** Rows of cached frames, and elements of cached collections: written once, as Parquet in a temporary folder, and read by all actions that need them. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RunjobError } from '../base/errors.js'
import type { Query as Elements } from '../collection/query.js'
import { cachedIn, filesOf, withNodes } from '../dataset/cache.js'
import { type AnyFrame, Frame } from '../dataset/frame.js'
import type { AnyQuery, Query, ReadQuery } from '../dataset/query.js'
import { PARQUET } from '../dataset/read.js'
import { findInputs, isPiped } from '../io/input/inputs.js'
import { outputsIn } from '../io/output/earlier.js'
import { stateDirOf, withinOutput } from '../io/output/place.js'
import { type Cache, cacheOf } from '../plan/cached.js'
import type { Column } from '../plan/type.js'
import { KEPT, removeForgotten } from '../state/kept.js'
import { acquireLock, type Lock } from '../state/lock.js'
import { type DatasetOptions, PREPARED } from './options.js'
import type { Prepared } from './prepared.js'
import { datasetOf } from './rows.js'
import { runAny } from './run.js'
import { openTemporaryFolder, type TemporaryFolder } from './temporary.js'

type FillOptions = Partial<Omit<DatasetOptions<never>, 'output'>>

/** The same for a frame. */
export function withKeptRows<T>(
  frame: AnyFrame,
  options: FillOptions,
  act: (frame: AnyFrame) => Promise<T>,
): Promise<T> {
  return withKept(frame.query, options, (query) => act(query === frame.query ? frame : new Frame(query)))
}

/**
 * Calls an action with a query that reads what is kept, after it has been computed if need be. Two actions at a time compute it once.
 *
 * With bad records to skip, nothing is kept: other actions would miss them.
 *
 * @param options of the action
 * @throws what filling throws: what a run throws
 */
export async function withKept<Q extends AnyQuery, T>(
  query: Q,
  options: FillOptions,
  act: (query: Q) => Promise<T>,
): Promise<T> {
  const cached = options.maxBad === undefined ? cachedIn(query) : []
  if (cached.length === 0) return act(query)
  const pinned: KeptRows[] = []
  try {
    const reads = new Map<AnyQuery, AnyQuery>()
    for (const node of cached) {
      const rows = await pin(node, options)
      if (rows === null) continue
      pinned.push(rows)
      reads.set(node, rows.query)
    }
    return await act(withNodes(query, reads))
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
  const isThere = (node: AnyQuery) => cacheOf(node)!.kept.has(key)
  if (options.maxBad !== undefined || !cached.every(isThere)) {
    return act(frame, cached.filter((node) => !isThere(node)).length)
  }
  return withKeptRows(frame, options, (known) => act(known, 0))
}

/**
 * Whether what is asked for reads where it will be written. What is kept of it would hide that: after a kill nobody could tell whether the old rows
 * were read, or the new ones.
 */
export function readsOutput(query: AnyQuery, output: string, { allFiles = false }: FillOptions): boolean {
  const place = resolve(output)
  if (cachedIn(query).length === 0) return false
  // A run that was cut off may have moved it away.
  if (!existsSync(place)) return existsSync(stateDirOf(place))
  const isReplaced = withinOutput(place)
  const search = { allFiles, own: [], outputsIn: allFiles ? null : outputsIn }
  const paths = filesOf(query)
    .flatMap((read) => read.paths)
    .filter((given) => given !== '-')
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
async function pin(node: AnyQuery, options: FillOptions): Promise<KeptRows | null> {
  const key = keyOf(options)
  for (;;) {
    const cache = cacheOf(node)
    if (cache === null) return null
    const known = cache.kept.get(key) as Promise<KeptRows> | undefined
    const filling = known ?? fill(node, cache.of, options)
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

async function fill(node: AnyQuery, of: Cache['of'], options: FillOptions): Promise<KeptRows> {
  removeForgotten()
  const folder = openTemporaryFolder(KEPT)
  try {
    const lock = acquireLock(folder.path)
    const path = join(folder.path, 'rows')
    let columns: readonly Column[] = []
    // A copy of the node, which has no mark; those below it have theirs.
    await withKept(rowsQuery(node, of), options, (query) =>
      runAny(datasetOf(new Frame(query)), {
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
    return new KeptRows(of === 'rows' ? read : { kind: 'rows', frame: read, as: 'encoded' }, folder, lock)
  } catch (error) {
    folder.remove()
    throw error instanceof RunjobError ? error.withParams({ state: null }) : error
  }
}

const ELEMENT: Column = { name: 'element', type: 'binary', nullable: false }

/** What is kept of a node. */
function rowsQuery(node: AnyQuery, of: Cache['of']): Query {
  if (of === 'rows') return { ...node } as Query
  return { kind: 'elements', collection: { ...node } as Elements, columns: [ELEMENT], encoded: true }
}

/** Until they are released, and no action reads them. */
class KeptRows {
  /** Reads it. */
  readonly query: AnyQuery
  readonly #folder: TemporaryFolder
  readonly #lock: Lock
  #readers = 0
  #isReleased = false

  constructor(query: AnyQuery, folder: TemporaryFolder, lock: Lock) {
    this.query = query
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
