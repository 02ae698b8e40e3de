/** Imports the code that holds the user's functions. */
import { pathToFileURL } from 'node:url'
import { userError } from '../../base/errors.js'
import { importModule } from '../../base/packages.js'

export interface ImportedCode {
  path: string
  url: string
  /** Whether it has begun an action, such as runJob() or collect(), which never ends in a worker. */
  hasActed(): boolean
  /** Resolves once it has begun one. */
  acted: Promise<void>
}

/** Resolves when the module has been imported, or begins an action: then it never finishes importing, and need not. */
export async function importCode(path: string): Promise<ImportedCode> {
  process.setSourceMapsEnabled(true)
  const url = pathToFileURL(path).href
  let hasActed = false
  const acted = new Promise<void>((resolve) => {
    const stop = () => {
      hasActed = true
      resolve()
    }
    Object.assign(globalThis, { [Symbol.for('runjob.inWorker')]: stop })
  })
  try {
    await Promise.race([importModule(url), acted])
  } catch (error) {
    throw userError(error, 'import')
  }
  return { path, url, hasActed: () => hasActed, acted }
}
