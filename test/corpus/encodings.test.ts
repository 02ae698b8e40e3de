/** Text in other encodings, and old line ends. */
import { corpus } from './corpus.js'

const LINES = ['to be', 'été 中 😀']
const TEXT = 'to be\nété 中 😀\n'
const CSV = 'city,n\nOslo,1\n"Ro,me",2\n'
const ROWS = [
  { city: 'Oslo', n: '1' },
  { city: 'Ro,me', n: '2' },
]

function wide(text: string, { big = false, mark = true } = {}): Buffer {
  const bytes = Buffer.from(mark ? `\ufeff${text}` : text, 'utf16le')
  return big ? bytes.swap16() : bytes
}

corpus('UTF-16', ['text'], {
  'with its byte-order mark': { files: { 'a.txt': wide(TEXT) }, holds: { 'a.txt': TEXT }, lines: LINES },
  'of the other byte order': { files: { 'a.txt': wide(TEXT, { big: true }) }, holds: { 'a.txt': TEXT }, lines: LINES },
  'with CRLF': {
    files: { 'a.txt': wide('to be\r\nor not\r\n') },
    holds: { 'a.txt': 'to be\r\nor not\r\n' },
    lines: ['to be', 'or not'],
  },
  'beside UTF-8': {
    files: { '1.txt': 'to be\n', '2.txt': wide('été 中 😀\n') },
    holds: { '2.txt': 'été 中 😀\n' },
    lines: LINES,
  },
  'of CSV, as spreadsheets write it': { files: { 'a.csv': wide(CSV) }, holds: { 'a.csv': CSV }, rows: ROWS },
  'of JSON lines': {
    files: { 'a.jsonl': wide('{"n":1}\n{"n":2}\n') },
    holds: { 'a.jsonl': '{"n":1}\n{"n":2}\n' },
    values: [{ n: 1 }, { n: 2 }],
  },
  'without its byte-order mark': {
    files: { 'a.txt': wide('to be or not\n', { mark: false }) },
    refused: 'TEXT_ENCODING',
  },
  'without its byte-order mark, but said': {
    files: { 'a.txt': wide(TEXT, { mark: false }) },
    options: { encoding: 'utf-16le' },
    holds: { 'a.txt': TEXT },
    lines: LINES,
  },
})

corpus('other encodings, said', ['text'], {
  'Latin-1': {
    files: { 'a.txt': Buffer.from('caf\xe9 \xa3\n', 'latin1') },
    options: { encoding: 'latin1' },
    holds: { 'a.txt': 'café £\n' },
    lines: ['café £'],
  },
  'Latin-1 of CSV': {
    files: { 'a.csv': Buffer.from('city,n\nM\xfcnchen,1\n', 'latin1') },
    options: { encoding: 'latin1' },
    holds: { 'a.csv': 'city,n\nMünchen,1\n' },
    rows: [{ city: 'München', n: '1' }],
  },
  'Shift-JIS, whose second bytes may be backslashes': {
    files: { 'a.txt': Buffer.from('\x83\x5c\x90\xb6 x\n', 'latin1') },
    options: { encoding: 'shift_jis' },
    holds: { 'a.txt': 'ソ生 x\n' },
    lines: ['ソ生 x'],
    // The other side of a join is UTF-8.
    not: ['csv'],
  },
})

corpus('carriage returns alone', ['text'], {
  'at the ends of lines': { files: { 'a.txt': 'to be\ror not\r' }, lines: ['to be', 'or not'] },
  'and none at the end': { files: { 'a.txt': 'to be\ror not' }, lines: ['to be', 'or not'] },
  'in UTF-16': {
    files: { 'a.txt': wide('to be\ror not\r') },
    holds: { 'a.txt': 'to be\ror not\r' },
    lines: ['to be', 'or not'],
  },
  'in CSV': { files: { 'a.csv': 'city,n\rOslo,1\r"Ro,me",2\r' }, rows: ROWS },
  'in CSV with a line feed between quotes': {
    files: { 'a.csv': 'city,n\r"Os\nlo",1\rRome,2\r' },
    rows: [
      { city: 'Os\nlo', n: '1' },
      { city: 'Rome', n: '2' },
    ],
    not: ['text', 'jsonl'],
  },
  'in JSON lines': { files: { 'a.jsonl': '{"n":1}\r{"n":2}\r' }, values: [{ n: 1 }, { n: 2 }] },
  'in one file of two': { files: { '1.txt': 'to\rbe\r', '2.txt': 'or\nnot\n' }, lines: ['to', 'be', 'or', 'not'] },
})
