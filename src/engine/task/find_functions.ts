/** Finds the functions of a data frame's plan in the code that a worker has imported: each by where, and as how many-th, it was made. */
import { findSourceMap } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunjobError } from '../../base/errors.js'
import type { FunctionsIdentity, JobFunctions } from '../../plan/functions.js'
import { type FunctionIdentity, type Made, madeIn, NOWHERE, sourceOf, type UserFunction } from '../../plan/made.js'
import type { ParamValue } from '../../plan/plan.js'
import type { ImportedCode } from './import_code.js'

/** A program may wait for something before its first action, and make functions, or change what they see. */
const WAIT_MS = 5000

/** @throws FUNCTION_NOT_FOUND; GRAPH_DIFFERS if what is found there is another one */
export async function findFunctions(
  code: ImportedCode,
  { functions, isScript }: FunctionsIdentity,
  params: Record<string, ParamValue>,
): Promise<JobFunctions> {
  const isThere = ({ place: { module, index } }: FunctionIdentity) =>
    index === NOWHERE.index || madeBy(code, module)[index] !== undefined
  if (isScript || !functions.every(isThere)) await Promise.race([code.acted, sleep(WAIT_MS, undefined, { ref: false })])
  const built = new Map<Made, readonly UserFunction[]>()
  const found = new Map(functions.map((one) => [one.id, findOne(one, code, params, built).call]))
  return {
    setup: null,
    teardown: null,
    find(id) {
      const call = found.get(id)
      if (call === undefined) throw new RunjobError('INTERNAL', { detail: `the plan has no function ${id}` })
      return call
    },
  }
}

/** @param built functions of the builds that have run */
function findOne(
  { name, declared, source, place, isLate }: FunctionIdentity,
  code: ImportedCode,
  params: Record<string, ParamValue>,
  built: Map<Made, readonly UserFunction[]>,
): UserFunction {
  const { module, index, inBuild } = place
  if (index === NOWHERE.index) {
    throw new RunjobError('FUNCTION_NOT_FOUND', {
      function: name,
      reason: 'it was made after the first await of its cell',
    })
  }
  const what = { function: name, declared, module: module ?? code.url }
  const all = madeBy(code, module)
  const made = all[index]
  if (made === undefined)
    throw new RunjobError('FUNCTION_NOT_FOUND', { ...what, number: index + 1, found: all.length, isLate })
  let found: UserFunction | undefined
  if (inBuild === null) {
    if (typeof made.what !== 'function') found = made.what
  } else if (typeof made.what === 'function') {
    const known = built.get(made) ?? made.what(params)
    built.set(made, known)
    found = known[inBuild]
  }
  if (found === undefined) throw new RunjobError('GRAPH_DIFFERS', { ...what, found: 'nothing of the kind' })
  if (found.declared !== declared) throw new RunjobError('GRAPH_DIFFERS', { ...what, found: found.declared })
  if (source !== null && source !== sourceOf(found.call))
    throw new RunjobError('GRAPH_DIFFERS', { ...what, found: null })
  return found
}

/** @param module null: the code itself */
function madeBy({ path, url }: ImportedCode, module: string | null): readonly Made[] {
  if (module === null) return [...madeIn(url), ...madeIn(null)]
  const direct = madeIn(module)
  if (direct.length > 0) return direct
  // It is part of the bundle, whose source map says of which line.
  const map = findSourceMap(path) ?? findSourceMap(url)
  if (map === undefined) return []
  // It may have been imported with a query, for another copy.
  const source = module.replace(/[?#].*$/, '')
  return madeIn(url).filter(({ site }) => {
    const entry = map.findEntry(site.line - 1, site.column - 1)
    return 'originalSource' in entry && entry.originalSource === source
  })
}
