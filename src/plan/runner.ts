/** Who runs data frames and collections: the layer above. They only say what is to be done. */
import { RunjobError } from '../base/errors.js'

/** What actions do. This module is below those that it cannot name. */
export interface Runner {
  /** All rows of a DataFrame, as objects, in the forms that the options ask for. */
  collect(frame: never, options: unknown): Promise<Record<string, unknown>[]>
  /** The first row, as a table shows it; null if there is none. */
  peek(frame: never, options: unknown): Promise<Record<string, unknown> | null>
  /** Prints the first rows as a table. */
  show(frame: never, rows: number, options: unknown): Promise<void>
  /** Writes its rows. A writer is a FrameWriter. */
  write(writer: never, to: { path: string; format: string }, options: unknown): Promise<void>
  /** The plans as text: as it was asked for, optimised, and as stages. */
  explain(frame: never, options: unknown): Promise<string>
  /**
   * Runs a collection: its query, and what becomes of the elements in the end.
   *
   * @param use gets what they become, in their order
   */
  runElements(collection: ElementsRun, use: (element: unknown) => unknown, options: unknown): Promise<void>
  writeElements(collection: ElementsRun, to: { path: string; mode: string | null }, options: unknown): Promise<void>
}

/** A Query and an Ending of `src/collection`. */
export interface ElementsRun {
  query: unknown
  ending: unknown
}

let load: (() => Promise<Runner>) | null = null

/** @param loading called at the first action: many processes make no data frame */
export function setRunner(loading: () => Promise<Runner>): void {
  load = loading
}

export function runner(): Promise<Runner> {
  if (load === null) throw new RunjobError('INTERNAL', { detail: 'no one runs data frames' })
  return load()
}
