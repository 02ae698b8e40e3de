/**
 * What a run remembers so that another can continue it: the plan, the inputs, and each finished task.
 *
 * One LMDB file in the state folder, written only by the main thread, with one transaction for each task whose work is on disk. Commits are
 * not flushed to disk, so that the main thread never waits for it: what is committed survives the process, even `kill -9`,
 * but not the machine. After a crash of the machine the run files, which are not flushed either, cannot be trusted, so a
 * state of an earlier boot is discarded unread.
 *
 * LMDB maps the file and trusts it: damage may end in a signal, in a loop, or in another answer. So a separate process (dump.ts) reads the
 * file that a run finds; its entries are verified here and go into a new file. Each entry has a checksum, and a seal holds the sum of all
 * checksums, so that lost entries, and entries from an older transaction, are found as well.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deserialize, serialize } from 'node:v8'
import { RunjobError } from '../base/errors.js'
import { fileError, makeFolder, removeTree, writeFileAtomic } from '../base/files.js'
import { fromNative, kernels, type Store } from '../kernels/addon.js'
import type { ParamValue, Plan } from '../plan/plan.js'
import { currentBootId } from './lock.js'
import { compareManifests, type Manifest } from './manifest.js'

const VERSION = 5
const STORE = 'state.mdb'
/** The file that was found, until its content is in the new one. */
const FOUND = 'found.mdb'
const BOOT = 'boot-id'
const DUMP_TIMEOUT_MS = 60_000

const HEADER = 'header'
const SEAL = 'seal'
const FACT = 'fact:'
const TASK = 'task:'

const CHECKSUM_BYTES = 8

/** What must be the same for a run to be continued. */
export interface RunIdentity {
  plan: Plan
  /** Hash of the plan, module included. */
  fingerprint: string
  /** The versions on which the bytes of an output depend. */
  versions: Record<string, string | null>
  /** Options that affect tasks or output. */
  options: Record<string, ParamValue>
  manifest: Manifest
  /** Hashes of the files of the job's code, by path, so that changed files can be named. */
  sources: Record<string, string>
}

interface Header extends RunIdentity {
  version: number
}

/** A task that is done. */
export interface FinishedTask {
  id: string
  attempt: number
  result: unknown
}

type TaskEntry = Omit<FinishedTask, 'id'>

/** Covers all other entries. */
interface Seal {
  entries: number
  /** Exclusive or of their checksums. */
  sum: bigint
}

/** What a state holds. */
export interface StateView {
  /** The run that the state is of; undefined in a new state. */
  identity(): RunIdentity | undefined
  /** Other things to keep: plain values and bytes. */
  get<T>(name: string): T | undefined
  /** Results of the finished tasks, by id. */
  finishedTasks<Result>(): Map<string, Result>
}

export class JobState implements StateView {
  readonly #path: string
  readonly #store: Store
  #seal: Seal = { entries: 0, sum: 0n }

  /**
   * Opens the state in a folder, and creates it if needed. Hold the folder's lock.
   *
   * @param note called if there is a state that no run can use
   * @throws STATE_CORRUPT if the state is damaged or not ours; DISK_FULL, FILE_IO, OUT_OF_MEMORY, like all methods that read or write
   */
  static open(dir: string, note: (text: string) => void = () => {}): JobState {
    const path = join(dir, STORE)
    const found = join(dir, FOUND)
    const boot = currentBootId() ?? ''
    let state: JobState | undefined
    try {
      makeFolder(dir)
      if (existsSync(path) || existsSync(found)) {
        // Written last: without it the store is incomplete.
        const before = readBoot(dir)
        if (before !== undefined && before !== boot) {
          note(
            'an earlier run ended with a crash or restart of the machine: it cannot be continued, so this run starts over',
          )
        }
        if (before !== boot) JobState.remove(dir)
      }
      // The process that moved it ended before everything was in the new file.
      if (existsSync(found)) removeTree(path)
      else if (existsSync(path)) renameSync(path, found)
      removeTree(`${path}-lock`)
      const entries = existsSync(found) ? readFound(found, path) : undefined
      state = new JobState(path)
      state.#write(entries ?? [])
      if (!entries) writeFileAtomic(join(dir, BOOT), boot, false)
      removeTree(found)
      removeTree(`${found}-lock`)
      return state
    } catch (error) {
      state?.close()
      throw storeError(error, path)
    }
  }

  /**
   * A view of the state in a folder as it is now: nothing is written, and a run may be using it.
   *
   * @returns null if there is none, or if it is of an earlier boot, which no run would read
   * @throws STATE_CORRUPT
   */
  static peek(dir: string): StateView | null {
    const path = join(dir, STORE)
    const found = join(dir, FOUND)
    const file = existsSync(found) ? found : path
    if (!existsSync(file) || readBoot(dir) !== (currentBootId() ?? '')) return null
    const entries = new Map(readFound(file, path).map(([key, value]) => [key, deserialize(value)]))
    return {
      identity: () => identityOf(entries.get(HEADER)),
      get: <T>(name: string) => entries.get(FACT + name) as T | undefined,
      finishedTasks: <Result>() => {
        const tasks = [...entries].filter(([key]) => key.startsWith(TASK))
        return new Map(tasks.map(([key, task]) => [key.slice(TASK.length), (task as TaskEntry).result as Result]))
      },
    }
  }

  static exists(dir: string): boolean {
    return existsSync(join(dir, STORE))
  }

  /** Discards the state in a folder unread. */
  static remove(dir: string): void {
    for (const name of [STORE, `${STORE}-lock`, FOUND, `${FOUND}-lock`, BOOT]) removeTree(join(dir, name))
  }

  private constructor(path: string) {
    this.#path = path
    this.#store = kernels.openStore(path, { readOnly: false })
  }

  identity(): RunIdentity | undefined {
    return identityOf(this.#read<Header>(HEADER))
  }

  /** Begins a new run: everything else is forgotten. */
  begin(identity: RunIdentity): void {
    const header: Header = { version: VERSION, ...identity }
    const known = this.#entries('').flatMap(([key]) => (key === SEAL ? [] : [key]))
    this.#write([[HEADER, serialize(header)]], known)
  }

  get<T>(name: string): T | undefined {
    return this.#read<T>(FACT + name)
  }

  put(name: string, value: unknown): void {
    this.#write([[FACT + name, serialize(value)]])
  }

  /** Makes attempts count, and puts facts. One transaction: before it these tasks are not done, after it they are. */
  keep(finished: readonly FinishedTask[], facts: ReadonlyMap<string, unknown> = new Map()): void {
    const tasks = finished.map(({ id, attempt, result }): [key: string, value: Buffer] => {
      return [TASK + id, serialize({ attempt, result } satisfies TaskEntry)]
    })
    this.#write([...tasks, ...[...facts].map(([name, value]): [string, Buffer] => [FACT + name, serialize(value)])])
  }

  /** Forgets finished tasks, which will run again, and names of facts, in one transaction. */
  forget(tasks: readonly string[], names: readonly string[]): void {
    this.#write([], [...tasks.map((id) => TASK + id), ...names.map((name) => FACT + name)])
  }

  finishedTasks<Result>(): Map<string, Result> {
    const finished = new Map<string, Result>()
    for (const [key, value] of this.#entries(TASK)) {
      finished.set(key.slice(TASK.length), (contentOf(value) as TaskEntry).result as Result)
    }
    return finished
  }

  close(): void {
    this.#store.close()
  }

  #read<T>(key: string): T | undefined {
    const entry = this.#guard(() => this.#store.get(key))
    return entry && (contentOf(entry) as T)
  }

  #entries(prefix: string): [key: string, value: Buffer][] {
    return this.#guard(() => this.#store.entries(prefix, Number.MAX_SAFE_INTEGER))
  }

  /** Removes, then puts, in one transaction. */
  #write(puts: [key: string, value: Buffer][], removes: string[] = []): void {
    // A copy: if the transaction fails, later tasks must still be written next to the old entries.
    const seal = { ...this.#seal }
    this.#guard(() => {
      for (const key of new Set([...removes, ...puts.map(([key]) => key)])) {
        const entry = this.#store.get(key)
        if (!entry) continue
        seal.entries--
        seal.sum ^= entry.readBigUInt64LE()
      }
      const entries = puts.map(([key, value]) => entryOf(key, value))
      for (const entry of entries) {
        seal.entries++
        seal.sum ^= entry.readBigUInt64LE()
      }
      const keys = puts.map(([key]) => key)
      this.#store.write(removes, [...keys, SEAL], [...entries, entryOf(SEAL, serialize(seal))])
    })
    this.#seal = seal
  }

  #guard<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw storeError(error, this.#path)
    }
  }
}

function identityOf(header: Header | undefined): RunIdentity | undefined {
  if (!header) return undefined
  const { plan, fingerprint, versions, options, manifest, sources } = header
  return { plan, fingerprint, versions, options, manifest, sources }
}

/**
 * Why a run cannot continue another, in words; empty if it can.
 */
export function compareIdentities(before: RunIdentity, now: RunIdentity): string[] {
  const changes = compareManifests(before.manifest, now.manifest)
  changes.push(...compareValues('the version of', before.versions, now.versions))
  changes.push(...compareValues('parameter', before.plan.params, now.plan.params))
  changes.push(...compareValues('option', before.options, now.options))
  if (before.plan.module?.hash !== now.plan.module?.hash) changes.push(describeCode(before.sources, now.sources))
  for (const name of new Set([...Object.keys(before.plan.sideFiles), ...Object.keys(now.plan.sideFiles)])) {
    if (before.plan.sideFiles[name]?.hash !== now.plan.sideFiles[name]?.hash) changes.push(`side file ${name} changed`)
  }
  if (before.plan.job !== now.plan.job) changes.unshift(`the job was ${before.plan.job} and is ${now.plan.job}`)
  if (changes.length === 0 && before.fingerprint !== now.fingerprint) changes.push("the job's plan changed")
  return changes
}

function describeCode(before: RunIdentity['sources'], now: RunIdentity['sources']): string {
  const changed = Object.keys({ ...before, ...now }).filter((path) => before[path] !== now[path])
  return `the job's code changed${changed.length > 0 ? `: ${changed.join(', ')}` : ''}`
}

function compareValues(what: string, before: Record<string, ParamValue>, now: Record<string, ParamValue>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return names
    .filter((name) => before[name] !== now[name])
    .map((name) => `${what} ${name} was ${before[name] ?? 'not set'} and is ${now[name] ?? 'not set'}`)
}

function readBoot(dir: string): string | undefined {
  try {
    return readFileSync(join(dir, BOOT), 'utf8')
  } catch {
    return undefined
  }
}

/** Checksum, then value. The checksum includes the key: an entry under another key is invalid. */
function entryOf(key: string, value: Buffer): Buffer {
  const entry = Buffer.allocUnsafe(CHECKSUM_BYTES + value.length)
  entry.writeBigUInt64LE(checksum(key, value))
  value.copy(entry, CHECKSUM_BYTES)
  return entry
}

function contentOf(entry: Buffer): unknown {
  return deserialize(entry.subarray(CHECKSUM_BYTES))
}

function checksum(key: string, value: Buffer): bigint {
  return kernels.xxh64(value, kernels.xxh64(Buffer.from(key), 0n))
}

/**
 * The verified entries of a file that another process wrote.
 *
 * @param path where the file was found, for errors
 * @throws STATE_CORRUPT
 */
function readFound(file: string, path: string): [key: string, value: Buffer][] {
  // Created, but still empty.
  if (statSync(file).size === 0) return []
  const entries = dump(file, path)
  const all = new Map<string, Buffer>()
  for (const [key, value] of entries) {
    const content = value.subarray(CHECKSUM_BYTES)
    if (value.length < CHECKSUM_BYTES || value.readBigUInt64LE() !== checksum(key, content)) {
      throw corrupt(path, 'a checksum does not match, or another version of runjob wrote it')
    }
    all.set(key, value)
  }
  if (all.size === 0) return []
  const seal = all.get(SEAL)
  all.delete(SEAL)
  const sum = [...all.values()].reduce((total, value) => total ^ value.readBigUInt64LE(), 0n)
  const expected = seal && (contentOf(seal) as Seal)
  if (expected?.sum !== sum || expected.entries !== all.size) throw corrupt(path, 'entries are missing')
  const header = all.get(HEADER)
  if (header && (contentOf(header) as Header).version !== VERSION) {
    throw corrupt(path, 'another version of runjob wrote it')
  }
  if (!header && all.size > 0) throw corrupt(path, 'its header is missing')
  return [...all].map(([key, value]) => [key, value.subarray(CHECKSUM_BYTES)])
}

/** All entries of an LMDB file, read by a process that may die of damage. */
function dump(file: string, path: string): [key: string, value: Buffer][] {
  const script = fileURLToPath(new URL('../state/dump.cjs', import.meta.url))
  const { error, status, signal, stdout, stderr } = spawnSync(process.execPath, [script, file], {
    timeout: DUMP_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // A circular tree has no end.
    maxBuffer: 4 * statSync(file).size + 2 ** 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status === 0 && !error) {
    try {
      return deserialize(stdout) as [key: string, value: Buffer][]
    } catch (cause) {
      throw corrupt(path, 'reading it gave no entries', cause)
    }
  }
  const said = stderr?.toString().trim().split('\n').at(-1)
  throw corrupt(path, said || error?.message || `reading it ended with ${signal ?? status}`, error)
}

// The store says what is wrong, but not where.
function storeError(error: unknown, path: string): unknown {
  if (error instanceof RunjobError) return error
  const known = fromNative(error)
  if (!(known instanceof RunjobError)) return fileError(known, path, 'write')
  const { code, params } = known
  if (code !== 'STATE_CORRUPT' && code !== 'DISK_FULL' && code !== 'FILE_IO') return known
  return new RunjobError(code, { path, reason: params.detail }, { cause: error })
}

function corrupt(path: string, reason: string, cause?: unknown): RunjobError {
  return new RunjobError('STATE_CORRUPT', { path, reason }, { cause })
}
