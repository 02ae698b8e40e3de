/** Jobs for bad_records.test.ts. */
import { csv, defineJob, jsonl, number, step, sum, text, tsv } from 'runjob'

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

/** Without a reduce, with a named output that only one bad record writes to. */
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

const lineWords = (line: string, emit: (word: string, n: number) => void) => {
  for (const word of line.split(' ')) emit(word, 1)
}

/** Words by how often they occur. The second step's map throws after it has emitted and counted. */
const byCount = step({
  key: number(),
  map([word, count]: [string, number], emit, ctx) {
    ctx.count('words')
    emit(count, 1)
    if (word.startsWith('bad')) throw new Error(`a bad word: ${word}`)
  },
  reduce: sum(),
})

export const chained = defineJob({
  name: 'chained',
  input: text(),
  steps: [step({ map: lineWords, reduce: sum() }), byCount],
})

/** The same with a reduce function, which continues after the next step's map has thrown. */
export const chainedReduce = defineJob({
  name: 'chained-reduce',
  input: text(),
  steps: [
    step({
      map: lineWords,
      reduce(word: string, counts: Iterable<number>, emit) {
        let total = 0
        for (const count of counts) total += count
        emit(word, total)
        emit(`${word}!`, total)
      },
    }),
    byCount,
  ],
})

/** Throws for a group. */
export const hardReduce = defineJob({
  name: 'hard-reduce',
  input: text(),
  map: lineWords,
  reduce(word: string, counts: Iterable<number>, emit) {
    if (word === 'bad') throw new Error('a bad group')
    emit(word, [...counts].length)
  },
})
