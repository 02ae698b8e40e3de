/** What data frames cost the compiler: others had to be rewritten for it. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/**
 * It is 173,000, of which the declarations of Node and of this package take 116,000: those of an import alone. The frames took 60,000 of
 * 137,000 when this was written.
 */
const MOST_INSTANTIATIONS = 180_000

it('40 columns added to 100, and 10 joins, are cheap to check', { timeout: 120_000 }, () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const config = fileURLToPath(new URL('tsconfig.json', import.meta.url))
  const printed = execFileSync(process.execPath, [tsc, '-p', config, '--extendedDiagnostics'], { encoding: 'utf8' })
  const instantiations = Number(/Instantiations:\s+(\d+)/.exec(printed)![1])
  expect(instantiations).toBeGreaterThan(1000)
  expect(instantiations).toBeLessThan(MOST_INSTANTIATIONS)
})
