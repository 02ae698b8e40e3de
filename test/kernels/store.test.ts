import { spawnSync } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kernels, type Store } from '../../dist/src/kernels/addon.js'
import { bytes, failure, newPath } from './helpers.js'

const KERNELS = new URL('../../dist/src/kernels/addon.js', import.meta.url).href
const ALL = 2 ** 40

function withStore<T>(use: (store: Store, path: string) => T, path = newPath()): T {
  const store = kernels.openStore(path, { readOnly: false })
  try {
    return use(store, path)
  } finally {
    store.close()
  }
}

/** What another process reads of a store, as text. */
function readElsewhere(path: string): { status: number | null; stdout: string; stderr: string } {
  const script = `
    import { kernels } from ${JSON.stringify(KERNELS)}
    const store = kernels.openStore(${JSON.stringify(path)}, { readOnly: true })
    console.log(store.entries('', ${ALL}).map(([key, value]) => key + '=' + value).join(' '))`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
}

test('it holds the same as a Map, for all puts and removes, before and after it is closed', () => {
  const key = fc.oneof(fc.constantFrom('a', 'b', 'task:1', 'é'), fc.string({ minLength: 1, maxLength: 20 }))
  const value = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 5000, maxLength: 9000 }))
  const write = fc.record({
    removes: fc.array(key, { maxLength: 4 }),
    puts: fc.array(fc.tuple(key, value), { maxLength: 8 }),
  })
  // Lone surrogates have no UTF-8.
  const isText = ({ removes, puts }: { removes: string[]; puts: [string, Uint8Array][] }) =>
    [...removes, ...puts.map(([k]) => k)].every((text) => Buffer.from(text).toString() === text && !text.includes('\0'))
  fc.assert(
    fc.property(fc.array(write.filter(isText), { maxLength: 6 }), key, (writes, prefix) => {
      const path = newPath()
      const map = new Map<string, Buffer>()
      const sorted = (start: string) =>
        [...map].filter(([k]) => k.startsWith(start)).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      withStore((store) => {
        for (const { removes, puts } of writes) {
          store.write(
            removes,
            puts.map(([k]) => k),
            puts.map(([, v]) => v),
          )
          for (const k of removes) map.delete(k)
          for (const [k, v] of puts) map.set(k, Buffer.from(v))
        }
        for (const k of ['a', 'b', 'nowhere']) expect(store.get(k)).toEqual(map.get(k))
        if (Buffer.from(prefix).toString() === prefix) expect(store.entries(prefix, ALL)).toEqual(sorted(prefix))
      }, path)
      withStore((store) => expect(store.entries('', ALL)).toEqual(sorted('')), path)
    }),
    { numRuns: 40 },
  )
})

test('it grows beyond its first size', () => {
  const value = Buffer.alloc(30_000_000, 7)
  withStore((store) => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) store.write([], [key], [value])
    // More than doubling once would allow.
    store.write([], ['f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n'], Array(9).fill(value))
    expect(store.entries('', ALL).every(([, found]) => found.equals(value))).toBe(true)
    expect(store.entries('', ALL)).toHaveLength(14)
  })
})

test('another process reads what is committed while it is written', () => {
  withStore((store, path) => {
    store.write([], ['a', 'b'], [bytes('1'), bytes('2')])
    expect(readElsewhere(path)).toMatchObject({ status: 0, stdout: 'a=1 b=2\n' })
    store.write(['a'], ['b'], [bytes('3')])
    expect(readElsewhere(path)).toMatchObject({ status: 0, stdout: 'b=3\n' })
  })
})

test('a killed process loses no commit', () => {
  const path = newPath()
  const script = `
    import { kernels } from ${JSON.stringify(KERNELS)}
    const store = kernels.openStore(${JSON.stringify(path)}, { readOnly: false })
    for (let i = 0; i < 100; i++) store.write([], ['k' + i], [Buffer.from('v' + i)])
    process.kill(process.pid, 'SIGKILL')`
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', script]).signal).toBe('SIGKILL')
  withStore((store) => {
    expect(store.entries('', ALL)).toHaveLength(100)
    expect(store.get('k99')?.toString()).toBe('v99')
  }, path)
})

test('a failed write changes nothing', () => {
  withStore((store) => {
    store.write([], ['a'], [bytes('1')])
    const before = store.entries('', ALL)
    for (const [removes, keys, values] of [
      [['a'], ['b'], []],
      [['a'], [''], [bytes('2')]],
      [['a'], ['b', 'x'.repeat(512)], [bytes('2'), bytes('3')]],
    ] as const) {
      expect(failure(() => store.write([...removes], [...keys], [...values]))?.code).toBe('BAD_ARGUMENT')
      expect(store.entries('', ALL)).toEqual(before)
    }
  })
})

test('no more is read than allowed', () => {
  withStore((store) => {
    store.write([], ['a', 'b'], [bytes('12'), bytes('34')])
    expect(store.entries('', 6)).toHaveLength(2)
    expect(failure(() => store.entries('', 5))?.code).toBe('STATE_CORRUPT')
  })
})

test('a process opens a store only once', () => {
  withStore((store, path) => {
    for (const readOnly of [true, false]) {
      expect(failure(() => kernels.openStore(path, { readOnly }))?.code).toBe('BAD_ARGUMENT')
    }
    store.close()
    expect(failure(() => store.get('a'))?.code).toBe('BAD_ARGUMENT')
    store.close()
    withStore((again) => again.write([], ['a'], [bytes('1')]), path)
  })
})

test('errors say why a store cannot be opened', () => {
  expect(failure(() => kernels.openStore('/nowhere/at/all', { readOnly: false }))?.code).toBe('FILE_IO')
  expect(failure(() => kernels.openStore(newPath(), { readOnly: true }))?.code).toBe('FILE_IO')
  expect(failure(() => kernels.openStore(dirname(newPath()), { readOnly: false }))?.code).toBe('FILE_IO')
  const path = newPath()
  writeFileSync(path, 'hello world\n'.repeat(1000))
  // Twice: a store that failed to open does not count as open.
  for (let i = 0; i < 2; i++) {
    expect(failure(() => kernels.openStore(path, { readOnly: false }))?.code).toBe('STATE_CORRUPT')
  }
})

test('a damaged file ends only the process that reads it', () => {
  const path = newPath()
  withStore((store) => {
    for (let i = 0; i < 200; i++) store.write([], [`k${i}`], [Buffer.alloc(500, i)])
  }, path)
  const whole = readFileSync(path)
  truncateSync(path, 8192)
  expect(readElsewhere(path).status).not.toBe(0)
  writeFileSync(join(dirname(path), 'copy.mdb'), whole)
  expect(readElsewhere(join(dirname(path), 'copy.mdb'))).toMatchObject({ status: 0 })
})
