/** A process of its own that reads a whole state file, or dies of what is wrong with the file. See state.ts. */
import { writeSync } from 'node:fs'
import { serialize } from 'node:v8'
import { kernels } from '../kernels/index.js'

/** More than any state has: a tree that leads in a circle must not fill the memory. */
const MAX_BYTES = 2 ** 30

const [path] = process.argv.slice(2)
try {
  const store = kernels.openStore(path!, { readOnly: true })
  const dump = serialize(store.entries('', MAX_BYTES))
  for (let at = 0; at < dump.length; ) at += writeSync(1, dump, at)
  store.close()
} catch (error) {
  // The reason and nothing else: it becomes part of a message.
  writeSync(2, (error as { detail?: string }).detail ?? (error as Error).message)
  process.exitCode = 1
}
