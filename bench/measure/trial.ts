/** One trial: a command in its own process, timed from start to exit. */
import { spawn } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Measurement {
  seconds: number
  /** Sum over the command's processes; null without /proc. */
  peakRssBytes: number | null
  /** Most disk space that files under the temporary folders took at one time. */
  peakTempBytes: number
}

export interface TrialOptions {
  env: Record<string, string>
  temp: readonly string[]
  timeoutMs: number
  /** Stops the trial and its process. */
  signal: AbortSignal
}

export class TrialFailed extends Error {}

const RSS_INTERVAL_MS = 20
const TEMP_INTERVAL_MS = 200
const STDERR_BYTES = 2000

/** @throws TrialFailed if the command exits with another code than 0, or takes too long */
export function runTrial(command: readonly string[], options: TrialOptions): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...options.env },
    })
    let peakRssBytes: number | null = null
    let peakTempBytes = 0
    let stderr = ''
    let timedOut = false
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr = (stderr + text).slice(-STDERR_BYTES)
    })

    // The kernel keeps each process's peak, so only what the last moments add can be missed.
    const rssTimer = setInterval(() => {
      const rss = sumOfPeakRss(child.pid!)
      if (rss !== null) peakRssBytes = Math.max(peakRssBytes ?? 0, rss)
    }, RSS_INTERVAL_MS)
    const tempTimer = setInterval(() => {
      peakTempBytes = Math.max(peakTempBytes, sumOf(options.temp, diskBytes))
    }, TEMP_INTERVAL_MS)
    const kill = () => {
      for (const pid of [child.pid!, ...descendants(child.pid!)]) killQuietly(pid)
    }
    const timeout = setTimeout(() => {
      timedOut = true
      kill()
    }, options.timeoutMs)
    options.signal.addEventListener('abort', kill)
    const clear = () => {
      clearInterval(rssTimer)
      clearInterval(tempTimer)
      clearTimeout(timeout)
      options.signal.removeEventListener('abort', kill)
    }

    child.on('error', (error) => {
      clear()
      reject(new TrialFailed(error.message))
    })
    let seconds = 0
    child.on('exit', () => {
      seconds = (performance.now() - started) / 1000
      clear()
    })
    // `close`, not `exit`: all of stderr has arrived.
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ seconds, peakRssBytes, peakTempBytes })
      else if (timedOut) reject(new TrialFailed(`stopped after ${options.timeoutMs / 1000} s`))
      else reject(new TrialFailed(lastWords(stderr) || `ended by ${signal ?? `exit code ${code}`}`))
    })
  })
}

/** What a failed command printed: the line with the error, or the last line. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 300)
}

function sumOfPeakRss(root: number): number | null {
  const peaks = [root, ...descendants(root)].map((pid) => {
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(readQuietly(`/proc/${pid}/status`))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  })
  return peaks[0] === null ? null : peaks.reduce<number>((sum, peak) => sum + (peak ?? 0), 0)
}

/** Descendants of a process; none without /proc. */
function descendants(pid: number): number[] {
  const children = readQuietly(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

/** The disk space of a file or a folder. Files may vanish meanwhile. */
function diskBytes(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return 0
  return stats.isDirectory() ? sumOf(entries(path), diskBytes) : stats.blocks * 512
}

function sumOf<T>(items: readonly T[], weigh: (item: T) => number): number {
  return items.reduce((sum, item) => sum + weigh(item), 0)
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has already ended.
  }
}
