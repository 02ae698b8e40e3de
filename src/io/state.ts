/**
 * What a run remembers so that another can continue it: the plan, the inputs, and each finished task.
 *
 * One LMDB file in the state folder, written by the main thread alone, a transaction per finished task. Commits are not
 * flushed to disk: what is committed survives the process, even `kill -9`, and that is all it is good for. After a crash of
 * the machine the run files, which are not flushed either, cannot be trusted, so a state of an earlier boot is thrown
 * away unread, and the main thread never waits for the disk.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Database, open, type RootDatabase } from 'lmdb'
import { RunjobError } from '../base/errors.js'
import { fileError, removeTree, writeFileAtomic } from '../base/files.js'
import type { ParamValue, Plan } from '../plan/plan.js'
import { currentBootId } from './lock.js'
import { compareManifests, type Manifest } from './manifest.js'

const VERSION = 2
const STORE = 'state.mdb'
const BOOT = 'boot-id'
const PROBE_TIMEOUT_MS = 60_000

/** What must be the same for a run to be continued. */
export interface RunIdentity {
  plan: Plan
  /** Of the plan, module included. */
  fingerprint: string
  /** Those options that shape tasks or output. */
  options: Record<string, ParamValue>
  manifest: Manifest
}

interface Header extends RunIdentity {
  version: number
}

interface FinishedTask {
  attempt: number
  result: unknown
}

export class JobState {
  readonly #store: RootDatabase
  readonly #facts: Database
  readonly #tasks: Database<FinishedTask, string>

  /**
   * Opens the state in a folder, which is created if need be. Hold the folder's lock.
   *
   * @throws STATE_CORRUPT if what is there is damaged or not ours
   */
  static open(dir: string): JobState {
    const path = join(dir, STORE)
    const boot = currentBootId() ?? ''
    try {
      mkdirSync(dir, { recursive: true })
      if (existsSync(path) && readBoot(dir) !== boot) JobState.remove(dir)
      if (existsSync(path)) probe(path)
      else writeFileAtomic(join(dir, BOOT), boot)
    } catch (error) {
      throw fileError(error, path, 'write')
    }
    let store: RootDatabase
    try {
      store = open({ path, noSubdir: true, maxDbs: 2, cache: false, noSync: true })
    } catch (error) {
      throw corrupt(path, (error as Error).message, error)
    }
    const state = new JobState(store)
    const header = state.#facts.get('header') as Header | undefined
    if (header?.version !== VERSION && state.#facts.getKeysCount() + state.#tasks.getKeysCount() > 0) {
      void store.close()
      throw corrupt(path, header ? 'another version of runjob wrote it' : 'its header is missing')
    }
    return state
  }

  /**
   * The state in a folder, to look at: nothing is written, and a run may be using it.
   *
   * @returns null if there is none, or if it is of an earlier boot, which no run would read
   * @throws STATE_CORRUPT
   */
  static peek(dir: string): JobState | null {
    const path = join(dir, STORE)
    if (!existsSync(path) || readBoot(dir) !== (currentBootId() ?? '')) return null
    probe(path)
    try {
      return new JobState(open({ path, noSubdir: true, maxDbs: 2, cache: false, readOnly: true }))
    } catch (error) {
      throw corrupt(path, (error as Error).message, error)
    }
  }

  static exists(dir: string): boolean {
    return existsSync(join(dir, STORE))
  }

  /** Forgets the state in a folder without looking at it. */
  static remove(dir: string): void {
    for (const name of [STORE, `${STORE}-lock`, BOOT]) removeTree(join(dir, name))
  }

  private constructor(store: RootDatabase) {
    this.#store = store
    this.#facts = store.openDB('facts', {})
    this.#tasks = store.openDB('tasks', {})
  }

  /** The run that the state is of; undefined in a new state. */
  identity(): RunIdentity | undefined {
    const header = this.#facts.get('header') as Header | undefined
    if (!header) return undefined
    const { plan, fingerprint, options, manifest } = header
    return { plan, fingerprint, options, manifest }
  }

  /** Begins a new run: all else is forgotten. */
  begin(identity: RunIdentity): void {
    this.#store.transactionSync(() => {
      this.#facts.clearSync()
      this.#tasks.clearSync()
      this.#facts.putSync('header', { version: VERSION, ...identity } satisfies Header)
    })
  }

  /** Anything else worth keeping: JSON values and bytes. */
  get<T>(name: string): T | undefined {
    return this.#facts.get(`fact:${name}`) as T | undefined
  }

  put(name: string, value: unknown): void {
    this.#store.transactionSync(() => this.#facts.putSync(`fact:${name}`, value))
  }

  /** Makes an attempt the one that counts. One transaction: afterwards the task is done, before it is not. */
  finishTask(id: string, attempt: number, result: unknown): void {
    this.#store.transactionSync(() => this.#tasks.putSync(id, { attempt, result }))
  }

  /** A finished task whose files are no good is to run again. */
  forgetTask(id: string): void {
    this.#store.transactionSync(() => this.#tasks.removeSync(id))
  }

  /** Results of the finished tasks, by id. */
  finishedTasks<Result>(): Map<string, Result> {
    const finished = new Map<string, Result>()
    for (const { key, value } of this.#tasks.getRange()) finished.set(key, value.result as Result)
    return finished
  }

  async close(): Promise<void> {
    await this.#store.close()
  }
}

/**
 * Why a run cannot continue what another began, in words; empty if it can.
 */
export function compareIdentities(before: RunIdentity, now: RunIdentity): string[] {
  const changes = compareManifests(before.manifest, now.manifest)
  changes.push(...compareValues('parameter', before.plan.params, now.plan.params))
  changes.push(...compareValues('option', before.options, now.options))
  if (before.plan.module?.hash !== now.plan.module?.hash) changes.push("the job's code changed")
  for (const name of new Set([...Object.keys(before.plan.sideFiles), ...Object.keys(now.plan.sideFiles)])) {
    if (before.plan.sideFiles[name]?.hash !== now.plan.sideFiles[name]?.hash) changes.push(`side file ${name} changed`)
  }
  if (before.plan.job !== now.plan.job) changes.unshift(`the job was ${before.plan.job} and is ${now.plan.job}`)
  if (changes.length === 0 && before.fingerprint !== now.fingerprint) changes.push("the job's plan changed")
  return changes
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

// LMDB maps the file and trusts it: damage ends in a segmentation fault. Let that happen to somebody else first.
function probe(path: string): void {
  const script = fileURLToPath(new URL('./state_probe.js', import.meta.url))
  const { error, status, signal, stderr } = spawnSync(process.execPath, [script, path], {
    timeout: PROBE_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status === 0) return
  // Where no process can be started nothing is known about the file.
  if (error && signal === null) return
  throw corrupt(path, stderr.trim().split('\n').at(-1) || `reading it ended with ${signal ?? status}`)
}

function corrupt(path: string, reason: string, cause?: unknown): RunjobError {
  return new RunjobError('STATE_CORRUPT', { path, reason }, { cause })
}
