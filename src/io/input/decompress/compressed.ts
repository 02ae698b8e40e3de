/** The input of a decompressor. */
export interface Compressed {
  sizeBytes: number
  /** The bytes on disk, from an offset on; a chunk is valid until the next one is requested. */
  open(start: number): Iterable<Uint8Array>
  /** Decompressed bytes to return at a time, if the format leaves a choice. */
  chunkBytes: number
}
