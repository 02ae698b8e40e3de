/** Jobs for inputs.test.ts. */
import { appendFileSync } from 'node:fs'
import { csv, defineJob, jsonl, string, sum, text } from 'runjob'

/** Writes to the end of its input while it reads it. */
export const growing = defineJob({
  name: 'growing',
  input: text(),
  map(line, emit, ctx) {
    if (line === 'grow') appendFileSync(ctx.inputPath, 'late\n'.repeat(1000))
    emit(line, 1)
  },
  reduce: sum(),
})

type Emit = (key: string, value: string) => void

/** Each line, first field or value with its length, by way of a reduce. */
export const lengths = defineJob({
  name: 'input-lengths',
  params: { kind: { type: 'string', choices: ['text', 'csv', 'jsonl'], default: 'text', describe: 'what is read' } },
  define: ({ kind }) => {
    const rest = {
      value: string(),
      reduce(key: string, values: Iterable<string>, emit: (key: string, value: string) => void) {
        for (const value of values) emit(key, String(value.length))
      },
    }
    switch (kind) {
      case 'csv':
        return { input: csv(), map: (row: { city: string }, emit: Emit) => emit(row.city, row.city), ...rest } as never
      case 'jsonl':
        return { input: jsonl<string>(), map: (value: string, emit: Emit) => emit(value, value), ...rest } as never
      default:
        return { input: text(), map: (line: string, emit: Emit) => emit(line, line), ...rest } as never
    }
  },
})
