/** The records with the largest numbers, as tasks report them. */
export interface TopRecord {
  key: string
  number: number
}

/** Largest first; equal ones by key. */
export function bySize(a: TopRecord, b: TopRecord): number {
  return b.number - a.number || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))
}
