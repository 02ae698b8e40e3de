/** The same two records in every format, for outputs.test.ts. */
import { bigint, type Codec, csv, defineJob, json, jsonl, number, type Output, string, text, tsv, tuple } from 'runjob'

/** Emits each key with its value, whatever the input. */
function constant<K, V>(
  name: string,
  output: Output,
  key: Codec<K>,
  value: Codec<V>,
  records: readonly (readonly [K, V])[],
) {
  return defineJob({
    name,
    input: text(),
    map: (_, emit) => emit('once', 1),
    outKey: key,
    outValue: value,
    reduce(_, __, emit) {
      for (const [k, v] of records) emit(k, v)
    },
    output,
  })
}

const awkward = [
  ['plain', 1.5],
  ['a,"b"\t\\c\nd\r', -0.25],
] as const
const pairs = [[['x', 2], 9007199254740993n]] as const
const objects = [[1, { b: 'é,"', a: [null, 2] }]] as const

export interface Formatted {
  file: string
  lines: string
  records: readonly (readonly [unknown, unknown])[]
}

export const formatted: Record<string, Formatted> = {
  tsv: { file: 'part-r-00000.tsv', lines: 'plain\t1.5\na,"b"\\t\\\\c\\nd\\r\t-0.25\n', records: awkward },
  'tsv-raw': { file: 'part-r-00000.tsv', lines: 'plain\t1.5\n', records: awkward.slice(0, 1) },
  csv: { file: 'part-r-00000.csv', lines: 'plain,1.5\n"a,""b""\t\\c\nd\r",-0.25\n', records: awkward },
  'csv-header': { file: 'part-r-00000.csv', lines: 'name;n\nplain;1.5\n"a,""b""\t\\c\nd\r";-0.25\n', records: awkward },
  'csv-tuple': { file: 'part-r-00000.csv', lines: 'x,2,9007199254740993\n', records: pairs },
  jsonl: {
    file: 'part-r-00000.jsonl',
    lines: '{"key":"plain","value":1.5}\n{"key":"a,\\"b\\"\\t\\\\c\\nd\\r","value":-0.25}\n',
    records: awkward,
  },
  'jsonl-tuple': { file: 'part-r-00000.jsonl', lines: '{"key":["x",2],"value":"9007199254740993"}\n', records: pairs },
  'jsonl-object': {
    file: 'part-r-00000.jsonl',
    lines: '{"key":1,"value":{"a":[null,2],"b":"é,\\""}}\n',
    records: objects,
  },
  'tsv-object': { file: 'part-r-00000.tsv', lines: '1\t{"a":[null,2],"b":"é,\\\\""}\n', records: objects },
  text: { file: 'part-r-00000.txt', lines: 'plain\n', records: [['plain', undefined]] },
  'tsv-gzip': { file: 'part-r-00000.tsv.gz', lines: 'plain\t1.5\na,"b"\\t\\\\c\\nd\\r\t-0.25\n', records: awkward },
  'jsonl-gzip': { file: 'part-r-00000.jsonl.gz', lines: '{"key":"plain","value":1.5}\n', records: awkward.slice(0, 1) },
}

export const outputJobs: Record<string, ReturnType<typeof constant>> = {
  tsv: constant('tsv', tsv(), string(), number(), awkward),
  'tsv-raw': constant('tsv-raw', tsv({ escape: false }), string(), number(), awkward.slice(0, 1)),
  csv: constant('csv', csv(), string(), number(), awkward),
  'csv-header': constant('csv-header', csv({ delimiter: ';', columns: ['name', 'n'] }), string(), number(), awkward),
  'csv-tuple': constant('csv-tuple', csv(), tuple(string(), number()), bigint(), pairs as never),
  jsonl: constant('jsonl', jsonl(), string(), number(), awkward),
  'jsonl-tuple': constant('jsonl-tuple', jsonl(), tuple(string(), number()), bigint(), pairs as never),
  'jsonl-object': constant('jsonl-object', jsonl(), number(), json(), objects),
  'tsv-object': constant('tsv-object', tsv(), number(), json(), objects),
  text: constant('text', text(), string(), number(), awkward.slice(0, 1)),
  'tsv-gzip': constant('tsv-gzip', tsv({ gzip: true }), string(), number(), awkward),
  'jsonl-gzip': constant('jsonl-gzip', jsonl({ gzip: true }), string(), number(), awkward.slice(0, 1)),
}
