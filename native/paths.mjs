// Paths for binding.gyp: `node native/paths.mjs sources|node-addon-api|liblmdb`, run from the package's root.
// Dependencies are found as Node finds them: npm hoists them, pnpm links them, so no path can be fixed.
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** LMDB's own C source, standard data format, from the `lmdb` package. */
function liblmdb() {
  // `lmdb/package.json` is hidden by the package's exports: resolve its entry point and walk up.
  let folder = dirname(require.resolve('lmdb'))
  for (;;) {
    const found = join(folder, 'dependencies/lmdb-data-v1/libraries/liblmdb')
    if (existsSync(join(found, 'mdb.c'))) return found
    if (folder === dirname(folder)) throw new Error('the lmdb package has no dependencies/lmdb-data-v1: is it 3.5?')
    folder = dirname(folder)
  }
}

const lookups = {
  sources: () =>
    readdirSync('native', { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.cc?$/.test(name) && !/^(fuzz|testing)\b/.test(name))
      .map((name) => `native/${name}`)
      .sort()
      .join('\n'),
  'node-addon-api': () => require('node-addon-api').include_dir,
  liblmdb,
}

console.log(lookups[process.argv[2]]())
