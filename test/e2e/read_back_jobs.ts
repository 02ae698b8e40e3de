/** Jobs that emit the typed records which their input describes, for read_back.test.ts. */
import {
  bigint,
  bytes,
  type Codec,
  csv,
  defineJob,
  json,
  jsonl,
  mapReduce,
  number,
  type Output,
  sorted,
  string,
  text,
  tsv,
  tuple,
} from 'runjob'

export const codecs: Record<string, Codec<never>> = {
  string: string() as Codec<string> as Codec<never>,
  number: number() as Codec<never>,
  bigint: bigint() as Codec<never>,
  bytes: bytes() as Codec<never>,
  json: json() as Codec<never>,
  'tuple of text and number': tuple(string(), number()) as never,
  'nested tuple': tuple(bytes(), tuple(string(), bigint())) as never,
}

export const formats: Record<string, Output> = {
  tsv: tsv(),
  csv: csv(),
  'csv with semicolons': csv({ delimiter: ';', gzip: true }),
  'csv with tabs': csv({ delimiter: '\t' }),
  jsonl: jsonl(),
  'jsonl, gzip': jsonl({ gzip: true }),
  text: text(),
}

/** JSON that holds any value of the codecs. */
export function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return { big: String(value) }
  if (value instanceof Uint8Array) return { bytes: [...value] }
  if (Array.isArray(value)) return { list: value.map(toPlain) }
  return value !== null && typeof value === 'object' ? { json: JSON.stringify(byName(value)) } : value
}

/** As the codec json writes an object. */
function byName(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function fromPlain(plain: unknown): unknown {
  if (plain === null || typeof plain !== 'object') return plain
  const tagged = plain as { big?: string; bytes?: number[]; list?: unknown[]; json?: string }
  if (tagged.big !== undefined) return BigInt(tagged.big)
  if (tagged.bytes !== undefined) return Uint8Array.from(tagged.bytes)
  if (tagged.list !== undefined) return tagged.list.map(fromPlain)
  return JSON.parse(tagged.json!)
}

type Line = { k: unknown; v: unknown }

/** `by` says where the output's records come from: a map, native code after a sort, or a reduce. */
export const readBack = defineJob({
  name: 'read-back',
  params: {
    key: { type: 'string', required: true, describe: 'codec' },
    value: { type: 'string', required: true, describe: 'codec' },
    format: { type: 'string', required: true, describe: 'format' },
    by: { type: 'string', required: true, choices: ['map', 'kernels', 'reduce'], describe: 'who writes' },
  },
  define({ key, value, format, by }) {
    const common = {
      input: jsonl<Line>(),
      key: codecs[key]!,
      value: codecs[value]!,
      map: ({ k, v }: Line, emit: (key: never, value: never) => void) =>
        emit(fromPlain(k) as never, fromPlain(v) as never),
      output: formats[format]!,
    }
    if (by === 'map') return mapReduce(common)
    if (by === 'kernels') return mapReduce({ ...common, reduce: sorted() })
    return mapReduce({
      ...common,
      reduce(k, values, emit) {
        for (const v of values) emit(k, v)
      },
    })
  },
})
