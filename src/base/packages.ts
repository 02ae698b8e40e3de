/**
 * Packages by `require`, where they can be had as CommonJS: that takes half the time of an `import`, which resolves, reads and links each
 * of their files by itself and looks through those that are CommonJS for names first. It can also be done late, without waiting.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export const require = createRequire(import.meta.url)

/** Of runjob itself. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}
