/** The same text in other bytes. */
import { gzipSync } from 'node:zlib'

export interface Spelling {
  /** Options that the run needs. */
  encoding?: string
  /** Only what the encoding has characters for: others become question marks. */
  write: (text: string) => Buffer
  /** What the text is once it was written and read. */
  reads: (text: string) => string
}

const same = (text: string) => text

function wide(text: string, big = false): Buffer {
  const bytes = Buffer.from(text, 'utf16le')
  return big ? bytes.swap16() : bytes
}

/** Line feeds outside of quotes become carriage returns. */
function carriageReturns(text: string): string {
  return text
    .split('"')
    .map((part, i) => (i % 2 === 0 ? part.replaceAll('\n', '\r') : part))
    .join('"')
}

/** Character -> bytes, of an encoding of one or two bytes a character. */
function encoder(label: string): Map<string, Buffer> {
  const decoder = new TextDecoder(label)
  const bytes = new Map<string, Buffer>()
  const add = (code: Buffer) => {
    const text = decoder.decode(code)
    if ([...text].length === 1 && text !== '\ufffd' && !bytes.has(text)) bytes.set(text, code)
  }
  for (let first = 0; first < 256; first++) add(Buffer.of(first))
  for (let first = 0x81; first < 256; first++) for (let next = 0x30; next < 256; next++) add(Buffer.of(first, next))
  return bytes
}

function said(encoding: string): Spelling {
  const bytes = encoder(encoding)
  return {
    encoding,
    write: (text) => Buffer.concat([...text].map((c) => bytes.get(c) ?? Buffer.from('?'))),
    reads: (text) => [...text].map((c) => (bytes.has(c) ? c : '?')).join(''),
  }
}

export const SPELLINGS: Record<string, Spelling> = {
  'UTF-16LE with its mark': { write: (text) => wide(`\ufeff${text}`), reads: same },
  'UTF-16BE with its mark': { write: (text) => wide(`\ufeff${text}`, true), reads: same },
  'UTF-16LE, said': { encoding: 'utf-16le', write: (text) => wide(text), reads: same },
  'Latin-1, said': said('latin1'),
  'Shift-JIS, said': said('shift_jis'),
  'lines that end in CR': { write: (text) => Buffer.from(carriageReturns(text)), reads: same },
  'UTF-16LE, lines that end in CR, in gzip': {
    write: (text) => gzipSync(wide(`\ufeff${carriageReturns(text)}`)),
    reads: same,
  },
  'Shift-JIS, said, in gzip': ((sjis) => ({ ...sjis, write: (text: string) => gzipSync(sjis.write(text)) }))(
    said('shift_jis'),
  ),
}
