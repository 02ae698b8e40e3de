import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { now } from '../../dist/src/base/now.js'
import { type Finished, findStraggler, Stragglers } from '../../dist/src/engine/stragglers.js'
import type { TaskSpec } from '../../dist/src/engine/task.js'

const MB = 1e6
/** One millisecond for each MB. */
const steady = (...megabytes: number[]): Finished[] => megabytes.map((mb) => ({ ms: mb, bytes: mb * MB }))

describe('a straggler', () => {
  it('is a task that takes more than twice as long as the others for as many bytes', () => {
    const finished = steady(30, 32, 34)
    const task = { startedAt: 1000, bytes: 32 * MB }
    expect(findStraggler([task], finished, 1064)).toBeUndefined()
    expect(findStraggler([task], finished, 1065)).toBe(task)
  })

  it('is not a large task among small ones, until it is late for its size', () => {
    // The first task of a counting job, and what the other worker does meanwhile.
    const large = { startedAt: 0, bytes: 700 * MB }
    const finished = steady(10, 10, 10, 10, 10, 10, 10)
    expect(findStraggler([large], finished, 700)).toBeUndefined()
    expect(findStraggler([large], finished, 1400)).toBeUndefined()
    expect(findStraggler([large], finished, 1401)).toBe(large)
  })

  it('is not a task of few bytes, or none, because it takes any time at all', () => {
    const finished = steady(30, 32, 34)
    for (const bytes of [0, 1, 1000]) {
      const small = { startedAt: 0, bytes }
      expect(findStraggler([small], finished, 64)).toBeUndefined()
      expect(findStraggler([small], finished, 65)).toBe(small)
    }
    expect(findStraggler([{ startedAt: 0, bytes: 0 }], [{ ms: 5, bytes: 0 }], 10)).toBeUndefined()
  })

  it('is the slowest one', () => {
    const finished = steady(10, 10, 10)
    const large = { startedAt: 0, bytes: 100 * MB }
    const small = { startedAt: 200, bytes: 10 * MB }
    // 300 ms for 100, and 100 ms for 10.
    expect(findStraggler([large, small], finished, 300)).toBe(small)
    expect(findStraggler([large], finished, 300)).toBe(large)
  })

  it('is none while no task has finished, or none runs', () => {
    expect(findStraggler([{ startedAt: 0, bytes: 1 }], [], 1e9)).toBeUndefined()
    expect(findStraggler([], steady(1, 2, 3), 1e9)).toBeUndefined()
  })

  it('is none if all tasks run at one speed, whatever their sizes', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 0, max: 1e6 }), (finished, running, now) => {
        const tasks = running.map((mb) => ({ startedAt: now - mb, bytes: mb * MB }))
        expect(findStraggler(tasks, steady(...finished), now)).toBeUndefined()
      }),
    )
  })
})

it('is given to only one waiting lane', async () => {
  const stragglers = new Stragglers()
  const watch = (id: string) => stragglers.watch({ id, bytes: 1 } as TaskSpec)
  stragglers.ended(watch('quick'))
  const slow = watch('slow')
  while (now() - slow.startedAt < 10) {
    // Later than twice the other's time.
  }
  expect(await Promise.all([stragglers.next(), stragglers.next()])).toEqual([slow, undefined])
})
