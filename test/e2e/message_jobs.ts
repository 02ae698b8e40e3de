/** Jobs that go wrong in ways whose messages must name the right culprit; for messages.test.ts. */
import { bigint, defineJob, json, mapReduce, number, string, text, tuple } from 'runjob'

type Emit = (key: never, value: never) => void

/** What each emits is of another type than its codec; `as never` is what a JavaScript user leaves out. */
const EMITTED: Record<string, (emit: (key: unknown, value: unknown) => void) => void> = {
  key: (emit) => emit(1, 1),
  value: (emit) => emit('a', 'b'),
}

export const wrongInMap = defineJob({
  name: 'wrong-in-map',
  params: { what: { type: 'string', default: 'key', describe: 'key or value' } },
  define: ({ what }) => mapReduce({ input: text(), map: (_, emit) => EMITTED[what]!(emit as never) }),
})

export const wrongInReduce = defineJob({
  name: 'wrong-in-reduce',
  params: { what: { type: 'string', default: 'key', describe: 'key or value' } },
  define: ({ what }) =>
    mapReduce({
      input: text(),
      map: (line, emit) => emit(line, 1),
      outKey: string(),
      outValue: number(),
      reduce: (_key, _values, emit) => EMITTED[what]!(emit as never),
    }),
})

export const wrongPart = defineJob({
  name: 'wrong-part',
  input: text(),
  key: tuple(string(), bigint()),
  map: (line, emit) => (emit as Emit)([line, 2] as never, 1 as never),
})

export const circular = defineJob({
  name: 'circular',
  input: text(),
  value: json(),
  map: (line, emit) => {
    const value: Record<string, unknown> = { line }
    value.self = value
    emit(line, value)
  },
})

export const failingOrder = defineJob({
  name: 'failing-order',
  input: text(),
  value: json<{ at: { second: number } }>(),
  map: (line, emit) => emit(line, {} as never),
  order: ({ at }) => at.second,
  reduce: (key, values, emit) => emit(key, [...values][0]!),
})
