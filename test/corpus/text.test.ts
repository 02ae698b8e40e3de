/** Dirty text. */
import { corpus } from './corpus.js'

corpus('text', ['text'], {
  'lines that end in CRLF': { files: { 'a.txt': 'to be\r\nor not\r\n' }, lines: ['to be', 'or not'] },
  'line ends of both kinds': { files: { 'a.txt': 'to\r\nbe\nor\r\n' }, lines: ['to', 'be', 'or'] },
  'a byte-order mark and a line without an end': { files: { 'a.txt': '\ufeffto\nbe' }, lines: ['to', 'be'] },
  'a byte-order mark in the second file': {
    files: { '1.txt': 'to\n', '2.txt': '\ufeffbe\n' },
    lines: ['to', 'be'],
  },
  'a byte-order mark in the middle of a file, which is content': {
    files: { 'a.txt': 'to\n\ufeffbe\n' },
    lines: ['to', '\ufeffbe'],
  },
  'files without a line end at their end, which join no lines': {
    files: { '1.txt': 'to', '2.txt': 'be', '3.txt': 'or\n' },
    lines: ['to', 'be', 'or'],
  },
  'empty lines, and lines of white space': {
    files: { 'a.txt': '\n\n  \n\t\nto\n\n' },
    lines: ['', '', '  ', '\t', 'to', ''],
  },
  'one newline and nothing else': { files: { 'a.txt': '\n' }, lines: [''] },
  'no byte at all': { files: { 'a.txt': '' }, lines: [] },
  'an empty file among others': { files: { '1.txt': '', '2.txt': 'to\n', '3.txt': '' }, lines: ['to'] },
  NULs: { files: { 'a.txt': 'to\0be\n\0\nor\n' }, lines: ['to\0be', '\0', 'or'] },
  'bytes that are no UTF-8': {
    files: { 'a.txt': Buffer.from('to\xff\n\xe4\xb8\nbe\xc0\xaf\n\xed\xa0\x80\n', 'latin1') },
    lines: ['to\ufffd', '\ufffd', 'be\ufffd\ufffd', '\ufffd\ufffd\ufffd'],
  },
  'a character that a chunk may cut': { files: { 'a.txt': '😀😀😀 été 中文\n' }, lines: ['😀😀😀 été 中文'] },
  'spaces of every kind': {
    files: { 'a.txt': 'to\u00a0be\u2003or\u3000not\vto\fbe\u2028x\u0085y\n' },
    lines: ['to\u00a0be\u2003or\u3000not\vto\fbe\u2028x\u0085y'],
  },
  'letters whose cases differ in length': {
    files: { 'a.txt': 'İstanbul STRASSE straße ΟΔΟΣ οδος ﬁn ſ K\n' },
    lines: ['İstanbul STRASSE straße ΟΔΟΣ οδος ﬁn ſ K'],
  },
  'tabs and backslashes in words': {
    files: { 'a.txt': 'a\\b c:\\new\\table "q" \\t\n' },
    lines: ['a\\b c:\\new\\table "q" \\t'],
  },
  'words that objects have as properties': {
    files: { 'a.txt': '__proto__ constructor toString hasOwnProperty __proto__\n' },
    lines: ['__proto__ constructor toString hasOwnProperty __proto__'],
  },
  'words that look like numbers': {
    files: { 'a.txt': '1 01 1.0 1e0 +1 -0 0 NaN null\n' },
    lines: ['1 01 1.0 1e0 +1 -0 0 NaN null'],
  },
  'a carriage return inside a line': {
    files: { 'a.txt': 'progress 1%\rprogress 2%\ndone\n' },
    lines: ['progress 1%\rprogress 2%', 'done'],
  },
  'two carriage returns before a newline': { files: { 'a.txt': 'to\r\r\nbe\r\r\n' }, lines: ['to\r', 'be\r'] },
  'a line of 100 000 characters': {
    files: { 'a.txt': `${'x'.repeat(100_000)}\nto\n` },
    lines: ['x'.repeat(100_000), 'to'],
  },
  'the same line a thousand times': {
    files: { 'a.txt': 'to be\n'.repeat(1000) },
    lines: Array.from({ length: 1000 }, () => 'to be'),
  },
  'escapes of a terminal': {
    files: { 'a.txt': '\x1b[31mred\x1b[0m alert\x07\n' },
    lines: ['\x1b[31mred\x1b[0m alert\x07'],
  },
  'a shebang, HTML and a regular expression': {
    files: { 'a.txt': '#!/bin/sh\n<p>&amp;</p>\n^a.*$ [b] (c)\n' },
    lines: ['#!/bin/sh', '<p>&amp;</p>', '^a.*$ [b] (c)'],
  },
})
