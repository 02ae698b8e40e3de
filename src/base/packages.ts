/**
 * Loads CommonJS packages with `require`: that takes half the time of an `import`, which resolves, reads and links each file separately and
 * scans CommonJS files for exported names first. It also works late, without waiting.
 */
import { readFileSync } from 'node:fs'

export const require: NodeJS.Module['require'] = module.require.bind(module)

/** What only the file can do that loads the code. */
export const { asyncFunction, importModule, load } = require('./library.cjs') as typeof import('./library.js')

/** The version of runjob. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}
