/** Jobs that misbehave, for workers.test.ts, cancel.test.ts and thread.test.ts. */
import { existsSync, writeFileSync } from 'node:fs'
import { defineJob, type Emit, json, mapReduce, step, sum, text } from 'runjob'

const gate = { type: 'string', required: true, describe: 'File that must exist for the job to continue' } as const

/** Waits for ever at lines that say "wait", unless the gate is open. */
export const waiting = defineJob({
  name: 'waiting',
  params: { gate },
  define: ({ gate }) =>
    mapReduce({
      input: text(),
      map(line, emit) {
        while (line === 'wait' && !existsSync(gate)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
        emit(line, 1)
      },
      reduce: sum(),
    }),
})

/** The same in reduce: by then all maps are done. */
export const waitingInReduce = defineJob({
  name: 'waiting-in-reduce',
  params: { gate },
  define: ({ gate }) =>
    mapReduce({
      input: text(),
      map: (line, emit) => emit(line, 1),
      reduce(line, ones, emit) {
        while (line === 'wait' && !existsSync(gate)) {
          // Not even asleep.
        }
        emit(line, [...ones].length)
      },
    }),
})

/** The same in the reduce of a second step. */
export const waitingInSecondStep = defineJob({
  name: 'waiting-in-second-step',
  params: { gate },
  define: ({ gate }) => ({
    input: text(),
    steps: [
      step({
        map: (line: string, emit: Emit<string, number>) => emit(line, 1),
        reduce: (line, ones, emit) => emit(line, [...ones].length),
      }),
      step({
        map: ([line, count]: [string, number], emit: Emit<string, number>) => emit(line, count),
        reduce(line, [count], emit) {
          while (line === 'wait' && !existsSync(gate)) {
            // Not even asleep.
          }
          emit(line, count!)
        },
      }),
    ],
  }),
})

export const dying = defineJob({
  name: 'dying',
  params: { once: { type: 'string', describe: 'Die only while this file does not exist, and create it' } },
  define: ({ once }) =>
    mapReduce({
      input: text(),
      map(line, emit) {
        if (line === 'die' && !(once && existsSync(once))) {
          if (once) writeFileSync(once, '')
          process.exit(7)
        }
        emit(line, 1)
      },
      reduce: sum(),
    }),
})

export const hoarding = defineJob({
  name: 'hoarding',
  input: text(),
  value: json<number[]>(),
  map(line, emit) {
    const hoard: number[][] = []
    while (line === 'hoard') hoard.push(Array.from({ length: 10_000 }, (_, i) => i + 0.5))
    emit(line, [hoard.length])
  },
  reduce(line, _, emit) {
    emit(line, [1])
  },
})

let calls = 0

/** Numbers lines by the calls that the thread's copy of this module has seen. */
export const numbering = defineJob({
  name: 'numbering',
  input: text(),
  map(line, emit) {
    calls++
    emit(line, calls)
  },
  reduce: sum(),
})
