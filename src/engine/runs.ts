/** The runs of one run of a plan: in memory while they fit, in files otherwise. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasSize } from '../io/output/written_file.js'
import { kernels } from '../kernels/addon.js'
import type { HeldRuns } from '../kernels/kernels.js'
import { isHeld, type RunEntry } from './task.js'

/**
 * A plan run that takes longer has all runs in files from then on, because what is in memory is gone after a kill: no more work than this is
 * ever lost.
 */
const HOLD_MS = 2000

export class Runs {
  readonly dir: string
  /** null: all are files. */
  readonly #held: HeldRuns | null
  readonly #holdMs: number

  /** @param heldBytes how much may be in memory. Call close() in any case. */
  constructor(dir: string, heldBytes: number, holdMs: number = HOLD_MS) {
    this.dir = dir
    this.#holdMs = holdMs
    this.#held = heldBytes > 0 ? kernels.holdRuns(dir, heldBytes, holdMs) : null
  }

  /** Calls back once runs should no longer be in memory, unless the returned function is called before. */
  onLong(then: () => void): () => void {
    const timer = this.#held && setTimeout(then, this.#holdMs)
    return () => clearTimeout(timer ?? undefined)
  }

  pathOf(name: string): string {
    return join(this.dir, name)
  }

  /** Whether all of it is there. The bytes of files are checked when they are read. */
  isWhole(run: RunEntry): boolean {
    return isHeld(run) ? (this.#held?.has(run.name) ?? false) : hasSize(this.pathOf(run.name), run.fileBytes)
  }

  /** Names of all runs, whoever wrote them. */
  names(): string[] {
    return [...readdirSync(this.dir), ...(this.#held?.names() ?? [])]
  }

  /** Moves a run from memory to a file, beside other threads that read it. @throws DISK_FULL, RUN_IO */
  async save(run: RunEntry): Promise<void> {
    run.fileBytes = await this.#held!.save(run.name)
    this.#held!.drop(run.name)
  }

  remove(name: string): void {
    this.#held?.drop(name)
    rmSync(this.pathOf(name), { force: true })
  }

  /** Frees the memory. */
  close(): void {
    this.#held?.close()
  }
}
