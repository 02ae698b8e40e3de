import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireLock, currentBootId } from '../../dist/src/state/lock.js'
import { code, temporaryFolder } from '../io/folder.js'

const module = new URL('../../dist/src/state/lock.js', import.meta.url).href

/** Another process that runs `script` with acquireLock at hand; resolves with its first line. */
async function inProcess(script: string): Promise<{ process: ChildProcess; line: string }> {
  const source = `import { acquireLock } from ${JSON.stringify(module)}\n${script}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [data] = await once(child.stdout!, 'data')
  return { process: child, line: String(data).trim() }
}

const holdForEver = (folder: string) =>
  inProcess(`acquireLock(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000)`)

test('a second run is refused with the pid and start of the first', async () => {
  const folder = join(temporaryFolder(), '.out.runjob')
  const holder = await holdForEver(folder)
  expect(() => acquireLock(folder)).toThrow(
    expect.objectContaining({ ...code('OUTPUT_BUSY'), params: expect.objectContaining({ pid: holder.process.pid }) }),
  )
  expect(() => acquireLock(folder)).toThrow(/Another run is writing .*\/out: process \d+, started 20/)
})

test('one process cannot lock twice either, until it releases', () => {
  const folder = temporaryFolder()
  const lock = acquireLock(folder)
  expect(() => acquireLock(folder)).toThrow(expect.objectContaining(code('OUTPUT_BUSY')))
  lock.release()
  expect(readdirSync(folder)).toEqual([])
  acquireLock(folder).release()
})

test('the lock of a process that was killed is taken over at once', async () => {
  const folder = temporaryFolder()
  const holder = await holdForEver(folder)
  holder.process.kill('SIGKILL')
  await once(holder.process, 'exit')
  const lock = acquireLock(folder)
  expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')).pid).toBe(process.pid)
  expect(readdirSync(folder)).toEqual(['lock'])
  lock.release()
})

function leaveLock(folder: string, owner: Record<string, unknown>, name = 'lock'): void {
  const lock = acquireLock(folder)
  const ours = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))
  lock.release()
  writeFileSync(join(folder, name), JSON.stringify({ ...ours, id: 'left', ...owner }))
}

test.skipIf(!existsSync('/proc/self/stat'))('a reused process id is not the owner', () => {
  const folder = temporaryFolder()
  leaveLock(folder, { pid: process.pid, processStart: '1' })
  acquireLock(folder).release()
})

test.skipIf(!existsSync('/proc/self/stat'))('a lock from before the last boot is stale', () => {
  const folder = temporaryFolder()
  leaveLock(folder, { place: { host: hostname(), boot: 'another', namespace: null } })
  acquireLock(folder).release()
})

test('an owner on another machine is alive while it touches its lock', () => {
  const folder = temporaryFolder()
  const path = join(folder, 'lock')
  leaveLock(folder, { pid: 1, place: { host: 'elsewhere', boot: 'x', namespace: null } })
  expect(() => acquireLock(folder)).toThrow(expect.objectContaining(code('OUTPUT_BUSY')))
  const longAgo = new Date(Date.now() - 120_000)
  utimesSync(path, longAgo, longAgo)
  acquireLock(folder).release()
})

test('a lock that cannot be read belongs to another run until it is old', () => {
  const folder = temporaryFolder()
  const path = join(folder, 'lock')
  writeFileSync(path, '')
  expect(() => acquireLock(folder)).toThrow(expect.objectContaining(code('OUTPUT_BUSY')))
  const longAgo = new Date(Date.now() - 120_000)
  utimesSync(path, longAgo, longAgo)
  acquireLock(folder).release()
})

test.skipIf(!existsSync('/proc/self/stat'))(
  'a run that dies while it takes over a stale lock does not block the next',
  () => {
    const folder = temporaryFolder()
    leaveLock(folder, { pid: process.pid, processStart: '1' }, 'first')
    writeFileSync(join(folder, 'lock'), readFileSync(join(folder, 'first')))
    const heir = { ...JSON.parse(readFileSync(join(folder, 'first'), 'utf8')), id: 'heir' }
    writeFileSync(join(folder, 'lock.left'), JSON.stringify(heir))
    const lock = acquireLock(folder)
    expect(statSync(join(folder, 'lock')).isFile()).toBe(true)
    expect(existsSync(join(folder, 'lock.left'))).toBe(false)
    lock.release()
  },
)

test('of many runs that find the same stale lock, one gets it', async () => {
  for (let round = 0; round < 2; round++) {
    const folder = temporaryFolder()
    leaveLock(folder, { pid: 2 ** 22 + 1 })
    const start = Date.now() + 700
    const script = `
      while (Date.now() < ${start});
      let got = 'locked'
      try { acquireLock(${JSON.stringify(folder)}) } catch (error) { got = error.code }
      console.log(got)
      setInterval(() => {}, 1000)`
    const results = await Promise.all(Array.from({ length: 6 }, () => inProcess(script)))
    expect(results.map(({ line }) => line).sort()).toEqual([...Array(5).fill('OUTPUT_BUSY'), 'locked'])
    expect(readdirSync(folder)).toEqual(['lock'])
    for (const { process } of results) process.kill('SIGKILL')
  }
})

test('a release does not remove a lock that is not ours', () => {
  const folder = temporaryFolder()
  const lock = acquireLock(folder)
  const other = JSON.stringify({ ...JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')), id: 'other' })
  writeFileSync(join(folder, 'lock'), other)
  lock.release()
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(other)
})

test.skipIf(!existsSync('/proc/sys/kernel/random/boot_id'))('the boot is known on Linux', () => {
  expect(currentBootId()).toMatch(/^[0-9a-f-]{36}$/)
})
