/** The actions that run in a session. */
import type { Runner } from '../../plan/runner.js'
import { actionsWith } from '../../run/actions.js'
import type { RunnableOptions } from '../../run/options.js'

export class Work {
  readonly runner: Runner
  readonly #running = new Set<Promise<unknown>>()
  #controller = new AbortController()

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
      runElements: (collection, use, given) => this.#track(actions.runElements(collection, use, stoppable(given))),
      writeElements: (collection, to, given) => this.#track(actions.writeElements(collection, to, stoppable(given))),
    }
  }

  /** Stops all that runs. Resolves once it holds no workers and files any more. */
  async stop(): Promise<void> {
    this.#controller.abort()
    this.#controller = new AbortController()
    await Promise.allSettled(this.#running)
  }

  #track<T>(action: Promise<T>): Promise<T> {
    this.#running.add(action)
    const forget = () => this.#running.delete(action)
    action.then(forget, forget)
    return action
  }
}
