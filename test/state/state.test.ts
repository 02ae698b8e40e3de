import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RunjobError } from '../../dist/src/base/errors.js'
import type { Plan } from '../../dist/src/plan/plan.js'
import { compareIdentities, JobState, type RunIdentity } from '../../dist/src/state/state.js'
import { code, temporaryFolder } from '../io/folder.js'

const plan: Plan = {
  version: 2,
  job: 'stats',
  module: { path: '/jobs/stats.mjs', hash: 'abc' },
  params: { n: 5, name: 'x' },
  sideFiles: { codes: { path: '/codes', hash: '1' } },
  stages: [],
}

const identity: RunIdentity = {
  plan,
  fingerprint: 'f1',
  versions: { runjob: '1.0.0', Unicode: '15.1' },
  options: { partitions: 4 },
  manifest: { input: [{ path: '/d/a', sizeBytes: 5, mtimeMs: 1000.5, compression: 'none' }] },
  sources: { 'stats.ts': 'h1', 'lib/a.ts': 'h2' },
}

test('everything is there again after the state was closed', async () => {
  const folder = temporaryFolder()
  const state = JobState.open(folder)
  expect(state.identity()).toBeUndefined()
  state.begin(identity)
  state.keep([
    { id: 'm0', attempt: 1, result: { recordsIn: 3, keys: [Uint8Array.of(0, 255)], big: 2 ** 40, none: null } },
  ])
  state.keep([{ id: 'm1', attempt: 2, result: { recordsIn: 4 } }])
  state.put('bounds', [Uint8Array.of(1), Uint8Array.of()])
  await state.close()

  const again = JobState.open(folder)
  expect(again.identity()).toEqual(identity)
  const finished = again.finishedTasks<{ recordsIn: number; keys: Uint8Array[] }>()
  expect([...finished.keys()]).toEqual(['m0', 'm1'])
  expect(finished.get('m0')).toMatchObject({ recordsIn: 3, big: 2 ** 40, none: null })
  expect(Uint8Array.from(finished.get('m0')!.keys[0]!)).toEqual(Uint8Array.of(0, 255))
  expect(again.get<Uint8Array[]>('bounds')!.map((bound) => bound.length)).toEqual([1, 0])
  expect(again.get('nothing')).toBeUndefined()
  await again.close()
})

test('what is forgotten is gone, and the last attempt of a task counts', async () => {
  const state = JobState.open(temporaryFolder())
  state.begin(identity)
  state.keep([{ id: 'm0', attempt: 1, result: 'first' }])
  state.keep([{ id: 'm0', attempt: 2, result: 'second' }])
  expect(state.finishedTasks()).toEqual(new Map([['m0', 'second']]))
  state.put('stage 0', 1)
  state.forget(['m0', 'm9'], ['stage 0', 'stage 9'])
  expect(state.finishedTasks()).toEqual(new Map())
  expect(state.get('stage 0')).toBeUndefined()
  await state.close()
})

test('a failed transaction changes nothing: what is written later is whole', async () => {
  const folder = temporaryFolder()
  const state = JobState.open(folder)
  state.begin(identity)
  state.keep([{ id: 'm0', attempt: 1, result: 'first' }])
  // LMDB takes no key of this length: it fails after the task is forgotten.
  expect(() => state.forget(['m0'], ['x'.repeat(10_000)])).toThrow()
  state.keep([{ id: 'm1', attempt: 1, result: 'second' }])
  await state.close()
  const again = JobState.open(folder)
  expect([...again.finishedTasks().keys()]).toEqual(['m0', 'm1'])
  await again.close()
})

test('errors of the store in reading are RunjobErrors', async () => {
  const state = JobState.open(temporaryFolder())
  // It takes no key of this length.
  expect(() => state.get('x'.repeat(10_000))).toThrow(expect.any(RunjobError))
  await state.close()
  expect(() => state.finishedTasks()).toThrow(expect.any(RunjobError))
})

test('a new run forgets the old one', async () => {
  const state = JobState.open(temporaryFolder())
  state.begin(identity)
  state.keep([{ id: 'm0', attempt: 1, result: 'x' }])
  state.put('bounds', [])
  state.begin({ ...identity, fingerprint: 'f2' })
  expect(state.identity()?.fingerprint).toBe('f2')
  expect(state.finishedTasks().size).toBe(0)
  expect(state.get('bounds')).toBeUndefined()
  await state.close()
})

test('results that are larger than a page are kept', async () => {
  const state = JobState.open(temporaryFolder())
  state.begin(identity)
  const large = { text: 'x'.repeat(5_000_000) }
  for (let i = 0; i < 20; i++) state.keep([{ id: `m${i}`, attempt: 1, result: large }])
  expect(state.finishedTasks().size).toBe(20)
  await state.close()
})

test('a process that is killed while it takes over a state loses nothing', async () => {
  const { folder, path } = await closedState()
  renameSync(path, join(folder, 'found.mdb'))
  // With the new file begun, or not.
  for (const begun of [Buffer.alloc(5000, 1), null]) {
    if (begun) writeFileSync(path, begun)
    const state = JobState.open(folder)
    expect(state.identity()).toEqual(identity)
    expect(state.finishedTasks().size).toBe(300)
    expect(existsSync(join(folder, 'found.mdb'))).toBe(false)
    await state.close()
    renameSync(path, join(folder, 'found.mdb'))
  }
})

test('finished tasks survive a kill', () => {
  const folder = temporaryFolder()
  const module = new URL('../../dist/src/state/state.js', import.meta.url).href
  const script = `
    import { JobState } from ${JSON.stringify(module)}
    const state = JobState.open(${JSON.stringify(folder)})
    state.begin(${JSON.stringify(identity)})
    for (let i = 0; i < 100; i++) state.keep([{ id: 'm' + i, attempt: 1, result: { i } }])
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  expect(signal).toBe('SIGKILL')
  const state = JobState.open(folder)
  expect(state.finishedTasks().size).toBe(100)
  return state.close()
})

async function closedState(): Promise<{ folder: string; path: string }> {
  const folder = temporaryFolder()
  const state = JobState.open(folder)
  state.begin(identity)
  for (let i = 0; i < 300; i++) state.keep([{ id: `m${i}`, attempt: 1, result: { text: 'x'.repeat(1000) } }])
  await state.close()
  return { folder, path: join(folder, 'state.mdb') }
}

describe('a state file that is damaged or not ours is STATE_CORRUPT, never a crash', () => {
  const flip = (from: number, step: number) => (path: string) => {
    const bytes = readFileSync(path)
    for (let at = from; at < bytes.length; at += step) bytes[at]! ^= 0x5a
    writeFileSync(path, bytes)
  }
  test.each<[string, (path: string) => void]>([
    ['text', (path) => writeFileSync(path, 'hello world\n'.repeat(1000))],
    ['zeros', (path) => writeFileSync(path, Buffer.alloc(16_384))],
    ['cut to a page', (path) => truncateSync(path, 4096)],
    ['cut in half', (path) => truncateSync(path, readFileSync(path).length >> 1)],
    ['scrambled pages', flip(8192, 97)],
    ['scrambled from the start', flip(0, 13)],
  ])('%s', async (_, damage) => {
    const { folder, path } = await closedState()
    damage(path)
    expect(() => JobState.open(folder)).toThrow(expect.objectContaining(code('STATE_CORRUPT')))
    JobState.remove(folder)
    await JobState.open(folder).close()
  })

  test('a store of another program', async () => {
    const { open } = await import('lmdb')
    const folder = temporaryFolder()
    const store = open({ path: join(folder, 'state.mdb'), noSubdir: true, maxDbs: 2 })
    store.openDB('facts', {}).putSync('theirs', 1)
    store.openDB('tasks', {})
    await store.close()
    writeFileSync(join(folder, 'boot-id'), readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
    expect(() => JobState.open(folder)).toThrow(expect.objectContaining(code('STATE_CORRUPT')))
  })

  test('the reason is what LMDB says', async () => {
    const { folder, path } = await closedState()
    writeFileSync(path, 'hello world\n'.repeat(1000))
    expect(() => JobState.open(folder)).toThrow(/cannot be read: open: MDB_INVALID/)
  })

  test('a file that was only created is an empty state', async () => {
    const { folder, path } = await closedState()
    JobState.remove(folder)
    await JobState.open(folder).close()
    const state = JobState.open(folder)
    expect(state.identity()).toBeUndefined()
    await state.close()
    writeFileSync(path, '')
    await JobState.open(folder).close()
  })
})

test('an incomplete store is created again', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'state.mdb'), Buffer.alloc(4096, 1))
  const state = JobState.open(folder)
  expect(state.identity()).toBeUndefined()
  await state.close()
})

test('a state of an earlier boot is discarded unread', async () => {
  const { folder, path } = await closedState()
  writeFileSync(path, 'half written')
  writeFileSync(join(folder, 'boot-id'), 'an earlier boot')
  const notes: string[] = []
  const state = JobState.open(folder, (note) => notes.push(note))
  expect(state.identity()).toBeUndefined()
  expect(notes).toEqual([expect.stringContaining('this run starts over')])
  await state.close()
})

test('a state can be removed', async () => {
  const { folder } = await closedState()
  JobState.remove(folder)
  expect(readdirSync(folder)).toEqual([])
  expect(existsSync(folder)).toBe(true)
})

describe('the reason why a run cannot continue is named', () => {
  test.each<[string, Partial<RunIdentity>, string[]]>([
    ['nothing', {}, []],
    ['a parameter', { plan: { ...plan, params: { n: 6, name: 'x' } } }, ['parameter n was 5 and is 6']],
    ['a parameter less', { plan: { ...plan, params: { n: 5 } } }, ['parameter name was x and is not set']],
    ['an option', { options: { partitions: null } }, ['option partitions was 4 and is not set']],
    ['the code', { plan: { ...plan, module: { path: '/jobs/stats.mjs', hash: 'abd' } } }, ["the job's code changed"]],
    [
      'one of its files',
      {
        plan: { ...plan, module: { path: '/jobs/stats.mjs', hash: 'abd' } },
        sources: { 'stats.ts': 'h1', 'lib/a.ts': 'h3', 'lib/b.ts': 'h4' },
      },
      ["the job's code changed: lib/a.ts, lib/b.ts"],
    ],
    ['a side file', { plan: { ...plan, sideFiles: {} } }, ['side file codes changed']],
    ['an input', { manifest: { input: [] } }, ['input /d/a is gone']],
    ['the job', { plan: { ...plan, job: 'top' } }, ['the job was stats and is top']],
    ['the plan', { fingerprint: 'f2' }, ["the job's plan changed"]],
  ])('%s', (_, change, expected) => {
    expect(compareIdentities(identity, { ...identity, ...change })).toEqual(expected)
  })
})

test('a run of another version of runjob cannot continue, and the version is named', () => {
  const now = { ...identity, versions: { ...identity.versions, runjob: '1.1.0' } }
  expect(compareIdentities(identity, now)).toEqual(['the version of runjob was 1.0.0 and is 1.1.0'])
})
