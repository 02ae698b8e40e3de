/** One small hostile input, and the right answer to it. */
import type { RunOptions } from '../../dist/src/index.js'
import type { Dialect } from '../helpers/readings.js'

/** Readers of text, CSV and JSON lines. */
export type Kind = 'text' | 'csv' | 'jsonl'

/** Code, byte offset, and, where there are several, file. */
export type BadRecord = readonly [code: string, offset: number, file?: string]

export interface Case {
  /** By relative path. */
  files: Record<string, string | Uint8Array>
  /** The run's input, relative to the folder of the files; default: that folder. */
  input?: readonly string[]
  /** Those of the files that are read, in this order; without it all, in the order of their paths. */
  reads?: readonly string[]
  options?: Pick<RunOptions, 'memory' | 'encoding'>
  /** For readers of CSV. */
  dialect?: Dialect
  /** Text of each file whose bytes are not that text: once unpacked and decoded. */
  holds?: Record<string, string | Uint8Array>

  /** The right answer, for each kind of reader that the case is about. */
  lines?: readonly string[]
  rows?: readonly Readonly<Record<string, string>>[]
  values?: readonly unknown[]
  /** Records that cannot be read, by kind of reader. */
  bad?: Partial<Record<Kind, readonly BadRecord[]>>
  /** The code with which readers refuse it, all or those of one kind. */
  refused?: string | Partial<Record<Kind, string>>

  /** Kinds of readers to leave out. */
  not?: readonly Kind[]
  /** Why the right answer does not come out yet. */
  todo?: string
}

/** Cases by what they are: each key is a sentence about the input. */
export type Cases = Readonly<Record<string, Case>>
