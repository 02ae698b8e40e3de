/** Jobs whose attempts fail, hang or are slow, for attempts.test.ts and deaths.test.ts. */
import { appendFileSync } from 'node:fs'
import { defineJob, mapReduce, sum, text } from 'runjob'

const log = { type: 'string', required: true, describe: 'File that gets a line for each attempt' } as const

/** Fails at one line, or at a later line with each attempt. */
export const failing = defineJob({
  name: 'failing',
  params: { log, moving: { type: 'boolean', default: false, describe: 'Fail at another line each time' } },
  define: ({ log, moving }) =>
    mapReduce({
      input: text(),
      map(line, emit, { attempt }) {
        if (line === 'first') appendFileSync(log, `${attempt}\n`)
        if (line === (moving ? `line ${attempt}` : 'line 1')) throw new Error(`cannot take ${line}`)
        emit(line, 1)
      },
      reduce: sum(),
    }),
})

/** The first attempt of the task with the line "slow" never ends; a copy of it gives the usual result. */
export const straggling = defineJob({
  name: 'straggling',
  params: { log, where: { type: 'string', default: 'map', describe: 'map or reduce' } },
  define: ({ log, where }) => {
    const hang = (place: string, line: string, attempt: number) => {
      if (line !== 'slow' || place !== where) return
      appendFileSync(log, `${attempt}\n`)
      while (attempt === 0) {
        // Not even asleep.
      }
    }
    return mapReduce({
      input: text(),
      map(line, emit, { attempt }) {
        hang('map', line, attempt)
        emit(line, 1)
      },
      reduce(line, ones, emit, { attempt }) {
        hang('reduce', line, attempt)
        emit(line, [...ones].length)
      },
    })
  },
})

type Way = 'throw' | 'reject' | 'exit' | 'hoard' | 'loop'

function die(way: string): unknown {
  switch (way as Way) {
    case 'throw':
      throw new Error('as asked')
    case 'reject':
      return Promise.reject(new Error('as asked'))
    case 'exit':
      return process.exit(7)
    case 'hoard':
      for (const hoard: number[][] = []; ; ) hoard.push(Array.from({ length: 10_000 }, (_, i) => i + 0.5))
    case 'loop':
      for (;;) {
        // For ever.
      }
  }
}

/** Never returns from setup or teardown: it loops, or waits for ever. */
export const stuck = defineJob({
  name: 'stuck',
  params: {
    way: { type: 'string', required: true, describe: 'loop or wait' },
    role: { type: 'string', required: true, describe: 'setup or teardown' },
  },
  define: ({ way, role }) => {
    const enter = (here: string) => {
      if (here !== role) return undefined
      return way === 'wait' ? new Promise<void>(() => {}) : (die('loop') as undefined)
    }
    return mapReduce({
      input: text(),
      setup: () => enter('setup'),
      map: (line, emit) => emit(line, 1),
      reduce: sum(),
      teardown: () => enter('teardown'),
    })
  },
})

/** Dies in one of its functions, in one of many ways. */
export const mortal = defineJob({
  name: 'mortal',
  params: {
    way: { type: 'string', required: true, describe: 'throw, reject, exit, hoard or loop' },
    role: { type: 'string', required: true, describe: 'map, combine or reduce' },
  },
  define: ({ way, role }) =>
    mapReduce({
      input: text(),
      map(line, emit) {
        emit(line, 1)
        if (role === 'map' && line === 'die') return die(way) as undefined
      },
      combine(line, ones, emit) {
        emit(line, [...ones].length)
        if (role === 'combine' && line === 'die') return die(way) as undefined
      },
      reduce(line, ones, emit) {
        emit(line, [...ones].length)
        if (role === 'reduce' && line === 'die') return die(way) as undefined
      },
    }),
})
