/** Disks that are too small, or become so. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explainJob, type Job } from 'runjob'
import { describe, expect, it, onTestFinished } from 'vitest'
import { estimateDiskBytes } from '../../dist/src/engine/disk.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure, run, runjob } from '../helpers/run.js'
import { sortedTwice, summedTwice } from './disk_jobs.js'

const TIB = 2 ** 40

/** A file that is all hole. */
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

  it('knows what a chain has on the disk at the same time', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { in: 'a\n' })
    const file = { path: '/in', sizeBytes: 1000, mtimeMs: 0, compression: 'none' as const }
    const bytesOf = async <P>(job: Job<P>) =>
      estimateDiskBytes(await explainJob(job, { input: join(folder, 'in'), output: join(folder, 'out') } as never), [
        file,
      ])
    // A quarter, and of that a quarter beside it.
    expect(await bytesOf(sortedTwice)).toBe(Math.ceil(1000 * (1 / 4 + 1 / 16)))
    // Of what is left when values were summed nothing is known.
    expect(await bytesOf(summedTwice)).toBe(1000 / 20)
  })

  it('that is more than there is refuses the run, before it reads a byte', async () => {
    const output = join(temporaryFolder(), 'out')
    const input = hugeFile()
    const error = await failure(run('sort', input, { output }))
    expect(error.code).toBe('DISK_TOO_SMALL')
    expect(error.message).toMatch(/needs about 17\.6 TB of disk .*, and [\d.]+ [KMGT]?B are free/)
    expect(error.params).toMatchObject({ needBytes: expect.any(Number), freeBytes: expect.any(Number) })
    expect(error.hint).toContain('--no-disk-check')
    expect(existsSync(output)).toBe(false)
    const { code, stderr } = await runjob(['sort', input, '-o', output, '--no-disk-check', '--explain'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

/** A folder on a disk of its own, and a way to make that larger; undefined where mounting is not allowed. */
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

it('a disk that fills up stops the run; with more room the same command goes on', {
  timeout: 120_000,
}, async (context) => {
  const disk = smallDisk('24m')
  if (!disk) return context.skip('mounting a small disk takes root')
  const input = join(temporaryFolder(), 'in.txt')
  const random = new Random(1)
  const lines = random.times(200_000, (i) => `${random.below(1e9)} ${String(i).padStart(90, '.')}`)
  writeFileSync(input, `${lines.join('\n')}\n`)
  const output = join(disk.folder, 'out')

  expect((await failure(run('sort', input, { output }))).code).toBe('DISK_TOO_SMALL')
  const config = { output, workers: 2, diskCheck: false, tuning: { splitBytes: 4 << 20 } }
  const error = await failure(run('sort', input, config))
  expect(error).toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('it continues where it stopped') })
  expect(existsSync(output)).toBe(false)

  disk.grow('200m')
  const { resumedTasks } = await run('sort', input, config)
  expect(resumedTasks).toBeGreaterThan(0)
  expect(linesOf(output)).toEqual(lines.sort())
})
