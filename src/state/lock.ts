/**
 * One run at a time per output.
 *
 * The lock is a file in the state folder that names its owner. It appears complete, by a hard link to a finished file, and
 * linking fails if the name is taken: of two runs one gets it. A lock whose owner died is stale and may be replaced, but
 * only by the run that holds the right to do so, which is a lock as well: `lock.<id of the stale lock>`. So two runs that find
 * the same stale lock cannot both take it over, and neither can remove a lock that the other has just acquired.
 *
 * An owner on this machine is alive if its process is, with the same start time (process ids are reused) and in the same
 * boot. An owner that cannot be seen from here (another machine on a shared disk, another container) is alive if it
 * touched its lock recently.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { fileError, hasErrno, makeFolder } from '../base/files.js'

const HEARTBEAT_MS = 10_000
const FORGOTTEN_MS = 60_000

interface Owner {
  /** Of this lock, not of the process. */
  id: string
  pid: number
  started: string
  /** In clock ticks since boot; null if the system does not report it. */
  processStart: string | null
  place: Place
}

/** Process ids are only meaningful within one boot of one machine, and within one process namespace. */
interface Place {
  host: string
  /** null if the system does not report it. */
  boot: string | null
  namespace: string | null
}

export interface Lock {
  release(): void
}

/**
 * Locks a state folder, which is created if need be, until release() or the end of the process.
 *
 * @throws OUTPUT_BUSY with pid and start of the run that holds it
 */
export function acquireLock(stateDir: string): Lock {
  const path = join(stateDir, 'lock')
  const owner: Owner = {
    id: randomBytes(8).toString('hex'),
    pid: process.pid,
    started: new Date().toISOString(),
    processStart: processStartOf(process.pid),
    place: currentPlace(),
  }
  const candidate = join(stateDir, `.lock-${owner.id}`)
  try {
    makeFolder(stateDir)
    writeFileSync(candidate, JSON.stringify(owner))
    acquire(path, candidate, stateDir)
  } catch (error) {
    throw fileError(error, path, 'write')
  } finally {
    rmSync(candidate, { force: true })
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref()
  return {
    release() {
      clearInterval(heartbeat)
      try {
        if (readOwner(path)?.id === owner.id) rmSync(path, { force: true })
      } catch {
        // Once this process has ended the lock is stale. The run's own failure matters more than this one.
      }
    },
  }
}

/** The run that holds a state folder now, as far as can be seen from here. */
export function lockHolder(stateDir: string): { pid: number; started: string } | null {
  const path = join(stateDir, 'lock')
  const owner = readOwner(path)
  return owner && isAlive(owner, path) ? { pid: owner.pid, started: owner.started } : null
}

/** An identifier of this boot of the machine; null if the system has none. */
export function currentBootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id')
}

/** @throws OUTPUT_BUSY if another run holds the folder now; nothing is locked */
export function refuseHeld(stateDir: string): void {
  const path = join(stateDir, 'lock')
  const owner = readOwner(path)
  if (owner && isAlive(owner, path)) throw busy(stateDir, owner)
}

function acquire(path: string, candidate: string, stateDir: string): void {
  for (;;) {
    if (tryLink(candidate, path)) return
    const owner = readOwner(path)
    // It was released at this moment.
    if (!owner) continue
    if (isAlive(owner, path)) throw busy(stateDir, owner)
    const heir = `${path}.${owner.id}`
    acquire(heir, candidate, stateDir)
    // An earlier heir may already have replaced the stale lock.
    if (readOwner(path)?.id === owner.id) {
      renameSync(heir, path)
      return
    }
    rmSync(heir, { force: true })
  }
}

function tryLink(from: string, path: string): boolean {
  try {
    linkSync(from, path)
    return true
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'ENOSYS')) throw error
  }
  // A filesystem without links: the file exists before its content, and counts as alive until then.
  try {
    writeFileSync(path, readFileSync(from), { flag: 'wx' })
    return true
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
}

/** undefined if there is no lock. */
function readOwner(path: string): Owner | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    return JSON.parse(text) as Owner
  } catch {
    return { id: 'unknown', pid: 0, started: '', processStart: null, place: { host: '', boot: null, namespace: null } }
  }
}

function isAlive(owner: Owner, path: string): boolean {
  const here = currentPlace()
  const { host, boot, namespace } = owner.place
  if (host === here.host && boot !== here.boot) return false
  if (host !== here.host || namespace !== here.namespace) return !isForgotten(path)
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it runs as another user.
    if (hasErrno(error, 'ESRCH')) return false
  }
  return owner.processStart === processStartOf(owner.pid)
}

function isForgotten(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > FORGOTTEN_MS
  } catch {
    return true
  }
}

function touch(path: string): void {
  try {
    const now = new Date()
    utimesSync(path, now, now)
  } catch {
    // The state folder was removed on purpose.
  }
}

function currentPlace(): Place {
  let namespace: string | null = null
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux.
  }
  return { host: hostname(), boot: currentBootId(), namespace }
}

// Field 22 of /proc/PID/stat. The name in field 2 may hold blanks and parentheses. A zombie has ended.
function processStartOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  return state === 'Z' || state === 'X' ? 'ended' : (fields[19] ?? null)
}

function busy(stateDir: string, { pid, started }: Owner): RunjobError {
  const output = basename(stateDir).replace(/^\.(.*)\.runjob$/, '$1')
  return new RunjobError('OUTPUT_BUSY', { path: join(dirname(stateDir), output), pid, started })
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}
