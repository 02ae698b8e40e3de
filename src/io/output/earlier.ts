/** Outputs that earlier runs left among other files. */
import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import { isOutput } from './commit.js'
import { filesOfRuns } from './single_file.js'

/** Names of a folder's entries that are outputs of runs (folders or files), or lists of bad records beside such files. */
export function outputsIn(folder: string, entries: readonly Dirent[]): ReadonlySet<string> {
  const names = filesOfRuns(
    folder,
    entries.map(({ name }) => name),
  )
  for (const entry of entries) if (!entry.isFile() && isOutput(join(folder, entry.name))) names.add(entry.name)
  return names
}
