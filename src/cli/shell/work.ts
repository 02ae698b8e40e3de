/** The actions that run in a session: Ctrl-C stops them, not the session. */
import type { FrameRunner } from '../../dataset/runner.js'
import { actionsWith } from '../../run/actions.js'
import type { RunnableOptions } from '../../run/options.js'

export class Work {
  readonly runner: FrameRunner
  readonly #running = new Set<Promise<unknown>>()
  #controller = new AbortController()
  readonly #stop = () => this.#controller.abort()

  /** @param options of all actions */
  constructor(options: RunnableOptions) {
    const actions = actionsWith(options)
    const stoppable = (given: unknown) => ({ signal: this.#controller.signal, ...(given as object | undefined) })
    this.runner = {
      collect: (frame, given) => this.#track(actions.collect(frame, stoppable(given))),
      peek: (frame, given) => this.#track(actions.peek(frame, stoppable(given))),
      show: (frame, rows, given) => this.#track(actions.show(frame, rows, stoppable(given))),
      write: (writer, to, given) => this.#track(actions.write(writer, to, stoppable(given))),
      explain: (frame, given) => this.#track(actions.explain(frame, stoppable(given))),
    }
  }

  /** From now on Ctrl-C stops what runs. Not before a cell waits: with a listener Node could not stop a loop in it. */
  watch(): void {
    process.on('SIGINT', this.#stop)
  }

  /** Resolves, after a stop, once nothing holds workers or files any more. */
  async unwatch(): Promise<void> {
    process.off('SIGINT', this.#stop)
    if (!this.#controller.signal.aborted) return
    await Promise.allSettled(this.#running)
    this.#controller = new AbortController()
  }

  /** Stops all. */
  end(): Promise<void> {
    this.#stop()
    return this.unwatch()
  }

  #track<T>(action: Promise<T>): Promise<T> {
    this.#running.add(action)
    const forget = () => this.#running.delete(action)
    action.then(forget, forget)
    return action
  }
}
