/**
 * What a file holds, by its first bytes: its name proves nothing. Text and compressed text are read. Other kinds are refused by name, because
 * words made of their bytes would be a meaningless answer.
 */
import { isUtf8 } from 'node:buffer'
import { RunjobError } from '../../base/errors.js'
import { completeEnd } from './utf8_check.js'

export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'lz4' | 'snappy'

/** The first bytes of a file that tell what it is. A tar header is 512. */
export const HEAD_BYTES = 4096

/** Content that is refused. */
interface Foreign {
  code: 'INPUT_COMPRESSED' | 'INPUT_BINARY'
  /** With its article. */
  what: string
  hint: string
}

/** A skippable frame of zstd or lz4 begins with one of these sixteen numbers. */
const SKIPPABLE_MAGIC = 0x184d2a50

const COMPRESSION_NAMES: [RegExp, Compression][] = [
  [/\.(gz|gzip|tgz)$/i, 'gzip'],
  [/\.(zst|zstd|tzst)$/i, 'zstd'],
  [/\.(bz2|bzip2|tbz2?)$/i, 'bzip2'],
  [/\.(xz|txz)$/i, 'xz'],
  [/\.lz4$/i, 'lz4'],
  [/\.sz$/i, 'snappy'],
]

/** How a file of this name should be compressed. */
export function compressionOfName(path: string): Compression {
  return COMPRESSION_NAMES.find(([ending]) => ending.test(path))?.[1] ?? 'none'
}

/** How a file with these first bytes is compressed. */
export function compressionOf(head: Uint8Array): Compression {
  if (begins(head, 0x1f, 0x8b, 8)) return 'gzip'
  if (begins(head, 0xfd, '7zXZ', 0)) return 'xz'
  if (begins(head, 0xff, 6, 0, 0, 'sNaPpY')) return 'snappy'
  if (begins(head, 'BZh') && head[3]! >= 0x31 && head[3]! <= 0x39) {
    // A block, or the end of a stream without blocks: text may begin with BZh9.
    const block = head.subarray(4)
    return begins(block, '1AY&SY') || begins(block, 0x17, 'rE8P', 0x90) ? 'bzip2' : 'none'
  }
  return frameCompression(head)
}

/** The frames of zstd and of lz4; skippable frames are the same in both, and the frame after them decides. */
function frameCompression(head: Uint8Array): Compression {
  let skipped: Compression = 'none'
  for (let at = 0; ; ) {
    const frame = head.subarray(at)
    if (begins(frame, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd'
    if (begins(frame, 4, 0x22, 0x4d, 0x18)) return 'lz4'
    if (frame.length < 8 || (readU32(frame, 0) & 0xfffffff0) >>> 0 !== SKIPPABLE_MAGIC) return skipped
    skipped = 'zstd'
    at += 8 + readU32(frame, 4)
  }
}

/**
 * Refuses what is neither text nor compressed in a supported way.
 *
 * @param head the file's first bytes, decompressed
 * @param inside the compression of the file that they come from
 * @throws INPUT_COMPRESSED, INPUT_BINARY
 */
export function refuseForeign(path: string, head: Uint8Array, inside: Compression): void {
  const twice = inside === 'none' ? 'none' : compressionOf(head)
  const found: Foreign | undefined =
    twice === 'none'
      ? foreignContent(path, head)
      : { code: 'INPUT_COMPRESSED', what: `${twice} inside ${inside}`, hint: unpack(COMMANDS[inside], path) }
  if (!found) return
  const { code, what, hint } = found
  const wrapped = inside === 'none' || twice !== 'none' ? what : `${what}, compressed with ${inside}`
  throw new RunjobError(code, { path, what: wrapped, hint }, { where: { file: path } })
}

const COMMANDS: Record<Compression, string> = {
  none: 'cat',
  gzip: 'gzip -dc',
  zstd: 'zstd -dc',
  bzip2: 'bzip2 -dc',
  xz: 'xz -dc',
  lz4: 'lz4 -dc',
  snappy: 'snzip -dc',
}

function foreignContent(path: string, head: Uint8Array): Foreign | undefined {
  const packed = (what: string, command: string): Foreign => ({
    code: 'INPUT_COMPRESSED',
    what,
    hint: unpack(command, path),
  })
  if (begins(head, 'PK', 3, 4) || begins(head, 'PK', 5, 6)) {
    if (/\.(xlsx|xlsm|ods)$/i.test(path)) return binary('a spreadsheet', 'Save its sheets as CSV and read these.')
    return packed('a zip archive', 'unzip -p')
  }
  if (isTar(head)) return packed('a tar archive', 'tar -xOf')
  if (begins(head, '7z', 0xbc, 0xaf, 0x27, 0x1c)) return packed('a 7z archive', '7z x -so')
  if (begins(head, 'Rar!', 0x1a, 7)) return packed('a rar archive', 'unrar p -inul')
  if (begins(head, 0x1f, 0x9d)) return packed('compressed with compress (.Z)', 'gzip -dc')
  if (begins(head, 2, 0x21, 0x4c, 0x18)) return packed('in the old format of lz4', 'lz4 -dc')
  if (begins(head, 'LZIP', 1)) return packed('compressed with lzip', 'lzip -dc')
  if (begins(head, 0x89, 'LZO', 0)) return packed('compressed with lzop', 'lzop -dc')
  // The output of these programs has no magic number, but it is not text.
  if (/\.br$/i.test(path) && !isText(head)) return packed('compressed with brotli, by its name', 'brotli -dc')
  if (/\.lzma$/i.test(path) && !isText(head)) return packed('compressed with lzma, by its name', 'xz -dc')
  for (const [what, hint, ...marks] of BINARIES) {
    if (marks.some((mark) => begins(head, ...mark)) && !isText(head)) return binary(what, hint)
  }
  return undefined
}

type Mark = (number | string)[]
const CONVERT = 'Convert it to CSV or JSON lines, for example with DuckDB.'
const NO_TEXT = 'Name the text files, one by one or as a glob.'

/** Beginnings of files that are often next to text. Text may begin like some of them, so the file must not look like text either. */
const BINARIES: [what: string, hint: string, ...marks: Mark[]][] = [
  ['a Parquet file', 'Data frames read it: runjob query, or read(parquet(), path).', ['PAR1'], ['PARE']],
  ['an Avro file', 'Data frames read it: runjob query, or read(avro(), path).', ['Obj', 1]],
  ['an ORC file', 'Convert it to Parquet, for example with pyarrow or Spark, which read both.', ['ORC']],
  ['an Arrow file', CONVERT, ['ARROW1'], ['FEA1']],
  ['an SQLite database', CONVERT, ['SQLite format 3', 0]],
  ['an HDF5 file', CONVERT, [0x89, 'HDF\r\n', 0x1a]],
  ['a NumPy array', CONVERT, [0x93, 'NUMPY']],
  ['an old Excel or Word file', 'Save it as CSV or text.', [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
  ['a PDF', 'Extract its text, for example with pdftotext.', ['%PDF-']],
  ['a picture', NO_TEXT, [0x89, 'PNG\r\n'], [0xff, 0xd8, 0xff], ['GIF8'], ['II*', 0], ['MM', 0, '*']],
  ['a program or a library', NO_TEXT, [0x7f, 'ELF'], ['MZ'], [0xca, 0xfe, 0xba, 0xbe], [0xcf, 0xfa, 0xed, 0xfe]],
  ['WebAssembly', NO_TEXT, [0, 'asm']],
]

function binary(what: string, hint: string): Foreign {
  return { code: 'INPUT_BINARY', what, hint: `${hint} To read its bytes as text anyway, use --encoding utf-8.` }
}

function unpack(command: string, path: string): string {
  return `Unpack it in a pipe: ${command} ${path} | runjob <job> -`
}

export function isText(head: Uint8Array): boolean {
  return !head.includes(0) && looksLikeUtf8(head)
}

/** Whether these bytes are UTF-8; the last character may be cut off. */
export function looksLikeUtf8(bytes: Uint8Array): boolean {
  return isUtf8(bytes.subarray(0, completeEnd(bytes)))
}

/** By the checksum of the first header, which is certain with and without a magic number. */
function isTar(head: Uint8Array): boolean {
  if (head.length < 512 || head[0] === 0) return false
  const field = String.fromCharCode(...head.subarray(148, 156)).replace(/[\0 ]+$/, '')
  if (!/^ *[0-7]+$/.test(field)) return false
  let sum = 0
  for (let at = 0; at < 512; at++) sum += at >= 148 && at < 156 ? 0x20 : head[at]!
  return sum === Number.parseInt(field.trim(), 8)
}

/** @param marks bytes, and ASCII text */
function begins(head: Uint8Array, ...marks: Mark): boolean {
  let at = 0
  for (const mark of marks) {
    if (typeof mark === 'number') {
      if (head[at++] !== mark) return false
      continue
    }
    for (let i = 0; i < mark.length; i++) if (head[at++] !== mark.charCodeAt(i)) return false
  }
  return true
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
