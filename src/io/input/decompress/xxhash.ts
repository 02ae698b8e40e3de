import { require } from '../../../base/packages.js'

type Xxhash = Awaited<ReturnType<typeof import('xxhash-wasm').default>>

let loaded: Promise<Xxhash> | undefined

/** The checksum of lz4 and zstd, computed piece by piece. */
export function loadXxhash(): Promise<Xxhash> {
  loaded ??= (require('xxhash-wasm') as () => Promise<Xxhash>)()
  return loaded
}
