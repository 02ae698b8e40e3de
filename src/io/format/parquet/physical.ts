/** How values are stored; native/parquet/leaf.h has the same numbers. */

/** Parquet's physical types. */
export const BOOLEAN = 0
export const INT32 = 1
export const INT64 = 2
export const INT96 = 3
export const FLOAT = 4
export const DOUBLE = 5
export const BYTE_ARRAY = 6
export const FIXED = 7

/** How stored values become values of a leaf's type. */
export const READ_AS = { same: 0, unsigned: 1, float: 2, half: 3, int96: 4, millis: 5, nanos: 6, decimal: 7 } as const
