/** One input file: its place, its content when the inputs were listed, and how to read it. */
import { readSync } from 'node:fs'
import { kernels } from '../../kernels/addon.js'
import type { LiteralExpression } from '../../plan/expression.js'
import { type Compression, HEAD_BYTES } from './content.js'
import type { TextForm, TextRules } from './text_form.js'

export interface InputFile {
  /** Absolute; symbolic links are not resolved. */
  path: string
  /** Size on disk, compressed. Nothing beyond is read, even if the file grows. */
  sizeBytes: number
  mtimeMs: number
  /** By its content. */
  compression: Compression
  /** The name for people, if that is not the path: standard input and pipes are read from a copy. */
  name?: string
  /** Tells a file that grew from another file in its place. */
  mark?: { inode: number; checksum: string }
  /** What the format says about the text; without it, bytes are read unchanged. */
  rules?: TextRules
  /** What its folders say, by name of the column. */
  folders?: Readonly<Record<string, LiteralExpression>>
  /** Of a plain file. The content of a compressed file is inspected when it is read. */
  form?: TextForm
}

export interface FileStats {
  size: number
  mtimeMs: number
  ino: number
}

export function nameOf(file: InputFile): string {
  return file.name ?? file.path
}

/** Whether a file can only be read from its start to its end, by one task. */
export function isWhole({ compression, form }: InputFile): boolean {
  return compression !== 'none' || form?.encoding != null || form?.array === true
}

/** Checksum of the first bytes and of the last ones up to this size: appending changes neither, new content most likely does. */
export function tailChecksum(fd: number, sizeBytes: number): string {
  const head = readAt(fd, 0, Math.min(HEAD_BYTES, sizeBytes))
  return checksumOf(fd, sizeBytes, head)
}

/** The same, if the first bytes are known. */
export function checksumOf(fd: number, sizeBytes: number, head: Uint8Array): string {
  let sum = kernels.xxh64(head.subarray(0, sizeBytes), 0n)
  const start = Math.max(head.length, sizeBytes - HEAD_BYTES)
  if (sizeBytes > start) sum = kernels.xxh64(readAt(fd, start, sizeBytes - start), sum)
  return sum.toString(36)
}

/**
 * Reads bytes of a file, fewer at its end.
 *
 * @param bytes filled from its start on
 */
export function readAt(fd: number, start: number, length: number, bytes: Buffer = Buffer.allocUnsafe(length)): Buffer {
  let filled = 0
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, start + filled)
    if (count === 0) break
    filled += count
  }
  return bytes.subarray(0, filled)
}
