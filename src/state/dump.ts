/** A separate process that reads a whole state file, or dies of the damage in it. See state.ts. */
import { writeSync } from 'node:fs'
import { serialize } from 'node:v8'
import { kernels } from '../kernels/addon.js'

/** More than any state has: a circular tree must not fill the memory. */
const MAX_BYTES = 2 ** 30

const [path] = process.argv.slice(2)
try {
  const store = kernels.openStore(path!, { readOnly: true })
  const dump = serialize(store.entries('', MAX_BYTES))
  for (let at = 0; at < dump.length; ) at += writeSync(1, dump, at)
  store.close()
} catch (error) {
  // Only the reason: it becomes part of a message.
  writeSync(2, (error as { detail?: string }).detail ?? (error as Error).message)
  process.exitCode = 1
}
