/** Dirty CSV. */
import { corpus } from './corpus.js'

const TWO = [
  { city: 'Oslo', n: '1' },
  { city: 'Rome', n: '2' },
]

corpus('lines and white space of CSV', ['csv'], {
  'lines that end in CRLF': { files: { 'a.csv': 'city,n\r\nOslo,1\r\nRome,2\r\n' }, rows: TWO },
  'line ends of both kinds': { files: { 'a.csv': 'city,n\r\nOslo,1\nRome,2\r\n' }, rows: TWO },
  'no line end at the end': { files: { 'a.csv': 'city,n\nOslo,1\nRome,2' }, rows: TWO },
  'a carriage return at the end and no newline': { files: { 'a.csv': 'city,n\r\nOslo,1\r\nRome,2\r' }, rows: TWO },
  'blank lines everywhere': { files: { 'a.csv': '\n\r\n\ncity,n\n\n\r\nOslo,1\n\n\nRome,2\n\n\n' }, rows: TWO },
  'a byte-order mark': { files: { 'a.csv': '\ufeffcity,n\nOslo,1\nRome,2\n' }, rows: TWO },
  'a byte-order mark before a quoted name': {
    files: { 'a.csv': '\ufeff"city","n"\r\n"Oslo","1"\r\nRome,2\r\n' },
    rows: TWO,
  },
  'a byte-order mark in every file': {
    files: { '1.csv': '\ufeffcity,n\nOslo,1\n', '2.csv': '\ufeffcity,n\nRome,2\n' },
    rows: TWO,
  },
  'a byte-order mark in one file of two': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': '\ufeffcity,n\nRome,2\n' },
    rows: TWO,
  },
  'a second byte-order mark, which is content': {
    files: { 'a.csv': '\ufeff\ufeffcity,n\nOslo,1\n' },
    rows: [{ '\ufeffcity': 'Oslo', n: '1' }],
  },
  'a byte-order mark in the middle, which is content': {
    files: { 'a.csv': 'city,n\n\ufeffOslo,1\n' },
    rows: [{ city: '\ufeffOslo', n: '1' }],
  },
  'lines of spaces and tabs': {
    files: { 'a.csv': 'city,n\nOslo,1\n  \n\t\nRome,2\n' },
    rows: TWO,
    bad: {
      csv: [
        ['CSV_SHORT_ROW', 14],
        ['CSV_SHORT_ROW', 17],
      ],
    },
  },
  'spaces around fields, which are content': {
    files: { 'a.csv': ' city , n\n Oslo , 1\n' },
    rows: [{ ' city ': ' Oslo ', ' n': ' 1' }],
    not: ['text'],
  },
  'fields and names of nothing but white space': {
    files: { 'a.csv': 'city, ,n\n , ,\t\n' },
    rows: [{ city: ' ', ' ': ' ', n: '\t' }],
  },
  'rows of delimiters alone': {
    files: { 'a.csv': 'city,n\n,\nOslo,1\n,\n' },
    rows: [
      { city: '', n: '' },
      { city: 'Oslo', n: '1' },
      { city: '', n: '' },
    ],
  },
  'NULs in names and fields': {
    files: { 'a.csv': 'ci\0ty,n\nOs\0lo,1\n\0,2\n"\0",3\n' },
    rows: [
      { 'ci\0ty': 'Os\0lo', n: '1' },
      { 'ci\0ty': '\0', n: '2' },
      { 'ci\0ty': '\0', n: '3' },
    ],
  },
  'a vertical tab, a form feed and separators of Unicode in fields': {
    files: { 'a.csv': 'city,n\nO\vs\flo,1\nRo\u2028me\u0085,2\n' },
    rows: [
      { city: 'O\vs\flo', n: '1' },
      { city: 'Ro\u2028me\u0085', n: '2' },
    ],
  },
  'a control-Z at the end, as DOS left it': {
    files: { 'a.csv': 'city,n\r\nOslo,1\r\nRome,2\r\n\x1a' },
    rows: TWO,
    bad: { csv: [['CSV_SHORT_ROW', 24]] },
  },
})

corpus('quotes of CSV', ['csv'], {
  'quoted fields that hold delimiters, quotes, LF and CRLF': {
    files: { 'a.csv': 'city,n\n"Os,lo",1\n"say ""hi""",2\n"two\nlines",3\r\n"three\r\nlines",4\r\n' },
    rows: [
      { city: 'Os,lo', n: '1' },
      { city: 'say "hi"', n: '2' },
      { city: 'two\nlines', n: '3' },
      { city: 'three\r\nlines', n: '4' },
    ],
  },
  'names that hold delimiters, quotes and line ends': {
    files: { 'a.csv': '"ci,ty","the ""n""","line\nend"\nOslo,1,x\n' },
    rows: [{ 'ci,ty': 'Oslo', 'the "n"': '1', 'line\nend': 'x' }],
  },
  'empty quoted fields': {
    files: { 'a.csv': 'city,n\n"",""\n"",1\n' },
    rows: [
      { city: '', n: '' },
      { city: '', n: '1' },
    ],
  },
  'one column, where an empty line is no row and quotes make one': {
    files: { 'a.csv': 'city\nOslo\n\n""\nRome\n' },
    rows: [{ city: 'Oslo' }, { city: '' }, { city: 'Rome' }],
  },
  'a field of nothing but quotes': {
    files: { 'a.csv': 'city,n\n"""",1\n"""""",2\n' },
    rows: [
      { city: '"', n: '1' },
      { city: '""', n: '2' },
    ],
  },
  'quotes inside fields that are not quoted, which are content': {
    files: { 'a.csv': 'city,n\nO"sl"o,1\n5" pipe,2\n' },
    rows: [
      { city: 'O"sl"o', n: '1' },
      { city: '5" pipe', n: '2' },
    ],
  },
  'a space before a quote, which makes it content': {
    files: { 'a.csv': 'city,n\n "Oslo",1\n' },
    rows: [{ city: ' "Oslo"', n: '1' }],
  },
  'quotes of other kinds, which are content': {
    files: { 'a.csv': "city,n\n'Oslo',1\n“Rome”,2\n" },
    rows: [
      { city: "'Oslo'", n: '1' },
      { city: '“Rome”', n: '2' },
    ],
  },
  'a quote that never ends': {
    files: { 'a.csv': 'city,n\nOslo,1\n"Rome,2\nBonn,3\n' },
    rows: [
      { city: 'Oslo', n: '1' },
      { city: 'Bonn', n: '3' },
    ],
    bad: { csv: [['CSV_UNCLOSED_QUOTE', 14]] },
  },
  'a quote that never ends in the last field': {
    files: { 'a.csv': 'city,n\nOslo,1\nRome,"2\n' },
    rows: [{ city: 'Oslo', n: '1' }],
    bad: { csv: [['CSV_UNCLOSED_QUOTE', 14]] },
  },
  'text after a closing quote': {
    files: { 'a.csv': 'city,n\n"Oslo"x,1\nRome,2\n"Bonn" ,3\n' },
    rows: [{ city: 'Rome', n: '2' }],
    bad: {
      csv: [
        ['CSV_BAD_QUOTE', 7],
        ['CSV_BAD_QUOTE', 24],
      ],
    },
  },
  'backslashes before quotes, which are not escapes by default': {
    files: { 'a.csv': 'city,n\n"O\\"slo",1\nRome,2\n' },
    rows: [{ city: 'Rome', n: '2' }],
    bad: { csv: [['CSV_BAD_QUOTE', 7]] },
  },
  'a quote that two files share': {
    files: { '1.csv': 'city,n\nOslo,1\n"Ro', '2.csv': 'city,n\nme",2\nBonn,3\n' },
    rows: [
      { city: 'Oslo', n: '1' },
      { city: 'me"', n: '2' },
      { city: 'Bonn', n: '3' },
    ],
    bad: { csv: [['CSV_UNCLOSED_QUOTE', 14, '1.csv']] },
  },
  'a quoted field that ends where the file ends': { files: { 'a.csv': 'city,n\nOslo,1\nRome,"2"' }, rows: TWO },
  'a header whose quote never ends': {
    files: { 'a.csv': '"city,n\nOslo,1\n' },
    refused: { csv: 'CSV_UNCLOSED_QUOTE' },
  },
  'a header with text after a quote': { files: { 'a.csv': '"city"x,n\nOslo,1\n' }, refused: { csv: 'CSV_BAD_QUOTE' } },
})

corpus('rows that are too short or too long', ['csv'], {
  'a row with a field too few': {
    files: { 'a.csv': 'city,country,n\nOslo,Norway,1\nRome,2\n' },
    rows: [{ city: 'Oslo', country: 'Norway', n: '1' }],
    bad: { csv: [['CSV_SHORT_ROW', 29]] },
  },
  'a row whose last field is missing, and is not asked for': {
    files: { 'a.csv': 'n,city,note\n1,Oslo\n2,Rome,x\n' },
    rows: [{ n: '2', city: 'Rome', note: 'x' }],
    bad: { csv: [['CSV_SHORT_ROW', 12]] },
  },
  'a row with a field too many': {
    files: { 'a.csv': 'city,price\nOslo,12\nOslo,1,234\nRome,5\n' },
    rows: [
      { city: 'Oslo', price: '12' },
      { city: 'Rome', price: '5' },
    ],
    bad: { csv: [['CSV_LONG_ROW', 19]] },
  },
  'rows that end in delimiters': {
    files: { 'a.csv': 'city,n\nOslo,1,\nRome,2,,,\n' },
    rows: TWO,
  },
  'rows and header that end in a delimiter': {
    files: { 'a.csv': 'city,n,\nOslo,1,\nRome,2,\n' },
    rows: [
      { city: 'Oslo', n: '1', '#3': '' },
      { city: 'Rome', n: '2', '#3': '' },
    ],
  },
  'a field too many that holds a space': {
    files: { 'a.csv': 'city,n\nOslo,1, \n' },
    rows: [],
    bad: { csv: [['CSV_LONG_ROW', 7]] },
  },
  'a field too many that is quoted and empty': { files: { 'a.csv': 'city,n\nOslo,1,""\nRome,2,\n' }, rows: TWO },
  'long rows in the second file alone': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': 'city,n\nRome,2\nBonn,3,x\n' },
    rows: TWO,
    bad: { csv: [['CSV_LONG_ROW', 14, '2.csv']] },
  },
  'a header of one name over rows of two fields': {
    files: { 'a.csv': 'city\nOslo,1\nRome\n' },
    rows: [{ city: 'Rome' }],
    bad: { csv: [['CSV_LONG_ROW', 5]] },
  },
  'a footer of one field': {
    files: { 'a.csv': 'city,n\nOslo,1\nRome,2\n2 rows\n' },
    rows: TWO,
    bad: { csv: [['CSV_SHORT_ROW', 21]] },
  },
  'a header that comes again': {
    files: { 'a.csv': 'city,n\nOslo,1\ncity,n\nRome,2\n' },
    rows: [
      { city: 'Oslo', n: '1' },
      { city: 'city', n: 'n' },
      { city: 'Rome', n: '2' },
    ],
  },
})

corpus('headers', ['csv'], {
  'another order of columns in every file': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': 'n,city\n2,Rome\n' },
    rows: TWO,
  },
  'a file with more columns than the first': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': 'x,city,y,n\n8,Rome,9,2\n' },
    rows: [
      { city: 'Oslo', n: '1' },
      { x: '8', city: 'Rome', y: '9', n: '2' },
    ],
  },
  'a file that has a column less': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': 'city\nRome\n' },
    rows: [{ city: 'Oslo', n: '1' }, { city: 'Rome' }],
  },
  'a file whose name differs in case': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': 'City,n\nRome,2\n' },
    rows: [
      { city: 'Oslo', n: '1' },
      { City: 'Rome', n: '2' },
    ],
  },
  'a header and no rows': { files: { 'a.csv': 'city,n\n' }, rows: [] },
  'a header without a line end': { files: { 'a.csv': 'city,n' }, rows: [] },
  'a file of a header alone among others': {
    files: { '1.csv': 'city,n\nOslo,1\n', '2.csv': 'city,n\n', '3.csv': 'n,city\n2,Rome\n' },
    rows: TWO,
  },
  'an empty file among others': {
    files: { '1.csv': '', '2.csv': 'city,n\nOslo,1\n', '3.csv': '', '4.csv': 'city,n\nRome,2\n' },
    rows: TWO,
  },
  'two columns of one name': {
    files: { 'a.csv': 'city,x,n,x\nOslo,7,1,8\n' },
    rows: [{ city: 'Oslo', '#2': '7', n: '1', '#4': '8' }],
  },
  'columns without names': {
    files: { 'a.csv': ',city,,n\n0,Oslo,z,1\n' },
    rows: [{ '#1': '0', city: 'Oslo', '#3': 'z', n: '1' }],
  },
  'names that objects have': {
    files: { 'a.csv': 'city,__proto__,constructor,toString,hasOwnProperty,n\nOslo,a,b,c,d,1\n' },
    rows: [
      Object.fromEntries([
        ['city', 'Oslo'],
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['toString', 'c'],
        ['hasOwnProperty', 'd'],
        ['n', '1'],
      ]),
    ],
  },
  'names that rows or promises might have': {
    files: { 'a.csv': 'then,toJSON,length,valueOf,n\na,b,c,d,1\n' },
    rows: [
      Object.fromEntries([
        ['then', 'a'],
        ['toJSON', 'b'],
        ['length', 'c'],
        ['valueOf', 'd'],
        ['n', '1'],
      ]),
    ],
  },
  'names that are numbers': {
    files: { 'a.csv': '2024,2023,1\nOslo,5,7\nRome,6,8\n' },
    rows: [
      { 2024: 'Oslo', 2023: '5', 1: '7' },
      { 2024: 'Rome', 2023: '6', 1: '8' },
    ],
  },
  'names with spaces, dots, quotes, emoji and other letters': {
    files: { 'a.csv': "the city,a.b,it's,😀,Größe,n\nOslo,1,2,3,4,5\n" },
    rows: [{ 'the city': 'Oslo', 'a.b': '1', "it's": '2', '😀': '3', Größe: '4', n: '5' }],
  },
  'a composed and a decomposed name, which are two': {
    files: { 'a.csv': 'caf\u00e9,cafe\u0301,n\nOslo,x,1\n' },
    rows: [{ 'caf\u00e9': 'Oslo', 'cafe\u0301': 'x', n: '1' }],
  },
  'a name that ends in a space': {
    files: { 'a.csv': 'city,n \nOslo,1\n' },
    rows: [{ city: 'Oslo', 'n ': '1' }],
  },
  'nothing at all': { files: { 'a.csv': '' }, refused: { csv: 'HEADER_MISSING' } },
  'a byte-order mark and nothing else': { files: { 'a.csv': '\ufeff' }, refused: { csv: 'HEADER_MISSING' } },
  'blank lines and nothing else': { files: { 'a.csv': '\n\r\n\n' }, refused: { csv: 'HEADER_MISSING' } },
  'a hundred columns': {
    files: {
      'a.csv': `${Array.from({ length: 100 }, (_, i) => `c${i}`).join()}\n${Array.from({ length: 100 }, (_, i) => i).join()}\n`,
    },
    rows: [Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, String(i)]))],
  },
})

corpus('keys and numbers of CSV', ['csv'], {
  'keys that look like numbers': {
    files: { 'a.csv': 'id,n\n007,1\n7,2\n7.0,3\n1e3,4\n1000,5\n-0,6\n0,7\n' },
    rows: ['007', '7', '7.0', '1e3', '1000', '-0', '0'].map((id, i) => ({ id, n: String(i + 1) })),
  },
  'keys that look like nothing': {
    files: { 'a.csv': 'id,n\nnull,1\nundefined,2\nNaN,3\ntrue,4\n,5\n' },
    rows: ['null', 'undefined', 'NaN', 'true', ''].map((id, i) => ({ id, n: String(i + 1) })),
  },
  'numbers in every spelling': {
    files: { 'a.csv': 'id,n\na,+1\na,-2.5\na,.5\na,5.\na,1e2\na,1E-2\na,007\na,-0\n' },
    rows: ['+1', '-2.5', '.5', '5.', '1e2', '1E-2', '007', '-0'].map((n) => ({ id: 'a', n })),
  },
  'text where numbers are to be': {
    files: { 'a.csv': 'id,n\na,1\na,x\na,1 000\na,"1,5"\na,1_000\na,0x10\na,$5\na,5 %\na,--1\na,1e\na,.\na,e5\n' },
    rows: ['1', 'x', '1 000', '1,5', '1_000', '0x10', '$5', '5 %', '--1', '1e', '.', 'e5'].map((n) => ({ id: 'a', n })),
  },
  'words that mean no number': {
    files: { 'a.csv': 'id,n\na,NA\na,N/A\na,null\na,-\na,nan\na,inf\na,Infinity\na,3\n' },
    rows: ['NA', 'N/A', 'null', '-', 'nan', 'inf', 'Infinity', '3'].map((n) => ({ id: 'a', n })),
  },
  'digits that are not those of ASCII': {
    files: { 'a.csv': 'id,n\na,１２\na,٣\na,½\na,−5\n' },
    rows: ['１２', '٣', '½', '−5'].map((n) => ({ id: 'a', n })),
  },
  'a key of every byte that is no UTF-8': {
    files: { 'a.csv': Buffer.from('id,n\n\xff,1\n\xe4\xb8,2\n\xc0\xaf,3\n', 'latin1') },
    rows: [
      { id: '\ufffd', n: '1' },
      { id: '\ufffd', n: '2' },
      { id: '\ufffd\ufffd', n: '3' },
    ],
    not: ['csv'],
  },
})
