/** A process of its own that reads a whole state file. It exits with 0, or dies of what is wrong with the file. See state.ts. */
import { open } from 'lmdb'

const [path] = process.argv.slice(2)
const store = open({ path: path!, noSubdir: true, maxDbs: 2, cache: false, noSync: true })
for (const name of ['facts', 'tasks']) {
  for (const entry of store.openDB(name, {}).getRange()) if (entry.value === undefined) process.exitCode = 1
}
await store.close()
