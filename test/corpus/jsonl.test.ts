/** Dirty JSON lines. */
import { corpus } from './corpus.js'

corpus('JSON lines', ['jsonl'], {
  'a line cut off in the middle': {
    files: { 'a.jsonl': '{"n":1}\n{"n":\n{"n":3}\n' },
    values: [{ n: 1 }, { n: 3 }],
    bad: { jsonl: [['JSONL_BAD_RECORD', 8]] },
  },
  'a last line cut off': {
    files: { 'a.jsonl': '{"n":1}\n{"n":2' },
    values: [{ n: 1 }],
    bad: { jsonl: [['JSONL_BAD_RECORD', 8]] },
  },
  'values of every type': {
    files: { 'a.jsonl': '1\n"a"\nnull\ntrue\n[]\n{}\n[1,[2]]\n' },
    values: [1, 'a', null, true, [], {}, [1, [2]]],
  },
  'blank lines, CRLF and white space around values': {
    files: { 'a.jsonl': '\r\n\n  {"n":1}  \r\n\t\n{"n":2}\r\n \n' },
    values: [{ n: 1 }, { n: 2 }],
  },
  'a byte-order mark': { files: { 'a.jsonl': '\ufeff{"n":1}\n{"n":2}\n' }, values: [{ n: 1 }, { n: 2 }] },
  'a byte-order mark on a later line': {
    files: { 'a.jsonl': '{"n":1}\n\ufeff{"n":2}\n' },
    values: [{ n: 1 }],
    bad: { jsonl: [['JSONL_BAD_RECORD', 8]] },
  },
  'no newline at the end': { files: { 'a.jsonl': '{"n":1}\n{"n":2}' }, values: [{ n: 1 }, { n: 2 }] },
  'a repeated key, of which the last counts': { files: { 'a.jsonl': '{"n":1,"n":2}\n' }, values: [{ n: 2 }] },
  'names that objects have': {
    files: { 'a.jsonl': '{"__proto__":{"x":1},"constructor":2,"toJSON":3}\n' },
    values: [JSON.parse('{"__proto__":{"x":1},"constructor":2,"toJSON":3}')],
  },
  'empty names': { files: { 'a.jsonl': '{"":1," ":2}\n' }, values: [{ '': 1, ' ': 2 }] },
  'trailing commas, comments, single quotes and bare names': {
    files: { 'a.jsonl': '{"n":1,}\n// n\n{\'n\':1}\n{n:1}\n[1,]\n{"n":5}\n' },
    values: [{ n: 5 }],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 0],
        ['JSONL_BAD_RECORD', 9],
        ['JSONL_BAD_RECORD', 14],
        ['JSONL_BAD_RECORD', 22],
        ['JSONL_BAD_RECORD', 28],
      ],
    },
  },
  'NaN, Infinity, hexadecimal numbers and leading zeros, which are no JSON': {
    files: { 'a.jsonl': 'NaN\n{"n":Infinity}\n0x10\n01\n+1\n.5\n{"n":1}\n' },
    values: [{ n: 1 }],
    bad: {
      jsonl: [0, 4, 19, 24, 27, 30].map((offset) => ['JSONL_BAD_RECORD', offset] as const),
    },
  },
  'two values on a line': {
    files: { 'a.jsonl': '{"n":1} {"n":2}\n{"n":3}{"n":4}\n{"n":5}\n' },
    values: [{ n: 5 }],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 0],
        ['JSONL_BAD_RECORD', 16],
      ],
    },
  },
  'lines that end in commas': {
    files: { 'a.jsonl': '{"n":1},\n{"n":2},\n{"n":3}\n' },
    values: [{ n: 3 }],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 0],
        ['JSONL_BAD_RECORD', 9],
      ],
    },
  },
  'raw control characters in a string': {
    files: { 'a.jsonl': '{"s":"a\tb"}\n{"s":"a\\tb"}\n' },
    values: [{ s: 'a\tb' }],
    bad: { jsonl: [['JSONL_BAD_RECORD', 0]] },
  },
  'a NUL': {
    files: { 'a.jsonl': '{"s":"a\\u0000b"}\n{"s":"a\0b"}\n\0\n' },
    values: [{ s: 'a\0b' }],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 17],
        ['JSONL_BAD_RECORD', 29],
      ],
    },
  },
  'nesting hundreds deep': {
    files: { 'a.jsonl': `${'['.repeat(900)}${']'.repeat(900)}\n1\n` },
    values: [JSON.parse(`${'['.repeat(900)}${']'.repeat(900)}`), 1],
  },
  'separators of lines in strings': {
    files: { 'a.jsonl': '{"s":"a\u2028b\u2029c"}\n{"s":"x\\ny\\r"}\n' },
    values: [{ s: 'a\u2028b\u2029c' }, { s: 'x\ny\r' }],
  },
  'bytes that are no UTF-8': {
    files: { 'a.jsonl': Buffer.from('{"s":"a\xffb"}\n', 'latin1') },
    values: [{ s: 'a\ufffdb' }],
  },
  'numbers at the edge of what a double holds': {
    files: { 'a.jsonl': '9007199254740991\n-9007199254740991\n1e308\n5e-324\n-0\n0.1\n1E+2\n' },
    values: [9007199254740991, -9007199254740991, 1e308, 5e-324, -0, 0.1, 100],
  },
  'an empty file among others': { files: { '1.jsonl': '', '2.jsonl': '{"n":1}\n' }, values: [{ n: 1 }] },
  'nothing at all': { files: { 'a.jsonl': '' }, values: [] },
  'CSV by mistake': {
    files: { 'a.jsonl': 'city,n\nOslo,1\n' },
    values: [],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 0],
        ['JSONL_BAD_RECORD', 7],
      ],
    },
  },
  'strings that could be anything': {
    files: { 'a.jsonl': '"1"\n""\n"null"\n"\\""\n"\\u00e9"\n"\\ud83d\\ude00"\n' },
    values: ['1', '', 'null', '"', 'é', '😀'],
  },
})

/** `holds` is the same with a line for each element; offsets are those of the file. */
corpus('JSON arrays', ['jsonl'], {
  'elements that are not JSON among others': {
    files: { 'a.json': '[\n  {"n": 1},\n  {"n": },\n  nope, {"n": 5}\n]\n' },
    holds: { 'a.json': '    {"n": 1}\n   {"n": }\n   nope\n {"n": 5}   ' },
    values: [{ n: 1 }, { n: 5 }],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 13],
        ['JSONL_BAD_RECORD', 24],
      ],
    },
    not: ['text', 'csv'],
  },
  'elements over several lines, and a raw line end in a string': {
    files: { 'a.json': '[{"n":1},{"n":[1,\n2]},{"s":"a\nb"},{"n":4}]' },
    holds: { 'a.json': ' {"n":1}\n{"n":[1, 2]}\n{"s":"a\rb"}\n{"n":4} ' },
    values: [{ n: 1 }, { n: [1, 2] }, { n: 4 }],
    bad: { jsonl: [['JSONL_BAD_RECORD', 22]] },
    not: ['text', 'csv'],
  },
  'commas without an element between or after them': {
    files: { 'a.json': '[{"n":1},,{"n":2},]\n' },
    holds: { 'a.json': ' {"n":1}\n,{"n":2}\n] ' },
    values: [{ n: 1 }],
    bad: {
      jsonl: [
        ['JSONL_BAD_RECORD', 9],
        ['JSONL_BAD_RECORD', 18],
      ],
    },
    not: ['text', 'csv'],
  },
  'no element, beside lines': {
    files: { 'a.json': ' [\n]\n', 'b.jsonl': '{"n":1}\n' },
    holds: { 'a.json': '     ' },
    values: [{ n: 1 }],
    not: ['text', 'csv'],
  },
  'an array that does not end': {
    files: { 'a.json': '[\n{"n":1},\n{"n":2}\n' },
    refused: { jsonl: 'JSON_ARRAY_INVALID' },
  },
  'something after the array': {
    files: { 'a.json': '[\n{"n":1}\n]\n{"n":2}\n' },
    refused: { jsonl: 'JSON_ARRAY_INVALID' },
  },
})
