/** The cells of a session once more, in a worker: it finds there the functions that they make. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { constants, runInThisContext } from 'node:vm'
import { type Node, parseFunction } from '../../base/syntax.js'
import { setRunner } from '../../plan/runner.js'
import { frameOf } from '../../run/query.js'

export interface SessionText {
  cells: readonly string[]
  paths: readonly string[]
  cwd: string
}

/** A module that evaluates the cells again. */
export function evaluatingAgain(text: SessionText): string {
  const urlOf = (name: string) => JSON.stringify(new URL(`../${name}.js`, import.meta.url).href)
  return [
    `import * as names from ${urlOf('index')}`,
    `import { evaluateAgain } from ${urlOf('cli/shell/again')}`,
    `evaluateAgain(${JSON.stringify(text)}, names)`,
    '',
  ].join('\n')
}

/**
 * Actions do not end, and no cell waits for them. What a cell that waits declares is not known here: a function that uses it fails.
 *
 * @param names what the package exports
 */
export function evaluateAgain({ cells, paths, cwd }: SessionText, names: Readonly<Record<string, unknown>>): void {
  setRunner(() => new Promise(() => {}))
  const inputs = paths.map((path) => frameOf(path, cwd))
  const require = createRequire(join(cwd, 'session.js'))
  Object.assign(globalThis, names, { require, inputs }, inputs.length > 0 ? { df: inputs[0] } : {})
  for (const cell of cells) {
    try {
      evaluate(cell)
    } catch {
      // As it did in the session.
    }
  }
}

const options = { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }

function evaluate(cell: string): void {
  let value: unknown
  try {
    // An object, not a block, as in the session.
    value = runInThisContext(/^\s*\{/.test(cell) ? `(${cell}\n)` : cell, options)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const text = `async () => {${cell}\n}`
    const waiting = /\bawait\b/.test(cell) ? parseFunction(text) : null
    if (waiting) declareUnknown(namesIn(waiting))
    value = runInThisContext(waiting ? `(${text})()` : cell, options)
  }
  if (value instanceof Promise) value.catch(() => {})
}

/** Names that fail where they are used: what is of that name outside is another thing. */
function declareUnknown(names: readonly string[]): void {
  if (names.length === 0) return
  try {
    // Declared, but never initialized.
    runInThisContext(`throw null; let ${names.join(', ')}`)
  } catch {
    // As it must.
  }
}

/** What the statements of a cell declare. */
function namesIn(cell: Node): string[] {
  const { body } = cell.body as { body: Node[] }
  return body.flatMap(({ type, declarations, id }) => {
    if (type === 'VariableDeclaration') return (declarations as Node[]).flatMap((one) => namesOf(one.id as Node))
    return type === 'FunctionDeclaration' || type === 'ClassDeclaration' ? namesOf(id as Node) : []
  })
}

function namesOf(pattern: Node | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name as string]
    case 'ObjectPattern':
      return (pattern.properties as Node[]).flatMap((one) => namesOf((one.value ?? one.argument) as Node))
    case 'ArrayPattern':
      return (pattern.elements as (Node | null)[]).flatMap(namesOf)
    case 'AssignmentPattern':
      return namesOf(pattern.left as Node)
    case 'RestElement':
      return namesOf(pattern.argument as Node)
    default:
      return []
  }
}
