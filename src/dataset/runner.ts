/** Who runs a data frame: the layer above. A frame only says what is to be done. */
import { RunjobError } from '../base/errors.js'

/** What actions do. Frames are DataFrames: this module, which they import, cannot name them. */
export interface FrameRunner {
  /** All rows, as objects, in the forms that the options ask for. */
  collect(frame: never, options: unknown): Promise<Record<string, unknown>[]>
  /** The first row, as a table shows it; null if there is none. */
  peek(frame: never, options: unknown): Promise<Record<string, unknown> | null>
  /** Prints the first rows as a table. */
  show(frame: never, rows: number, options: unknown): Promise<void>
  /** Writes its rows. A writer is a FrameWriter. */
  write(writer: never, to: { path: string; format: string }, options: unknown): Promise<void>
  /** The plans as text: as it was asked for, optimised, and as stages. */
  explain(frame: never, options: unknown): Promise<string>
}

let load: (() => Promise<FrameRunner>) | null = null

/** @param loading called at the first action: many processes make no data frame */
export function setFrameRunner(loading: () => Promise<FrameRunner>): void {
  load = loading
}

export function frameRunner(): Promise<FrameRunner> {
  if (load === null) throw new RunjobError('INTERNAL', { detail: 'no one runs data frames' })
  return load()
}
