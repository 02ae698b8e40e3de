/**
 * Loads CommonJS packages with `require`: that takes half the time of an `import`, which resolves, reads and links each file separately and
 * scans CommonJS files for exported names first. It also works late, without waiting.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export const require = createRequire(import.meta.url)

/** The version of runjob. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}
