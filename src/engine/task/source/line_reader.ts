/** Lines of text, or the values of JSON lines, for a user's map. */

import { jsonLineParser, type LargeIntegers } from '../../../io/format/json_lines.js'
import type { InputFile } from '../../../io/input/input_file.js'
import { LineDecoder, type LineOptions } from '../../../io/input/lines.js'
import { Utf8Check } from '../../../io/input/utf8_check.js'
import type { CsvFormat, Format } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import type { RecordGuard } from '../record_guard.js'
import { canReadFields, type JsonUses, jsonRows, withoutReturn } from './json_rows.js'
import { lineQuarantine, type SplitReader } from './split_reader.js'

/** @param fields all that is read of a JSON object; null: anything */
export function openLines(
  format: Exclude<Format, CsvFormat>,
  file: InputFile,
  start: number,
  { budget, quarantine }: TaskEnvironment,
  { call, guard, fields }: { call: (record: unknown) => void; guard: RecordGuard | null; fields: string[] | null },
): SplitReader {
  const { maxRecordBytes } = budget
  const exact = format.kind === 'text' && format.exact
  const use = format.kind === 'jsonl' ? jsonCall(call, format.integers) : call
  const onLine = guard
    ? (line: string) =>
        guard(
          () => use(line),
          () => line,
        )
    : use
  const options: LineOptions = { exact, atFileStart: start === 0, maxRecordBytes, onLine }
  if (quarantine) options.onTooLong = lineQuarantine(quarantine, file, start)
  if (format.kind === 'jsonl' && fields && canReadFields(fields)) {
    const onRow: JsonUses['onRow'] = guard
      ? (row, text, from, to) =>
          guard(
            () => call(row),
            () => withoutReturn(text, from, to),
          )
      : (row) => call(row)
    options.onBlock = jsonRows(fields, { onRow, onLine })
  }
  const decoder = new LineDecoder(options)
  const check = new Utf8Check()
  return {
    push(chunk, limit, last) {
      check.see(chunk, last)
      return decoder.push(chunk, limit, last)
    },
    get position() {
      return decoder.position
    },
    get recordsIn() {
      return decoder.recordsIn
    },
    get invalidAt() {
      return check.invalidAt
    },
    recordOffset: () => decoder.lineStart(),
  }
}

function jsonCall(call: (record: unknown) => void, integers?: LargeIntegers): (line: string) => void {
  const parse = jsonLineParser(integers)
  return (line) => {
    if (line.trim() !== '') call(parse(line))
  }
}
