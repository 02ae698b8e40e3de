/** JSON lines cut into fields are what JSON.parse makes of them. */
import { describe, expect, it } from 'vitest'
import { canReadFields, jsonRows } from '../../../../dist/src/engine/task/source/json_rows.js'
import { LineDecoder } from '../../../../dist/src/io/input/lines.js'
import { Random } from '../../../helpers/random.js'

type Seen = { offset: number } & ({ row: unknown[] } | { line: string })

/** A block of lines, in chunks; `names` null: every line as it is. */
function read(bytes: Buffer, names: string[] | null, chunkBytes = bytes.length): { seen: Seen[]; recordsIn: number } {
  const seen: Seen[] = []
  const see = (what: { row: unknown[] } | { line: string }) => seen.push({ offset: decoder.lineStart(), ...what })
  const onLine = (line: string) => void see({ line })
  const onRow = (row: object) => void see({ row: valuesOf(row, names!) })
  const options = { exact: false, atFileStart: true, onLine }
  const decoder = new LineDecoder(names ? { ...options, onBlock: jsonRows(names, { onRow, onLine }) } : options)
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes)
    decoder.push(chunk, Number.POSITIVE_INFINITY, at + chunkBytes >= bytes.length)
  }
  return { seen, recordsIn: decoder.recordsIn }
}

const valuesOf = (row: object, names: readonly string[]) => names.map((name) => (row as Record<string, unknown>)[name])

/** Where rows were read, the same from the whole line. */
function parsed(names: string[], lines: Seen[], rows: Seen[]): Seen[] {
  return lines.map((seen, i) => {
    if (!rows[i] || 'line' in rows[i] || 'row' in seen) return seen
    return { offset: seen.offset, row: valuesOf(JSON.parse(seen.line), names) }
  })
}

const NAMES = ['a', 'b', 'é', 'unit "price"', 'constructor2']

const VALUES = [
  ...[
    '"text"',
    '""',
    '"é, 😀"',
    '"a \\"quote\\""',
    '"\\u00e9\\ud83d\\ude00\\ud800"',
    '"\\\\"',
    'true',
    'false',
    'null',
  ],
  ...['0', '-0', '1', '-17', '1.5', '1e3', '1E-5', '0.1', '123456789012345', '5e-324', '1.7976931348623157e98', '1e99'],
  ...['[]', '{}', '[1,{"a":[]}]', '{"a":"inner","b":{"c":null}}', '[[[[1]]]]', ' "space" ', '\t3\r'],
  ...['9007199254740993', '1e400', '12345678901234567890', '"12345678901234567890"', '1e-400', '"1e999"'],
]
const OTHERS = [
  ...['', ' ', '\t', 'null', '7', '"text"', '[1,2]', '{', '{"a":1', '{"a":1}}', '{"a":}', "{'a':1}", '{"a":01}'],
  ...['{"a":1,}', '{"a" 1}', '{"a":"\u0001"}', '{"a":"\\x"}', '{"a":tru}', '\ufeff{"a":1}', '{"a":-}', '{"a":1.}'],
]

function line(random: Random): string {
  if (random.below(8) === 0) return random.pick(OTHERS)
  const key = () => random.pick([...NAMES, 'other', '', '\\u0061', 'a\\n', '__proto__']).replaceAll(/(?<!\\)"/g, '\\"')
  const members = random.times(random.below(7), () => `"${key()}"${random.pick([':', ' : '])}${random.pick(VALUES)}`)
  return `{${members.join(random.pick([',', ', ']))}}${random.pick(['', '', ' ', '\r'])}`
}

describe('fields of JSON lines', () => {
  it('are those of JSON.parse, in lines of any kind, whatever the chunks', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Random(seed)
      const text = random.times(random.below(60), () => line(random)).join('\n') + random.pick(['', '\n'])
      const bytes = random.below(4) === 0 ? Buffer.from(text.replaceAll('é', '\ufffe'), 'latin1') : Buffer.from(text)
      const names = NAMES.slice(0, random.below(NAMES.length + 1))
      const lines = read(bytes, null)
      for (const chunkBytes of [bytes.length || 1, 1 + random.below(100)]) {
        const rows = read(bytes, names, chunkBytes)
        expect(rows.recordsIn, `seed ${seed}`).toBe(lines.recordsIn)
        expect(rows.seen, `seed ${seed}`).toEqual(parsed(names, lines.seen, rows.seen))
      }
    }
  })

  it('are read of every object without a number that a double might not hold', () => {
    const text = `{"a":"x","other":{"a":[1e99]}}\n{"b":123456789012345,"é":"\\"é\\""}\n{"n":[1234567890123456]}\n[{"a":1}]\n{}`
    const { seen } = read(Buffer.from(text), ['a', 'b', 'é'])
    expect(seen.map((one) => ('row' in one ? one.row : one.line))).toEqual([
      ['x', undefined, undefined],
      [undefined, 123456789012345, '"é"'],
      '{"n":[1234567890123456]}',
      '[{"a":1}]',
      [undefined, undefined, undefined],
    ])
  })

  it('have their places in blocks with bytes that are no UTF-8', () => {
    const block = Buffer.from('{"a":"\xff\xf0\x9f\x98"}\n{"b":"\xe4\xb8","a":"\xc3\xa9"}\n{"a":"z"}', 'latin1')
    const { seen } = read(block, ['a'])
    expect(seen).toEqual([
      { offset: 0, row: ['\ufffd\ufffd'] },
      { offset: 13, row: ['é'] },
      { offset: 33, row: ['z'] },
    ])
  })

  it('are read of blocks of more lines than one call describes', () => {
    const bytes = Buffer.from(`${'{"a":"é"}\n'.repeat(9000) + '\n'.repeat(20_000)}{"a":1}`)
    const { seen, recordsIn } = read(bytes, ['a', 'b'])
    expect(recordsIn).toBe(29_001)
    expect(seen[8999]).toEqual({ offset: 8999 * 11, row: ['é', undefined] })
    expect(seen[9000]).toEqual({ offset: 99_000, line: '' })
    expect(seen.at(-1)).toEqual({ offset: 119_000, row: [1, undefined] })
  })

  it('are not read by names that no key of a file could match', () => {
    expect(canReadFields(['a', 'é', '😀'])).toBe(true)
    expect(canReadFields(['\ufffd'])).toBe(false)
    expect(canReadFields(['\ud800'])).toBe(false)
    expect(canReadFields(Array.from({ length: 65 }, (_, i) => `${i}`))).toBe(false)
  })
})
