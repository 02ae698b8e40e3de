/** The native kernels, loaded. What they do: kernels.ts. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
// @ts-expect-error: it has no types.
import loadAddon from 'node-gyp-build'
import { isErrorCode, RunjobError } from '../base/errors.js'
import { require } from '../base/packages.js'
import { textHost } from './host.js'
import type { Kernels } from './kernels.js'
import { faultOf, udfHost } from './udf.js'

export type * from './kernels.js'

let addon: Kernels | undefined

/**
 * The addon of this thread, loaded on first use: `runjob --help` works even if it cannot be loaded.
 *
 * @throws ADDON_MISSING if there is neither a prebuild nor a build for this machine
 */
export const kernels: Kernels = new Proxy({} as Kernels, {
  get: (_, name) => {
    addon ??= load()
    return addon[name as keyof Kernels]
  },
})

/**
 * What a kernel threw, as a RunjobError with the native side's code and parameters (NativeError); anything else is returned
 * unchanged. Kernels throw plain errors, so that no call pays for a wrapper: the code that runs a task converts them once,
 * at the task's end. It also knows the offset of the first chunk in the file, and so turns `params.offset` into the error's
 * `where`.
 */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RunjobError) return error
  // Thrown where node-addon-api makes one of our objects; it passes on only the exception's text.
  if (error.message === 'std::bad_alloc') {
    return new RunjobError('OUT_OF_MEMORY', { detail: 'native memory could not be allocated' }, { cause: error })
  }
  const { code, ...params } = { ...(error as NativeError) }
  if (params.detail === undefined || !isErrorCode(code)) return error
  const fault = faultOf(code, params.detail)
  if (fault) return fault.withParams(params)
  return new RunjobError(code, params, { cause: error })
}

/** What the addon throws. */
interface NativeError extends Error {
  code: string
  detail: string
  /** Bad records: bytes from the start of the first chunk. */
  offset?: number
  /** BATCH_TOO_SMALL: what the record needs. */
  keyBytes?: number
  valueBytes?: number
}

function load(): Kernels {
  try {
    // RUNJOB_ADDON: path of the file; the sanitizer build is loaded this way.
    const path = process.env.RUNJOB_ADDON
    const loaded: Kernels = path ? require(path) : loadAddon(packageRoot())
    loaded.setTextHost(textHost)
    loaded.setUdfHost(udfHost)
    return loaded
  } catch (error) {
    const known = fromNative(error)
    if (known instanceof RunjobError) throw known
    throw new RunjobError('ADDON_MISSING', { detail: (error as Error).message.trim() }, { cause: error })
  }
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return folder
}
