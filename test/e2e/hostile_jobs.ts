/** Jobs for hostile.test.ts. */
import { appendFileSync, truncateSync } from 'node:fs'
import { csv, defineJob, jsonl, string, sum, text, tsv } from 'runjob'

/** Changes the file that is being read, at its first line. */
export const gnawing = defineJob({
  name: 'gnawing',
  params: { how: { type: 'string', default: 'shrink', describe: 'shrink or grow' } },
  define: ({ how }) => ({
    input: text(),
    map(line: string, emit: (key: string, value: number) => void, ctx: { inputPath: string }) {
      if (line === 'first') {
        if (how === 'shrink') truncateSync(ctx.inputPath, 2 << 20)
        else appendFileSync(ctx.inputPath, 'more\n')
      }
      emit('lines', 1)
    },
    reduce: sum(),
  }),
})

const pairs = {
  input: jsonl<[string, string]>(),
  value: string(),
  map: ([key, value]: [string, string], emit: (key: string, value: string) => void) => emit(key, value),
}

/** The same pairs in each format. */
export const asTsv = defineJob({ name: 'as-tsv', ...pairs, output: tsv() })
export const asCsv = defineJob({ name: 'as-csv', ...pairs, output: csv() })
export const asJson = defineJob({ name: 'as-json', ...pairs, output: jsonl() })

/** Tries to write elsewhere, and counts under names that all objects have. */
export const leaving = defineJob({
  name: 'leaving',
  input: text(),
  outputs: { inside: tsv() },
  map(line, emit, ctx) {
    ctx.count('constructor')
    ctx.count('__proto__')
    if (line !== '') ctx.write(line, 'x', 1)
    emit(line, 1)
  },
  reduce: sum(),
})

/** Rows of any columns, as JSON. */
export const wide = defineJob({
  name: 'wide',
  input: csv<string>(),
  map: (row, emit) => emit(`${row.c0}${row.c9999}`, Object.keys(Object.getPrototypeOf(row)).length),
  reduce: sum(),
})
