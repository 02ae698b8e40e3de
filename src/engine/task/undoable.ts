/** A change by a record's map that can be undone. */
export interface Undoable {
  beginRecord(): void
  /** Keeps the changes since beginRecord(). */
  keepRecord(): void
  /** Undoes them. */
  dropRecord(): void
}
