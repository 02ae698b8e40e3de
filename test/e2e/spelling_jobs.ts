/** Functions over each format: what they are given, in the order of the input. */
import { csv, defineJob, json, jsonl, text } from 'runjob'

const shown = { value: json<unknown>(), output: jsonl(), partitions: 1 }
const show = (record: unknown, emit: (key: string, value: unknown) => void) => emit('', record)

export const lines = defineJob({ name: 'lines', ...shown, input: text(), map: show })
export const rows = defineJob({ name: 'rows', ...shown, input: csv(), map: show })
export const values = defineJob({ name: 'values', ...shown, input: jsonl(), map: show })
