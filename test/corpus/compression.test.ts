/** Compressed files under any name, and files that only look like one. */
import { gzipSync } from 'node:zlib'
import { corpus } from './corpus.js'

const PLAIN = 'to be\nor not\n'
const LINES = ['to be', 'or not']
const CSV = 'city,n\nOslo,1\n'

corpus('gzip', ['text'], {
  'under its own name': { files: { 'a.txt.gz': gzipSync(PLAIN) }, holds: { 'a.txt.gz': PLAIN }, lines: LINES },
  'under another name': { files: { 'a.log': gzipSync(PLAIN) }, holds: { 'a.log': PLAIN }, lines: LINES },
  'without an ending': { files: { a: gzipSync(PLAIN) }, holds: { a: PLAIN }, lines: LINES },
  'of CSV under the name of CSV': {
    files: { 'a.csv': gzipSync(CSV) },
    holds: { 'a.csv': CSV },
    rows: [{ city: 'Oslo', n: '1' }],
  },
  'beside plain files': {
    files: { '1.txt': 'to be\n', '2.txt': gzipSync('or not\n') },
    holds: { '2.txt': 'or not\n' },
    lines: LINES,
  },
  'in several members': {
    files: { 'a.gz': Buffer.concat([gzipSync('to be\nor'), gzipSync(''), gzipSync(' not\n')]) },
    holds: { 'a.gz': PLAIN },
    lines: LINES,
  },
  'with zeros after it, as tapes leave them': {
    files: { 'a.gz': Buffer.concat([gzipSync(PLAIN), Buffer.alloc(512)]) },
    holds: { 'a.gz': PLAIN },
    lines: LINES,
    not: ['csv', 'jsonl'],
  },
  'of nothing': { files: { 'a.gz': gzipSync('') }, holds: { 'a.gz': '' }, lines: [] },
  'cut off': { files: { 'a.gz': gzipSync(PLAIN).subarray(0, -5) }, refused: 'GZIP_CORRUPT' },
  'cut off under another name': {
    files: { 'a.log': gzipSync(PLAIN).subarray(0, -5) },
    refused: 'GZIP_CORRUPT',
  },
  'with a bit that flipped': {
    files: { 'a.gz': Buffer.from(gzipSync(PLAIN)).fill(0xff, 20, 21) },
    refused: 'GZIP_CORRUPT',
  },
})

corpus('plain text', ['text'], {
  'that begins as no compressed file does': { files: { 'a.txt': 'BZ is no header\n' }, lines: ['BZ is no header'] },
  'that begins like a header of bzip2': { files: { 'a.txt': 'BZh is a word\n' }, lines: ['BZh is a word'] },
  'that begins like a header of zip': { files: { 'a.txt': 'PK is a word\n' }, lines: ['PK is a word'] },
})
