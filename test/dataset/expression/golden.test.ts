/** Expressions mean what they mean to Spark, but for the differences that are listed. */
import { describe, expect, test } from 'vitest'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import type { Expression } from '../../../dist/src/plan/expression.js'
import { type Type, typeText } from '../../../dist/src/plan/type.js'
import { type Answer, type GoldenCase, readGolden } from '../../helpers/golden.js'
import { interpret } from '../../helpers/interpreter/interpreter.js'
import { Failure, fieldsOf, type Value } from '../../helpers/interpreter/value.js'
import { evaluateRows } from '../../helpers/native.js'
import { DIFFERENCES } from './differences.js'

const TOPICS = new Set(
  'logic compare in conditional arith math literal coercion decimal round cast try string like datetime hash collections json'.split(
    ' ',
  ),
)

const golden = readGolden(TOPICS)
const listed = new Map(DIFFERENCES.flatMap(({ ids, reason }) => ids.map((id) => [id, reason])))

/** Spark's own mathematics may differ in the last digit. */
function isSame(a: Value, b: Value, type: Type, isClose: boolean): boolean {
  if (a === null || b === null) return a === b
  if (Array.isArray(a) && Array.isArray(b)) {
    const fields = fieldsOf(type)
    return a.length === b.length && a.every((one, i) => isSame(one, b[i]!, (fields[i] ?? fields[0]!).type, isClose))
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (isClose && typeof a === 'number' && typeof b === 'number' && Number.isFinite(a)) {
    return Math.abs(a - b) <= 4.5e-16 * Math.max(Math.abs(a), Math.abs(b))
  }
  return Object.is(a, b)
}

function resolved({ tree, columns }: GoldenCase): Expression | string {
  try {
    return resolve(tree, columns)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'DATASET_INVALID' || code === 'COLUMN_UNKNOWN') return message
    throw error
  }
}

function shown(answer: Answer | string): string {
  if (typeof answer === 'string') return answer
  if ('error' in answer) return `error ${answer.error}`
  return JSON.stringify(answer.value, (_, value: unknown) =>
    typeof value === 'bigint'
      ? `${value}`
      : typeof value === 'number' && !Number.isFinite(value)
        ? String(value)
        : Object.is(value, -0)
          ? '-0'
          : value,
  )
}

function interpreted(expression: Expression, row: Value[], one: GoldenCase): Answer {
  try {
    return { value: interpret(expression, row, one.columns) }
  } catch (error) {
    if (error instanceof Failure) return { error: error.code }
    throw error
  }
}

type Evaluate = (expression: Expression, one: GoldenCase) => Answer[]

const interpretation: Evaluate = (expression, one) => one.rows.map((row) => interpreted(expression, row, one))

const native: Evaluate = (expression, one) => {
  const evaluate = (rows: Value[][]) =>
    evaluateRows([expression], rows, one.columns).map(([value]) => ({ value: value! }))
  try {
    return evaluate(one.rows)
  } catch {
    // Some row fails: each by itself.
  }
  return one.rows.map((row) => {
    try {
      return evaluate([row])[0]!
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      return { error: code ?? message }
    }
  })
}

/** What is different from Spark's answer; null if nothing is. */
function difference(one: GoldenCase, evaluate: Evaluate): string | null {
  const expression = resolved(one)
  if (typeof expression === 'string') return one.answer === null ? null : `refused: ${expression}`
  if (one.answer === null) return `not refused: ${typeText(expression.type)}`
  const type = typeText(expression.type)
  if (type !== one.answer.type && one.answer.type !== 'void') return `of type ${type} instead of ${one.answer.type}`
  const isClose = one.topic === 'math' || /\b(cbrt|exp|ln|log|pow|sin|cos|tan|atan)/.test(one.sql)
  const answers = evaluate(expression, one)
  for (const [i, expected] of one.answer.rows.entries()) {
    const actual = answers[i]!
    const same =
      'error' in expected
        ? 'error' in actual && DATA_ERRORS.has(actual.error)
        : 'value' in actual && isSame(actual.value, expected.value, expression.type, isClose)
    if (!same) return `row ${i}: ${shown(actual)} instead of ${shown(expected)}`
  }
  return null
}

const DATA_ERRORS = new Set(['ARITHMETIC_OVERFLOW', 'DIVIDE_BY_ZERO', 'CAST_INVALID', 'ARGUMENT_INVALID'])

describe.skipIf(golden === null)('what Spark answers', () => {
  test.each([
    ['the interpreter', interpretation],
    ['native code', native],
  ])('is what %s answers, or is listed as a difference', (_, evaluate) => {
    const wrong: string[] = []
    for (const one of golden!.cases) {
      const found = difference(one, evaluate)
      if (found !== null && !listed.has(one.id)) wrong.push(`${one.id} ${one.sql}: ${found}`)
      if (found === null && listed.has(one.id)) wrong.push(`${one.id} ${one.sql}: is listed, and does not differ`)
    }
    const skipped = [...golden!.skipped].map(([reason, ids]) => `${reason} (${ids.length})`)
    console.log(`${golden!.cases.length} cases of Spark; skipped: ${skipped.join(', ') || 'none'}`)
    expect(wrong).toEqual([])
  })
})

test.runIf(golden === null)('skipped: the answers of Spark are not here', () => {})
