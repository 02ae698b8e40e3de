/** Ctrl-C and its relatives: the first asks the job to stop, the second stops it. */
import { now } from '../base/now.js'

/** How long a job may take to stop. After that it is ended as by `kill -9`, which a run survives by design. */
const graceMs = 900

/** `npx` and `npm run` forward a Ctrl-C that the terminal has also sent to this process: the two count as one. */
const echoMs = 100

const exitCode = 130

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The part of `process` that is used here. */
export interface SignalSource {
  on(name: string, listener: () => void): unknown
  off(name: string, listener: () => void): unknown
  exit(code: number): unknown
}

export interface SignalWatch {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Restores the signals' default behaviour. */
  dispose(): void
}

/**
 * Watches for signals until disposed of.
 *
 * @param onStop called once, at the first signal
 * @param onForcedExit called right before the process ends, at the second signal or when the job took too long to stop
 */
export function watchSignals(source: SignalSource, onStop: () => void, onForcedExit: () => void): SignalWatch {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let firstAt = 0

  const exitNow = () => {
    onForcedExit()
    source.exit(exitCode)
  }
  const listener = () => {
    if (controller.signal.aborted) {
      if (now() - firstAt > echoMs) exitNow()
      return
    }
    firstAt = now()
    timer = setTimeout(exitNow, graceMs)
    onStop()
    controller.abort()
  }
  for (const name of names) source.on(name, listener)

  return {
    signal: controller.signal,
    dispose() {
      clearTimeout(timer)
      for (const name of names) source.off(name, listener)
    },
  }
}
