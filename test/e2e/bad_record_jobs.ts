/** Jobs for bad_records.test.ts. */
import { csv, defineJob, jsonl, sum, text, tsv } from 'runjob'

/** Throws after it has emitted, counted and written. */
export const picky = defineJob({
  name: 'picky',
  input: text(),
  map(line, emit, ctx) {
    for (const word of line.split(' ')) {
      ctx.count('words')
      emit(word, 1)
      if (word === 'bad') throw new Error('a bad word')
    }
  },
  reduce: sum(),
})

/** Emits more than a batch for each line before it throws. */
export const flooding = defineJob({
  name: 'flooding',
  input: text(),
  map(line, emit) {
    for (let i = 0; i < 70_000; i++) emit(`${line}${i % 7}`, 1)
    if (line === 'bad') throw new Error('too late')
  },
  reduce: sum(),
})

/** Without a reduce, with a named output that one bad record alone writes to. */
export const sifting = defineJob({
  name: 'sifting',
  input: text(),
  outputs: { long: tsv(), never: tsv() },
  map(line, emit, ctx) {
    emit(line, line.length)
    if (line.length > 4) ctx.write('long', line, line.length)
    if (line === 'bad') {
      ctx.write('never', line, 1)
      throw new Error('a bad line')
    }
  },
})

export const adding = defineJob({
  name: 'adding',
  input: jsonl<{ key: string; n: number }>(),
  map: ({ key, n }, emit) => emit(key, n),
  reduce: sum(),
})

export const rows = defineJob({
  name: 'rows',
  input: csv<'city' | 'n'>(),
  map({ city, n }, emit) {
    if (!/^-?\d+$/.test(n)) throw new Error(`no number: ${n}`)
    emit(city, Number(n))
  },
  reduce: sum(),
})
