/** What names of files, or their content, say about their format. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { RunjobError } from '../base/errors.js'
import { fileError } from '../base/files.js'
import { compressionOf, compressionOfName, HEAD_BYTES } from '../io/input/content.js'
import { type FoundFile, isPiped, type Piped } from '../io/input/inputs.js'

export type InputKind = 'csv' | 'tsv' | 'jsonl' | 'parquet' | 'avro' | 'text'

const ENDINGS: [RegExp, InputKind][] = [
  [/\.csv$/i, 'csv'],
  [/\.(tsv|tab)$/i, 'tsv'],
  [/\.(jsonl|ndjson|jsonlines|json)$/i, 'jsonl'],
  [/\.(parquet|parq|pq)$/i, 'parquet'],
  [/\.avro$/i, 'avro'],
  [/\.(txt|text|log|md)$/i, 'text'],
]

export function kindOfName(path: string): InputKind | undefined {
  const name = compressionOfName(path) === 'none' ? path : path.replace(/\.[^.]*$/, '')
  return ENDINGS.find(([ending]) => ending.test(name))?.[1]
}

/**
 * By the names of files that were found under a path; if they say nothing, by the content of the first.
 *
 * @throws OPTION_INVALID if they are of several kinds
 */
export function kindOfFiles(path: string, found: readonly (FoundFile | Piped)[]): InputKind {
  const kinds = [...new Set(found.flatMap((file) => (isPiped(file) ? [] : (kindOfName(file.path) ?? []))))]
  if (kinds.length > 1) {
    throw new RunjobError('OPTION_INVALID', {
      name: '<input>',
      value: path,
      problem: `it has files of several kinds: ${kinds.join(', ')}`,
      help: 'Name those of one kind by a glob in quotes, such as "logs/*.jsonl".',
    })
  }
  const [first] = found
  if (kinds[0] || !first || isPiped(first)) return kinds[0] ?? 'text'
  return kindOfContent(first.path)
}

function kindOfContent(path: string): InputKind {
  const head = headOf(path)
  if (compressionOf(head) !== 'none') return 'text'
  // Or encrypted, which reading says.
  if (/^PAR[1E]$/.test(head.subarray(0, 4).toString('latin1'))) return 'parquet'
  if (head.subarray(0, 4).toString('latin1') === 'Obj\u0001') return 'avro'
  return /^\ufeff?\s*(\{|\[\s*\{)/.test(head.toString()) ? 'jsonl' : 'text'
}

function headOf(path: string): Buffer {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const head = Buffer.alloc(Math.min(HEAD_BYTES, statSync(path).size))
    return head.subarray(0, readSync(fd, head))
  } catch (error) {
    throw fileError(error, path, 'read')
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
