/** Actions of a query wait until all of it has been evaluated and checked: what is refused has done nothing. */
import { setImmediate } from 'node:timers/promises'
import { RunjobError } from '../base/errors.js'
import type { Runner } from '../plan/runner.js'
import type { RunnableOptions } from './options.js'

export class HeldActions {
  readonly #options: RunnableOptions
  readonly #ofRows: string | null
  #held: (() => void)[] = []
  #onBegin = () => {}
  #isOver = false

  /**
   * @param options of the actions
   * @param ofRows an option that has no meaning for what they write; null: none is given
   */
  constructor(options: RunnableOptions, ofRows: string | null) {
    this.#options = options
    this.#ofRows = ofRows
  }

  /** Who runs data frames: each action asks once. */
  async runner(): Promise<Runner> {
    if (!this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#held.push(resolve)
        this.#onBegin()
      })
    }
    const actions = (await import('./actions.js')).actionsWith(this.#options)
    return this.#ofRows === null
      ? actions
      : {
          ...actions,
          write: () => this.#refuseWrite(),
          writeElements: () => this.#refuseWrite(),
        }
  }

  /** Waits for an evaluation. Actions run before its end only if it waits for something. */
  async settle(evaluation: Promise<unknown>): Promise<void> {
    let isOver = false
    const over = () => {
      isOver = true
    }
    const end = evaluation.then(over, over)
    for (;;) {
      const begun = new Promise<void>((resolve) => {
        this.#onBegin = resolve
      })
      await setImmediate()
      if (isOver) return
      this.#release()
      await Promise.race([end, begun])
    }
  }

  /** The query has been evaluated: later actions are those that its frames need. Returns whether any waits. */
  end(): boolean {
    this.#isOver = true
    return this.#held.length > 0
  }

  #release(): void {
    for (const resolve of this.#held) resolve()
    this.#held = []
  }

  async #refuseWrite(): Promise<never> {
    throw new RunjobError('DATASET_INVALID', {
      problem: `write says itself where rows go, and how, so ${this.#ofRows} has no meaning`,
      hint: 'Leave it out; or leave out write, and the rows go where the command says.',
    })
  }
}
