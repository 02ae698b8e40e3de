/** Data that Node cannot decompress: whether it is damaged. */
import { RunjobError } from '../../base/errors.js'

/** Of zlib and brotli; the last one, if there is more of it than was promised. */
const DAMAGE = /^(?:Z_DATA_ERROR|Z_BUF_ERROR|Z_NEED_DICT|ERR__ERROR_FORMAT_\w+|ERR_BUFFER_TOO_LARGE)$/
const NO_MEMORY = /^(?:Z_MEM_ERROR|ERR__ERROR_ALLOC_\w+|ERR_ZLIB_INITIALIZATION_FAILED|ERR_MEMORY_ALLOCATION_FAILED)$/

/**
 * @returns what `decompress` gives; null if its data is damaged
 * @throws OUT_OF_MEMORY
 */
export function unlessDamaged(decompress: () => Uint8Array): Uint8Array | null {
  try {
    return decompress()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (DAMAGE.test(code)) return null
    // V8's own has no code.
    if (!NO_MEMORY.test(code) && !(error instanceof RangeError && code === '')) throw error
    throw new RunjobError('OUT_OF_MEMORY', { detail: `while a block was decompressed: ${message}` }, { cause: error })
  }
}
