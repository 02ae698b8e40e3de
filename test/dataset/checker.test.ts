/** What data frames cost the compiler: others had to be rewritten for it. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** The frames took 57,000 when this was written. */
const MOST_OF_FRAMES = 65_000
/** The declarations of Node and of this package took 124,000, whatever of them is imported. */
const MOST_OF_DECLARATIONS = 200_000

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

function instantiationsOf(config: string): number {
  const path = fileURLToPath(new URL(config, import.meta.url))
  const printed = execFileSync(process.execPath, [tsc, '-p', path, '--extendedDiagnostics'], { encoding: 'utf8' })
  return Number(/Instantiations:\s+(\d+)/.exec(printed)![1])
}

it('40 columns added to 100, and 10 joins, are cheap to check', { timeout: 120_000 }, () => {
  const declarations = instantiationsOf('tsconfig.import.json')
  expect(declarations).toBeGreaterThan(1000)
  expect(declarations).toBeLessThan(MOST_OF_DECLARATIONS)
  const all = instantiationsOf('tsconfig.json')
  expect(all - declarations).toBeGreaterThan(1000)
  expect(all - declarations).toBeLessThan(MOST_OF_FRAMES)
})
