/** Jobs for errors.test.ts. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineJob, jsonl, sum, text } from 'runjob'

/** Writes to the next one of its inputs. */
export const meddling = defineJob({
  name: 'meddling',
  input: text(),
  map(line, emit, ctx) {
    appendFileSync(join(ctx.inputPath, '../next.txt'), 'more\n')
    emit(line, 1)
  },
  reduce: sum(),
})

export const lengths = defineJob({
  name: 'lengths',
  input: text(),
  map: (line, emit) => emit('length', line.length),
  reduce: sum(),
})

export const readingJson = defineJob({
  name: 'reading-json',
  input: jsonl<{ n: number }>(),
  map: ({ n }, emit) => emit('n', n),
  reduce: sum(),
})
