/** Jobs for errors.test.ts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineJob, jsonl, sum, text } from 'runjob'

/** Writes to the next one of its inputs. */
export const meddling = defineJob({
  name: 'meddling',
  input: text(),
  map(line, emit, ctx) {
    writeFileSync(join(ctx.inputPath, '../next.txt'), 'another text')
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

/** Raises a counter by what the line says. */
export const counting = defineJob({
  name: 'counting',
  input: text(),
  map: (line, _, ctx) => ctx.count('n', Number(line)),
})
