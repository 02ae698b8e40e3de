/** Jobs for json_fields.test.ts. */
import { defineJob, json, jsonl, string } from 'runjob'

/** Of the lines of the test. */
interface Request {
  path: string
  ms?: number | null
  user: { name: string }
}

function checked(path: unknown, ms: unknown): string {
  if (path === '/throws') throw new Error('a path that throws')
  return `${String(path)} ${typeof ms}`
}

/** Only the fields that it reads are cut out. */
export const byName = defineJob({
  name: 'by-name',
  input: jsonl<Request>(),
  key: string(),
  value: json<unknown>(),
  map: (row, emit) => emit(checked(row.path, row.ms), [row.ms ?? null, row.user ?? null]),
})

/** The same of whole objects. */
export const whole = defineJob({
  name: 'whole',
  input: jsonl<Request>(),
  key: string(),
  value: json<unknown>(),
  map(row, emit) {
    const all = row
    emit(checked(all.path, all.ms), [all.ms ?? null, all.user ?? null])
  },
})
