/** Random expressions have one value in native code and in the interpreter, and folding constants does not change it. */
import { expect, test } from 'vitest'
import { fold } from '../../../dist/src/dataset/expression/fold.js'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import { expressionText } from '../../../dist/src/dataset/expression/text.js'
import type { Expression } from '../../../dist/src/plan/expression.js'
import { interpret, passes } from '../../helpers/interpreter/interpreter.js'
import { Failure, type Value } from '../../helpers/interpreter/value.js'
import { evaluateRows, type Row } from '../../helpers/native.js'
import { Random } from '../../helpers/random.js'
import { COLUMNS, randomRow, randomTree } from '../../helpers/random_tree.js'

const CASES = 50_000
const ROWS = 6
/** Now and then: masks of rows have 64 bits a word. */
const MANY_ROWS = 200
/** Expressions that one pipeline computes. */
const TOGETHER = 50

type Answer = { value: Value } | { error: string }

function interpreted(expression: Expression, row: Row): Answer {
  try {
    return { value: interpret(expression, row, COLUMNS) }
  } catch (error) {
    if (error instanceof Failure) return { error: error.code }
    throw error
  }
}

function evaluated(expression: Expression, row: Row): Answer {
  try {
    return { value: evaluateRows([expression], [row], COLUMNS)[0]![0]! }
  } catch (error) {
    return { error: (error as { code?: string }).code ?? String(error) }
  }
}

function isSame(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isSame(one, b[i]!))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  return Object.is(a, b)
}

function isEqual(a: Answer, b: Answer): boolean {
  if ('error' in a || 'error' in b) return 'error' in a && 'error' in b && a.error === b.error
  return isSame(a.value, b.value)
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'bigint'
      ? `${one}n`
      : typeof one === 'number' && !Number.isFinite(one)
        ? `${one}`
        : Object.is(one, -0)
          ? '-0'
          : one,
  )
}

function described(what: string, expression: Expression, row: Row, native: Answer, expected: Answer): string {
  const read = COLUMNS.map(({ name }, i) => `${name}=${shown(row[i])}`).filter((_, i) =>
    new RegExp(`\\b${COLUMNS[i]!.name}\\b`).test(expressionText(expression)),
  )
  return `${what} ${shown(native)} instead of ${shown(expected)}: ${expressionText(expression)} where ${read.join(', ')}`
}

/** Rows that do not fail go together, while the others do not count; then these, each by itself. */
function evaluatedApart(expression: Expression, rows: Row[], expected: Answer[]): Answer[] {
  const isGood = expected.map((answer) => 'value' in answer)
  try {
    const marked = rows.map((row, r) => [isGood[r]!, ...row.slice(1)])
    const good = evaluateRows([expression], marked, COLUMNS, KEEP)
    let at = 0
    return rows.map((row, r) => (isGood[r] ? { value: good[at++]![0]! } : evaluated(expression, row)))
  } catch {
    return rows.map((row) => evaluated(expression, row))
  }
}

const KEEP: Expression = { op: 'column', ...COLUMNS[0]! }

/**
 * Differences among expressions that one pipeline computes: all that fail for no row at once.
 *
 * @param isFiltered whether only rows to keep count, and others may fail
 */
function differences(expressions: Expression[], all: Row[], isFiltered: boolean): string[] {
  const found: string[] = []
  const rows = isFiltered ? all.filter(([keep]) => keep === true) : all
  const answers = expressions.map((expression) => rows.map((row) => interpreted(expression, row)))
  for (const [i, expression] of expressions.entries()) {
    const folded = fold(expression, 0n)
    if (folded === expression) continue
    for (const [r, row] of rows.entries()) {
      const answer = interpreted(folded, row)
      if (!isEqual(answer, answers[i]![r]!)) found.push(described('folded', expression, row, answer, answers[i]![r]!))
    }
  }
  const safe = expressions.filter((_, i) => answers[i]!.every((answer) => 'value' in answer))
  let together: Value[][] | null = null
  try {
    together = evaluateRows(safe, all, COLUMNS, isFiltered ? KEEP : null)
  } catch {
    // One by one, to find out which.
  }
  for (const [i, expression] of expressions.entries()) {
    const at = together === null ? -1 : safe.indexOf(expression)
    const native =
      at < 0 ? evaluatedApart(expression, rows, answers[i]!) : together!.map((row) => ({ value: row[at]! }))
    for (const [r, row] of rows.entries()) {
      const one = native[r]!
      if (!isEqual(one, answers[i]![r]!)) found.push(described('native', expression, row, one, answers[i]![r]!))
    }
  }
  return found
}

/** What a filter in native code and in the interpreter differ in, by two columns of what is kept; null if in nothing. */
function filterDifference(where: Expression, rows: Row[]): string | null {
  const kept: Value[][] = []
  // Native code goes through the rows a function at a time: any of these may come first.
  const errors = new Set<string>()
  for (const row of rows) {
    try {
      if (passes(where, row, COLUMNS)) kept.push([row[4]!, row[6]!])
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      errors.add(error.code)
    }
  }
  const found = (what: unknown) =>
    `filter ${expressionText(where)} ${shown(what)} instead of ${shown(errors.size > 0 ? [...errors] : kept)}`
  try {
    const native = evaluateRows(IDENTITY, rows, COLUMNS, where)
    return errors.size === 0 && isSame(native, kept) ? null : found(native)
  } catch (error) {
    const { code } = error as { code?: string }
    return errors.has(code!) ? null : found(code ?? String(error))
  }
}

const IDENTITY: Expression[] = [4, 6].map((i) => ({ op: 'column', ...COLUMNS[i]! }))

test('native code and the interpreter agree on random expressions', () => {
  const seed = Number(process.env.RUNJOB_SEED ?? 1)
  const cases = Number(process.env.RUNJOB_CASES ?? CASES)
  const random = new Random(seed)
  const wrong: string[] = []
  let count = 0
  while (count < cases && wrong.length < 50) {
    const isLarge = random.below(20) === 0
    const rows = random.times(isLarge ? MANY_ROWS : ROWS, () => randomRow(random))
    const expressions: Expression[] = []
    while (expressions.length < (isLarge ? 8 : TOGETHER)) {
      try {
        expressions.push(resolve(randomTree(random, 1 + random.below(4)), COLUMNS))
      } catch (error) {
        if ((error as { code?: string }).code !== 'DATASET_INVALID') throw error
      }
    }
    count += expressions.length
    wrong.push(...differences(expressions, rows, random.below(2) === 0))
    for (const expression of expressions) {
      const found = expression.type === 'boolean' ? filterDifference(expression, rows) : null
      if (found !== null) wrong.push(found)
    }
  }
  expect(wrong, `seed ${seed}`).toEqual([])
}, 300_000)
