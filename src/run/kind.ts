/** What the name of a file says about its format. */
import { compressionOfName } from '../io/input/content.js'

export type InputKind = 'csv' | 'tsv' | 'jsonl' | 'parquet' | 'text'

const ENDINGS: [RegExp, InputKind][] = [
  [/\.csv$/i, 'csv'],
  [/\.(tsv|tab)$/i, 'tsv'],
  [/\.(jsonl|ndjson|jsonlines|json)$/i, 'jsonl'],
  [/\.(parquet|parq|pq)$/i, 'parquet'],
  [/\.(txt|text|log|md)$/i, 'text'],
]

export function kindOfName(path: string): InputKind | undefined {
  const name = compressionOfName(path) === 'none' ? path : path.replace(/\.[^.]*$/, '')
  return ENDINGS.find(([ending]) => ending.test(name))?.[1]
}
