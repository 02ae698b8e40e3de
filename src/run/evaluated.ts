/** Texts that this process evaluates, a query or the cells of a session: workers evaluate them again to find their functions. */
import { createHash } from 'node:crypto'
import type { JobCode } from './load.js'

let module: (() => string) | null = null

/** @param text gives a module that evaluates what has been evaluated until then */
export function setEvaluated(text: () => string): void {
  module = text
}

export function evaluatedCode(): JobCode | undefined {
  if (module === null) return undefined
  const text = module()
  return { module: { text }, hash: createHash('sha256').update(text).digest('hex'), sources: {} }
}
