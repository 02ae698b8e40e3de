/** What a run read, so that a run which continues it reads the same. */
import type { InputFile } from '../io/input/input_file.js'

/** Input name -> its files, in the order they are read. */
export type Manifest = Record<string, InputFile[]>

const LISTED_CHANGES = 20

/** The changes between two manifests, in words; empty if there are none. */
export function compareManifests(before: Manifest, now: Manifest): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  // Of a file that is read as several inputs, once.
  const changes = [...new Set([...names].flatMap((name) => compareFiles(before[name] ?? [], now[name] ?? [])))]
  const rest = changes.length - LISTED_CHANGES
  return rest > 0 ? [...changes.slice(0, LISTED_CHANGES), `${rest} more files changed`] : changes
}

function compareFiles(before: InputFile[], now: InputFile[]): string[] {
  const old = new Map(before.map((file) => [file.path, file]))
  const current = new Set(now.map((file) => file.path))
  const changes: string[] = []
  for (const file of now) {
    const was = old.get(file.path)
    if (!was) changes.push(`input ${file.path} is new`)
    else if (was.sizeBytes !== file.sizeBytes) {
      changes.push(`input ${file.path} had ${was.sizeBytes} bytes and now has ${file.sizeBytes}`)
    } else if (was.mtimeMs !== file.mtimeMs) {
      changes.push(`input ${file.path} was written to`)
    }
  }
  for (const file of before) if (!current.has(file.path)) changes.push(`input ${file.path} is gone`)
  if (changes.length === 0 && before.some((file, i) => file.path !== now[i]?.path)) {
    changes.push('the inputs are in another order')
  }
  if (changes.length === 0 && before.length !== now.length) changes.push('an input was given more or fewer times')
  return changes
}
