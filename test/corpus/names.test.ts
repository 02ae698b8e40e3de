/** Names of files and folders. */
import { corpus } from './corpus.js'

const NAMES: Record<string, string> = {
  'a space': 'my data.csv',
  'spaces at its ends': ' data.csv ',
  'a newline': 'two\nlines.csv',
  'a carriage return and a tab': 'a\r\tb.csv',
  quotes: '"double" and \'single\'.csv',
  'emoji and letters of other alphabets': '😀 Größe 中文.csv',
  'an accent in two characters': 'cafe\u0301.csv',
  'a percent sign and a question mark': '50%?.csv',
  'a hash and an ampersand': 'a#b&c.csv',
  'glob characters': 'a[1]*{x,y}?(z)!.csv',
  'a backslash': 'c:\\data.csv',
  'a leading dash': '-rf.csv',
  'two leading dashes, like a flag': '--output.csv',
  'a dollar sign and backquotes': '$HOME `ls`.csv',
  'a tilde': '~.csv',
  'an escape of a terminal': '\x1b[31mred.csv',
  'no ending': 'data',
  'several dots': 'data.2024.01.csv',
  'an ending in capitals': 'DATA.CSV',
  '200 letters': `${'n'.repeat(200)}.csv`,
  'the name of an output': 'part-r-00000.csv',
  'a name that objects have': '__proto__.csv',
}

corpus(
  'names of files',
  ['csv'],
  Object.fromEntries(
    Object.entries(NAMES)
      .filter(([, name]) => !name.startsWith('_'))
      .map(([what, name]) => [
        `a file whose name has ${what}`,
        { files: { [name]: 'city,n\nOslo,1\n' }, rows: [{ city: 'Oslo', n: '1' }] },
      ]),
  ),
)

corpus(
  'files named one by one',
  ['text'],
  Object.fromEntries(
    Object.entries(NAMES).map(([what, name]) => [
      `a file that is named itself, and whose name has ${what}`,
      { files: { [name]: 'to be\n', 'other.txt': 'not\n' }, input: [name], reads: [name], lines: ['to be'] },
    ]),
  ),
)

corpus('folders', ['text'], {
  'a folder in a folder with a name in quotes': { files: { "it's/deep er/a.txt": 'to\n' }, lines: ['to'] },
  'files that differ in case': { files: { 'A.txt': 'to\n', 'a.txt': 'be\n' }, lines: ['to', 'be'] },
  'files whose names are hidden, beside one that is not': {
    files: { '_hidden.txt': 'x\n', '.hidden': 'x\n', 'a.txt': 'to\n', '_sub/b.txt': 'x\n' },
    reads: ['a.txt'],
    lines: ['to'],
  },
  'a hidden file that is named itself': { files: { '_a.txt': 'to\n' }, input: ['_a.txt'], lines: ['to'] },
  'hidden files alone': { files: { '_a.txt': 'to\n' }, refused: 'INPUT_EMPTY' },
  'a glob, whose files come in the order of their names': {
    files: { 'b.txt': 'be\n', 'a.txt': 'to\n', 'c.md': 'x\n' },
    input: ['*.txt'],
    reads: ['a.txt', 'b.txt'],
    lines: ['to', 'be'],
  },
  'a glob that nothing matches': { files: { 'a.txt': 'to\n' }, input: ['*.csv'], refused: 'INPUT_EMPTY' },
  'a file that is not there': { files: { 'a.txt': 'to\n' }, input: ['b.txt'], refused: 'INPUT_NOT_FOUND' },
  'a file that is not there, beside one that is': {
    files: { 'a.txt': 'to\n' },
    input: ['a.txt', 'b.txt'],
    refused: 'INPUT_NOT_FOUND',
  },
})
