/** Disks that are too small, or become too small. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { explainJob, type Job, runJob } from 'runjob'
import { describe, expect, it, onTestFinished } from 'vitest'
import { estimateDiskBytes } from '../../dist/src/engine/disk.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { whenJoining } from '../helpers/joining.js'
import { Random } from '../helpers/random.js'
import { failure, run, runjob } from '../helpers/run.js'
import { sortedTwice, summedTwice } from './disk_jobs.js'

const TIB = 2 ** 40

/** A sparse file. */
function hugeFile(): string {
  const path = join(temporaryFolder(), 'huge.txt')
  const fd = openSync(path, 'w')
  try {
    ftruncateSync(fd, 8 * TIB)
  } finally {
    closeSync(fd)
  }
  return path
}

describe('the estimate', () => {
  it.each([
    ['sort', {}, 2],
    ['wordcount', {}, 0.05],
    ['grep', { pattern: 'x' }, 0.05],
    ['stats', { by: 'a', of: 'b' }, 0.05],
  ])('knows from the plan what %s writes', async (job, params, share) => {
    const folder = temporaryFolder()
    writeFiles(folder, { in: 'a,b\n' })
    const plan = await explainJob(job, { input: join(folder, 'in'), output: join(folder, 'out'), params } as never)
    const file = { path: '/in', sizeBytes: 1000, mtimeMs: 0, compression: 'none' as const }
    expect(estimateDiskBytes(plan, [file])).toBe(1000 * share)
    expect(estimateDiskBytes(plan, [{ ...file, compression: 'gzip' }])).toBe(4000 * share)
  })

  it('knows what a chain has on disk at the same time', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { in: 'a\n' })
    const file = { path: '/in', sizeBytes: 1000, mtimeMs: 0, compression: 'none' as const }
    const bytesOf = async <P>(job: Job<P>) =>
      estimateDiskBytes(await explainJob(job, { input: join(folder, 'in'), output: join(folder, 'out') } as never), [
        file,
      ])
    // A quarter, and next to it a quarter of that.
    expect(await bytesOf(sortedTwice)).toBe(Math.ceil(1000 * (1 / 4 + 1 / 16)))
    // How much remains after values are summed is unknown.
    expect(await bytesOf(summedTwice)).toBe(1000 / 20)
  })

  it('that exceeds the free space refuses the run, before it reads a byte', async () => {
    const output = join(temporaryFolder(), 'out')
    const input = hugeFile()
    const error = await failure(run('sort', input, { output }))
    expect(error.code).toBe('DISK_TOO_SMALL')
    expect(error.message).toMatch(/needs about 17\.6 TB of disk space .*, but only [\d.]+ [KMGT]?B is free/)
    expect(error.params).toMatchObject({ needBytes: expect.any(Number), freeBytes: expect.any(Number) })
    expect(error.hint).toContain('--no-disk-check')
    expect(existsSync(output)).toBe(false)
    const { code, stderr } = await runjob(['sort', input, '-o', output, '--no-disk-check', '--explain'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

/** A folder on a separate disk, and a way to enlarge that; undefined if mounting is not allowed. */
function smallDisk(size: string): { folder: string; grow(size: string): void } | undefined {
  const folder = join(temporaryFolder(), 'disk')
  mkdirSync(folder)
  const mount = (...args: string[]) => spawnSync('mount', args).status === 0
  if (!mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder)) return undefined
  onTestFinished(() => {
    spawnSync('umount', [folder])
  })
  return { folder, grow: (to) => void mount('-o', `remount,size=${to}`, folder) }
}

it('with standard output as output, nothing is kept, and the hint says so', async (context) => {
  const disk = smallDisk('4m')
  if (!disk) return context.skip('mounting a small disk takes root')
  const input = join(temporaryFolder(), 'in.txt')
  writeFileSync(input, 'some line of text\n'.repeat(400_000))
  const env = { TMPDIR: disk.folder }
  const early = await runjob(['sort', input, '-o', '-'], { env })
  expect(early.stderr).toContain('error DISK_TOO_SMALL')
  expect(early.stderr).toContain('hint: Free some space, or set TMPDIR to a folder on a larger disk.')
  const late = await runjob(['sort', input, '-o', '-', '--no-disk-check'], { env })
  expect(late).toMatchObject({ code: 1, stdout: '' })
  expect(late.stderr).toContain('error DISK_FULL')
  expect(late.stderr).toContain('Nothing is kept: the same command starts over.')
  expect(readdirSync(disk.folder)).toEqual([])
})

it('a disk that fills up while one file is joined loses nothing', { timeout: 60_000 }, async (context) => {
  const disk = smallDisk('100m')
  if (!disk) return context.skip('mounting a small disk takes root')
  const input = join(temporaryFolder(), 'in.txt')
  const random = new Random(3)
  const lines = random.times(60_000, () => `${random.below(1e9)} ${'x'.repeat(80)}`)
  writeFileSync(input, `${lines.join('\n')}\n`)
  const output = join(disk.folder, 'out.txt')
  const sort = () => runJob('sort', { input, output, singleFile: true, partitions: 4 })
  const filler = join(disk.folder, 'filler')
  whenJoining(output, () => {
    try {
      for (;;) appendFileSync(filler, Buffer.alloc(1 << 16))
    } catch {
      // It is full.
    }
  })
  const error = await failure(sort())
  expect(error).toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('it continues where it stopped') })
  expect(existsSync(output)).toBe(false)
  rmSync(filler)
  expect((await sort()).resumedTasks).toBeGreaterThan(4)
  expect(readFileSync(output, 'utf8')).toBe(`${lines.sort().join('\n')}\n`)
})

it.for([
  ['runs', '24m', { heldBytes: 0 }],
  // Some of the runs in memory can be saved before it ends.
  ['parts', '12m', { holdMs: 1e9 }],
] as const)(
  'a disk that %s fill up stops the run; with more room the same command continues',
  {
    timeout: 120_000,
  },
  async ([_, size, more], context) => {
    const disk = smallDisk(size)
    if (!disk) return context.skip('mounting a small disk takes root')
    const input = join(temporaryFolder(), 'in.txt')
    const random = new Random(1)
    const lines = random.times(200_000, (i) => `${random.below(1e9)} ${String(i).padStart(90, '.')}`)
    writeFileSync(input, `${lines.join('\n')}\n`)
    const output = join(disk.folder, 'out')

    expect((await failure(run('sort', input, { output }))).code).toBe('DISK_TOO_SMALL')
    const config = { output, workers: 2, diskCheck: false, tuning: { splitBytes: 4 << 20, ...more } }
    const error = await failure(run('sort', input, config))
    expect(error).toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('it continues where it stopped') })
    expect(existsSync(output)).toBe(false)

    disk.grow('200m')
    const { resumedTasks } = await run('sort', input, config)
    expect(resumedTasks).toBeGreaterThan(0)
    expect(linesOf(output)).toEqual(lines.sort())
  },
)
