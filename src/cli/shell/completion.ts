/** Tab: names of columns where a column may be named; elsewhere what Node's session knows. */
import type { CompleterResult } from 'node:readline'
import type { REPLServer } from 'node:repl'
import { runInThisContext } from 'node:vm'
import { RunjobError } from '../../base/errors.js'
import { Expr } from '../../dataset/column.js'
import { type AnyFrame, DataFrame, Grouped, isDataFrame } from '../../dataset/frame.js'
import { uncounted } from '../../plan/made.js'
import { setRunner } from '../../plan/runner.js'
import { columnsOf } from '../../run/columns.js'
import { methodsOf } from '../../run/query.js'
import { placeIn } from './place.js'

type Completer = (line: string, done: (error: Error | null, result?: CompleterResult) => void) => void

/**
 * @param names what the package exports: functions that have no effect
 * @param unfinished gives the lines of the cell before this one
 */
export function completeColumns(
  repl: REPLServer,
  names: Readonly<Record<string, unknown>>,
  unfinished: () => string,
): void {
  const usual = (repl.completer as Completer).bind(repl)
  const known = new Set([...Object.keys(names), ...methodsOf(DataFrame), ...methodsOf(Grouped), ...methodsOf(Expr)])
  const completer: Completer = (line, done) => {
    void columnsAt(unfinished() + line, known).then((found) => (found ? done(null, found) : usual(line, done)))
  }
  Object.assign(repl, { completer })
}

async function columnsAt(line: string, known: ReadonlySet<string>): Promise<CompleterResult | null> {
  const place = placeIn(line)
  if (place === null) return null
  for (const receiver of place.receivers) {
    const frame = frameOf(receiver, known)
    if (frame === null) continue
    const columns = await columnsOf(frame).catch(() => [])
    const found = columns.map(({ name }) => name).filter((name) => name.startsWith(place.typed))
    return found.length === 0 ? null : [found, place.typed]
  }
  return null
}

/** The data frame that an expression is, or that is grouped by it; null: none, or it calls what might have an effect. */
function frameOf(expression: string, known: ReadonlySet<string>): AnyFrame | null {
  if (/[=;]/.test(expression.replaceAll('=>', ''))) return null
  if ([...expression.matchAll(/([\w$]+)\s*\(/g)].some(([, name]) => !known.has(name!))) return null
  // An action in it does nothing. The next cell has a runner of its own.
  setRunner(() => Promise.reject(new RunjobError('INTERRUPTED')))
  try {
    const value: unknown = uncounted(() => runInThisContext(expression))
    if (value instanceof Promise) value.catch(() => {})
    if (value instanceof Grouped) return frameOf(expression.slice(0, expression.lastIndexOf('.groupBy(')), known)
    return isDataFrame(value) ? value : null
  } catch {
    return null
  }
}
