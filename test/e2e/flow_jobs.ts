/** Jobs that emit nothing, somewhere. */
import { csv, defineJob, mapReduce, step, string, sum, text } from 'runjob'

export const silent = defineJob({
  name: 'silent',
  params: { where: { type: 'string', required: true, describe: 'who emits nothing' } },
  define: ({ where }) =>
    mapReduce({
      input: text(),
      map(line, emit) {
        if (where !== 'map') emit(line, 1)
      },
      reduce() {},
    }),
})

export const silentChain = defineJob({
  name: 'silent-chain',
  params: { where: { type: 'string', required: true, describe: 'who emits nothing' } },
  define: ({ where }) => ({
    input: text(),
    steps: [
      step({
        map: (line: string, emit) => emit(line, 1),
        reduce(key, _, emit) {
          if (where !== 'reduce 1') emit(key, 1)
        },
      }),
      step({ map: () => {}, reduce: sum() }),
    ],
  }),
})

export const twoInputs = defineJob({
  name: 'two-inputs',
  inputs: { orders: csv(), users: csv() },
  map: {
    orders: (row: Record<string, string>, emit: (key: string, value: number) => void) => emit(row.id!, 1),
    users: () => {},
  },
  reduce: sum(),
})

/** Numbers from a reduce function, or from a map alone. */
export const ranked = defineJob({
  name: 'ranked',
  params: { reduces: { type: 'boolean', default: true, describe: 'with a reduce' } },
  define: ({ reduces }) => {
    const common = {
      input: text(),
      map(line: string, emit: (key: string, value: number) => void) {
        if (line === 'bad') throw new Error('bad')
        emit(line, line.length)
      },
    }
    if (!reduces) return mapReduce(common)
    return mapReduce({
      ...common,
      reduce(key, values, emit) {
        for (const value of values) emit(key, value)
      },
    })
  },
})

export const headed = defineJob({
  name: 'headed',
  params: {
    columns: { type: 'string', required: true, describe: 'names' },
    named: { type: 'boolean', default: false, describe: 'of the named output' },
  },
  define: ({ columns, named }) => ({
    input: text(),
    value: string(),
    map: (line: string, emit: (key: string, value: string) => void) => emit(line, line),
    ...(named
      ? { outputs: { rest: csv({ columns: columns.split(',') }) } }
      : { output: csv({ columns: columns.split(',') }) }),
  }),
})

/** Writes a value next to the key into an output of one column, or a value that text cannot hold. */
export const misplaced = defineJob({
  name: 'misplaced',
  params: { value: { type: 'string', required: true, describe: 'what is written' } },
  define: ({ value }) =>
    mapReduce({
      input: text(),
      map(line, emit, ctx) {
        emit(line, 1)
        if (value === 'two') ctx.write('one', line, 'more')
        if (value === 'bytes') ctx.write('text', line, Uint8Array.of(1))
        if (value === 'Infinity') ctx.write('text', line, Number.POSITIVE_INFINITY)
        if (value === 'key') ctx.write('one', line)
      },
      outputs: { one: csv({ columns: ['line'] }), text: csv() },
    }),
})
