/** A process of its own that reads a whole state file, or dies of what is wrong with the file. See state.ts. */
import { writeSync } from 'node:fs'
import { serialize } from 'node:v8'
import { require } from '../base/packages.js'

const { open } = require('lmdb') as typeof import('lmdb')

/** More than any state has: a tree that leads in a circle must not fill the memory. */
const MAX_BYTES = 2 ** 30

const [path] = process.argv.slice(2)
const store = open<Buffer, string>({ path: path!, noSubdir: true, encoding: 'binary', cache: false, readOnly: true })
const entries: { key: string; value: Buffer }[] = []
let bytes = 0
for (const { key, value } of store.getRange()) {
  bytes += value.length
  if (bytes > MAX_BYTES) throw new Error('it is too large')
  entries.push({ key, value: Buffer.from(value) })
}
const dump = serialize(entries)
for (let at = 0; at < dump.length; ) at += writeSync(1, dump, at)
await store.close()
