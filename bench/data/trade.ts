/** Tables of TPC-H, as tpchgen-cli makes them: from PyPI, if it is not installed. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE = 'tpchgen-cli==4.0.0'

/** Why there is no generator. */
export class NoGenerator extends Error {}

/**
 * The folder of the tables, as Parquet files. It appears whole or not at all.
 *
 * @param scaleFactor TPC-H's: at 1, lineitem has six million rows
 * @throws NoGenerator
 */
export function tradeTables(
  dataFolder: string,
  folder: string,
  scaleFactor: number,
  log: (text: string) => void,
): void {
  if (existsSync(folder)) return
  const generator = findGenerator(dataFolder, log)
  const unfinished = `${folder}.${process.pid}.tmp`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const args = ['parquet', '--quiet', '--scale-factor', String(scaleFactor), '--output-dir', unfinished]
  log(`${generator} ${args.join(' ')}`)
  execFileSync(generator, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  renameSync(unfinished, folder)
}

function findGenerator(dataFolder: string, log: (text: string) => void): string {
  const tools = join(dataFolder, 'tools')
  for (const path of ['tpchgen-cli', join(tools, 'bin', 'tpchgen-cli')]) {
    try {
      execFileSync(path, ['--version'], { stdio: 'ignore' })
      return path
    } catch {
      // The next one.
    }
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', tools, PACKAGE]
  log(`python3 ${args.join(' ')}`)
  try {
    execFileSync('python3', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 })
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? '')
      .trim()
      .split('\n')
      .at(-1)
    throw new NoGenerator(
      `tpchgen-cli is not installed, and pip could not install it: ${said || (error as Error).message}`,
    )
  }
  return join(tools, 'bin', 'tpchgen-cli')
}
