/** Which of the user's modules is calling: what it defines is found there again. */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface CallSite {
  /** null: no file, such as a text that is evaluated. */
  url: string | null
  line: number
  /** Both are counted from 1. */
  column: number
}

/** Calls of our own, and of a few functions of the user's that have no file. */
const MOST_CALLS = 30

/** The innermost call that is not this package's own. */
export function callSite(): CallSite {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = MOST_CALLS
    Error.prepareStackTrace = (_, sites) => sites
    const sites = new Error().stack as unknown as NodeJS.CallSite[]
    // This function's own place: code that was compiled ahead still has the path that it was compiled at.
    const own = urlOf(sites[0]!)
    const caller = sites.find((site) => urlOf(site) !== own)
    const url = caller && urlOf(caller)
    if (!url?.startsWith('file:')) return { url: null, line: 0, column: 0 }
    return { url, line: caller?.getLineNumber() ?? 0, column: caller?.getColumnNumber() ?? 0 }
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit })
  }
}

/** Node names ES modules by URL; tools with their own loaders (vitest, CommonJS) by path. */
function urlOf(site: NodeJS.CallSite): string | null | undefined {
  const file = site.getFileName()
  return file && isAbsolute(file) ? pathToFileURL(file).href : file
}
