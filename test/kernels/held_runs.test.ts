/** Runs in memory: they read as their files would, and nothing of them is left behind. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type HeldRuns, kernels, type Layout } from '../../dist/src/kernels/addon.js'
import { batchOf, failure, newPath, plain, type Rec, readAll } from './helpers.js'

const layout: Layout = ['bytes']
const folder = mkdtempSync(join(tmpdir(), 'runjob-held-'))
let files = 0
const LONG_MS = 600_000

afterAll(() => rmSync(folder, { recursive: true }))

/** A folder that holds runs; by default any, for long. */
function hold(limitBytes = 1e9, durationMs = LONG_MS): { dir: string; held: HeldRuns } {
  const dir = mkdtempSync(join(folder, 'runs-'))
  return { dir, held: kernels.holdRuns(dir, limitBytes, durationMs) }
}

function write(path: string, partitions: Rec[][]): number {
  const writer = kernels.createRunWriter(path, partitions.length, 0)
  partitions.forEach((records, p) => {
    writer.add(p, batchOf(records, layout), layout, records.length)
  })
  return writer.finish('{"a":1}').fileBytes
}

function read(path: string, partition: number): Rec[] {
  const cursor = kernels.openRuns([path], partition, { descending: false })
  try {
    return readAll(cursor, layout, { byteCount: 5 << 20 }).map(plain)
  } finally {
    cursor.close()
  }
}

const size = fc.oneof(
  { weight: 8, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: fc.constantFrom(70_000, 600_000, 1_200_000) },
)
/** What is large is repeated text, so that cases are drawn fast. */
const record = fc.tuple(fc.nat(99), size).map(([key, size]): Rec => {
  return { key: `k${key}`, values: [String.fromCharCode(97 + (key % 26)).repeat(size)] }
})
const partitions = fc.array(fc.array(record, { maxLength: 12 }), { minLength: 1, maxLength: 5 })

describe('a run in memory', () => {
  test('is read in ranges of keys, of any of its partitions', () => {
    const keys = [...Array.from({ length: 40 }, (_, i) => `a${10 + i}`), ...Array(60).fill('b'), 'c', 'd']
    const records = keys.map((key, i): Rec => ({ key, values: [`${i}`.repeat(20_000)] }))
    const { dir, held } = hold()
    const path = join(dir, 'a.run')
    write(path, [records.slice(0, 3), [], records, records.slice(-1)])
    expect(held.has('a.run')).toBe(true)
    const bytes = (key: string) => new Uint8Array(Buffer.from(key))
    for (const [from, to] of [
      ['', 'a11'],
      ['a2', 'a30'],
      ['a49', 'b'],
      ['b', 'c'],
      ['c', 'x'],
      ['x', 'y'],
    ] as const) {
      for (const [partition, own] of [records.slice(0, 3), [], records, records.slice(-1)].entries()) {
        const cursor = kernels.openRuns([path], partition, { descending: false, from: bytes(from), to: bytes(to) })
        const found = readAll(cursor, layout, { byteCount: 5 << 20 }).map(plain)
        cursor.close()
        expect(found, `${from} to ${to}`).toEqual(own.filter(({ key }) => key >= from && key < to))
      }
    }
    const shares = [0, 1, 2, 3, 4, 5, 6].flatMap((index) => {
      const range = { from: bytes('b'), to: bytes('b\0'), share: { index, of: 7 } }
      const cursor = kernels.openRuns([path, path], 2, { descending: false, ...range })
      const found = readAll(cursor, layout, { byteCount: 5 << 20 }).map(plain)
      cursor.close()
      expect([17, 18]).toContain(found.length)
      return found
    })
    const all = records.filter(({ key }) => key === 'b')
    expect(shares).toEqual([...all, ...all])
    held.close()
  })

  test('reads as its file would, wherever there was no more room and it moved to one', () => {
    const limit = fc.oneof(fc.nat(3000), fc.nat(6_000_000), fc.constant(1e9))
    fc.assert(
      fc.property(partitions, limit, (drawn, limitBytes) => {
        const { dir, held } = hold(limitBytes)
        const [path, file] = [join(dir, 'a.run'), newPath()]
        const fileBytes = write(path, drawn)
        write(file, drawn)
        expect(held.has('a.run')).toBe(fileBytes === 0)
        expect(existsSync(path)).toBe(fileBytes > 0)
        expect(kernels.readRunInfo(path)).toEqual(kernels.readRunInfo(file))
        for (const p of drawn.keys()) expect(read(path, p)).toEqual(drawn[p])
        expect(failure(() => read(path, drawn.length))?.code).toBe('RUN_CORRUPT')
        held.close()
      }),
      { numRuns: 150 },
    )
  })

  test('that is saved reads as before, and its memory goes when it is dropped', async () => {
    await fc.assert(
      fc.asyncProperty(partitions, async (drawn) => {
        const { dir, held } = hold()
        const path = join(dir, 'a.run')
        write(path, drawn)
        const info = kernels.readRunInfo(path)
        const cursor = kernels.openRuns([path], 0, { descending: false })
        expect(await held.save('a.run')).toBe(statSync(path).size)
        held.drop('a.run')
        expect(held.names()).toEqual([])
        expect(kernels.readRunInfo(path)).toEqual(info)
        for (const p of drawn.keys()) expect(read(path, p)).toEqual(drawn[p])
        // Opened before.
        expect(readAll(cursor, layout, { byteCount: 5 << 20 }).map(plain)).toEqual(drawn[0])
        cursor.close()
        held.close()
      }),
      { numRuns: 60 },
    )
  })

  test('cannot be saved where its folder is gone, and stays', async () => {
    const { dir, held } = hold()
    const records: Rec[] = [{ key: 'k', values: ['v'] }]
    write(join(dir, 'a.run'), [records])
    rmSync(dir, { recursive: true })
    await expect(held.save('a.run')).rejects.toMatchObject({ code: 'RUN_IO' })
    expect(read(join(dir, 'a.run'), 0)).toEqual(records)
    expect(failure(() => void held.save('b.run'))?.code).toBe('BAD_ARGUMENT')
    held.close()
  })

  test('is read by other threads, and goes with the folder, not with them', async () => {
    const { dir, held } = hold()
    const path = join(dir, 'a.run')
    const addon = JSON.stringify(new URL('../../dist/src/kernels/addon.js', import.meta.url).href)
    const inThread = (code: string) =>
      new Promise<unknown>((resolve, reject) => {
        const worker = new Worker(`import(${addon}).then(({ kernels }) => { ${code} })`, { eval: true })
        let told: unknown
        worker.on('message', (message) => {
          told = message
        })
        worker.on('error', reject)
        worker.on('exit', () => resolve(told))
      })
    const written = `
      const writer = kernels.createRunWriter(${JSON.stringify(path)}, 1, 0)
      const batch = { keys: { bytes: Buffer.from('k'), ends: Uint32Array.of(1) }, columns: [{ bytes: Buffer.from('v'), ends: Uint32Array.of(1) }] }
      writer.add(0, batch, ['bytes'], 1)
      require('node:worker_threads').parentPort.postMessage(writer.finish('{}').fileBytes)`
    expect(await inThread(written)).toBe(0)
    expect(read(path, 0)).toEqual([{ key: 'k', values: ['v'] }])
    const asked = `require('node:worker_threads').parentPort.postMessage(kernels.readRunInfo(${JSON.stringify(path)}))`
    expect(await inThread(asked)).toEqual({ meta: '{}', partitions: [{ records: 1, bytes: 2 }] })
    // A thread that is gone before its run is finished leaves nothing.
    expect(await inThread(written.replace(/writer.finish.*/, '0)').replace('a.run', 'b.run'))).toBe(0)
    expect(held.names()).toEqual(['a.run'])
    held.close()
    expect(failure(() => read(path, 0))?.code).toBe('RUN_MISSING')
  })

  test('takes no more memory than the folder may hold, and gives it back', () => {
    const { dir, held } = hold(1 << 20)
    const records = (n: number): Rec[] => [{ key: `${n}`, values: ['x'.repeat(600_000)] }]
    for (let i = 0; i < 20; i++) {
      expect(write(join(dir, 'a.run'), [records(i)])).toBe(0)
      expect(write(join(dir, 'b.run'), [records(i)])).toBeGreaterThan(0)
      // Half a run that is not finished.
      const writer = kernels.createRunWriter(join(dir, 'c.run'), 1, 0)
      writer.add(0, batchOf([{ key: '', values: ['y'.repeat(300_000)] }], layout), layout, 1)
      writer.abort()
      expect(held.names()).toEqual(['a.run'])
      expect(read(join(dir, 'a.run'), 0)).toEqual(records(i))
      held.drop('a.run')
    }
    held.close()
  })

  test('exists once: one of the same name takes its place, and its old file goes', () => {
    const { dir, held } = hold()
    const path = join(dir, 'a.run')
    held.close()
    write(path, [[{ key: 'old', values: [''] }]])
    const again = kernels.holdRuns(dir, 1e6, LONG_MS)
    for (const key of ['new', 'newer']) {
      write(path, [[{ key, values: [''] }]])
      expect(read(path, 0)).toEqual([{ key, values: [''] }])
      expect(readdirSync(dir)).toEqual([])
    }
    expect(again.names()).toEqual([basename(path)])
    // Opening a folder again closes what it held.
    const third = kernels.holdRuns(dirname(path), 1e6, LONG_MS)
    expect(failure(() => read(path, 0))?.code).toBe('RUN_MISSING')
    again.close()
    expect(write(path, [[]])).toBe(0)
    third.close()
  })

  test('is a file if the folder holds no more, or holds only what was begun before', () => {
    const { dir, held } = hold(1e9, 0)
    expect(write(join(dir, `${files++}.run`), [[]])).toBeGreaterThan(0)
    held.close()
    expect(write(join(dir, `${files++}.run`), [[]])).toBeGreaterThan(0)
  })
})
