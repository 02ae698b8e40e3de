/** The functions of a data frame's plan: the code that workers import to find them, and how they know them. */
import { existsSync, realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { RunjobError } from '../base/errors.js'
import { require } from '../base/packages.js'
import type { FunctionId } from '../plan/expression.js'
import { numbered } from '../plan/function_ids.js'
import type { FunctionsIdentity } from '../plan/functions.js'
import { comparableText, type FunctionIdentity, sourceOf, type UserFunction } from '../plan/made.js'
import type { Plan, Stage } from '../plan/plan.js'
import { evaluatedCode } from './evaluated.js'
import { codeOfModules, importedCode, type JobCode, moduleOf } from './load.js'
import type { Settings } from './options.js'

/** What a plan calls. */
interface Called {
  called: Pick<Plan, 'stages' | 'module'>
  code: JobCode | null
  identity: FunctionsIdentity | null
}

/**
 * Stages that know their functions by numbers, and how workers find these.
 *
 * @param made all functions that the stages may call
 * @throws what codeOfFunctions throws
 */
export async function withFunctions(
  stages: Stage[],
  made: readonly UserFunction[],
  { folder }: Pick<Settings, 'folder'>,
): Promise<Called> {
  const { stages: called, functions } = numbered(stages, made)
  if (functions.size === 0) return { called: { stages: called, module: null }, code: null, identity: null }
  const { code, identity } = await codeOfFunctions(functions)
  return { called: { stages: called, module: moduleOf(code, folder) }, code, identity }
}

/**
 * @param functions of the plan, by their ids there
 * @throws FUNCTION_NOT_FOUND if they are in no module; JOB_LOAD_FAILED
 */
async function codeOfFunctions(
  functions: ReadonlyMap<FunctionId, UserFunction>,
): Promise<{ code: JobCode; identity: FunctionsIdentity }> {
  const all = [...functions.values()]
  const modules = [...new Set(all.map(({ place }) => place.module))]
  const own = ownCode(modules)
  const code = own ?? (await codeOfModules(modulesOf(all)))
  const text = 'text' in code.module ? code.module.text : ''
  const identities = [...functions].map(([id, { call, name, declared, place, isLate }]): FunctionIdentity => {
    const isOwn = place.module === null || importedCode(place.module) !== undefined
    return {
      id,
      name,
      declared,
      source: isOwn ? sourceOf(call) : sourceIn(text, call),
      place: { ...place, module: isOwn ? null : place.module },
      isLate,
    }
  })
  return { code, identity: { functions: identities, isScript: modules.includes(scriptUrl()) } }
}

function scriptUrl(): string {
  const [, script] = process.argv
  if (script === undefined || !existsSync(script)) return ''
  return pathToFileURL(realpathSync(script)).href
}

/** What was evaluated or imported to make these, rather than modules that Node imported as they are. */
function ownCode(modules: readonly (string | null)[]): JobCode | undefined {
  const bundled = modules.flatMap((module) => (module === null ? [] : (importedCode(module) ?? [])))
  if (bundled[0]) return bundled[0]
  return modules.includes(null) ? evaluatedCode() : undefined
}

function modulesOf(functions: readonly UserFunction[]): string[] {
  const lost = functions.find(({ place }) => place.module === null)
  if (lost) throw new RunjobError('FUNCTION_NOT_FOUND', { function: lost.name, reason: 'it is in no module' })
  return [...new Set(functions.map(({ place }) => place.module!))]
}

/** The source as the bundle has it; null if that cannot be told: other loaders print it in their own ways. */
function sourceIn(bundle: string, call: UserFunction['call']): string | null {
  const [all, own] = [comparableText(bundle), sourceOf(call)]
  if (all.includes(own)) return own
  const esbuild = require('esbuild') as typeof import('esbuild')
  try {
    const options = { loader: 'ts', target: 'node20', logLevel: 'silent' } as const
    const { code } = esbuild.transformSync(`x = ${call}`, options)
    const printed = comparableText(code.replace(/^x = /, '').replace(/;\s*$/, ''))
    return all.includes(printed) ? printed : null
  } catch {
    // Such as a method, or native code.
    return null
  }
}
