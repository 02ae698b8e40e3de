/** Which peers this machine has. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { PYTHON_ENGINES, type PythonEngine, peerScript, pythonScript, type Tool } from '../rows/row.js'

export type ToolState = { version: string } | { missing: string }

export function findTools(): Record<Exclude<Tool, 'none'>, ToolState> {
  const python = PYTHON_ENGINES.map((name) => [name, versionOf([...pythonScript(name), '--version'])] as const)
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  return {
    runjob: { version: manifest.version },
    duckdb: versionOf([...peerScript('duckdb.js'), '--version']),
    polars: versionOf([...peerScript('polars_stats.js'), '--version']),
    gnu: gnuState(),
    node: { version: process.versions.node },
    ...(Object.fromEntries(python) as Record<PythonEngine, ToolState>),
  }
}

function gnuState(): ToolState {
  const state = versionOf(['sort', '--version'])
  if ('missing' in state) return state
  // Others have no --parallel.
  const version = /GNU coreutils\D*([\d.]+)/.exec(state.version)?.[1]
  return version ? { version } : { missing: 'sort is not GNU sort' }
}

/** The first line that a command prints, or its error. */
function versionOf([file, ...args]: string[]): ToolState {
  try {
    const output = execFileSync(file!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return { version: output.split('\n')[0]!.trim() }
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const line = stderr?.split('\n').find((text) => /error|cannot|not found/i.test(text))
    return { missing: (line ?? message.split('\n')[0]!).trim() }
  }
}
