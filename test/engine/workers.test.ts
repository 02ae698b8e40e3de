/** Workers that die, and workers that run out of memory. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'
import { dying, hoarding } from './worker_jobs.js'

function input(...lines: string[]): string {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': lines.join('\n') })
  return join(folder, 'in.txt')
}

describe('a worker that dies', () => {
  it('is replaced, and its task is retried', async () => {
    const path = input('a', 'die', 'b')
    const { output } = await run(dying, path, { workers: 2, params: { once: `${path}.once` } })
    expect(linesOf(output)).toEqual(['a\t1', 'b\t1', 'die\t1'])
  })

  it('every time ends the job with WORKER_DIED and the exit code', async () => {
    const path = input('a', 'die')
    const output = join(path, '../out')
    const error = await failure(run(dying, path, { workers: 2, output }))
    expect(error.code).toBe('WORKER_DIED')
    expect(error.params).toMatchObject({ exitCode: 7 })
    expect(error.where).toMatchObject({ job: 'dying', task: 's0-m00000' })
    expect(existsSync(output)).toBe(false)
  })
})

describe('a worker whose heap is full', () => {
  it('ends the job with OUT_OF_MEMORY, not the process', { timeout: 120_000 }, async () => {
    const error = await failure(run(hoarding, input('a', 'hoard'), { workers: 1, memory: '64MB' }))
    expect(error.code).toBe('OUT_OF_MEMORY')
    expect(error.hint).toContain('--memory')
  })
})
