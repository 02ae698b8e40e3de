/** All functions of expressions, in one table: docs/functions.md is made from it. */
import { ARITHMETIC } from './functions/arithmetic.js'
import type { FunctionEntry } from './functions/entry.js'
import { JSON_TEXT } from './functions/json.js'
import { LOGIC } from './functions/logic.js'
import { MATH } from './functions/math.js'
import { NESTED } from './functions/nested.js'
import { STRINGS } from './functions/strings.js'
import { TIME_UNITS } from './functions/time_units.js'
import { TIMES } from './functions/times.js'

export const CATALOGUE: Readonly<Record<string, readonly FunctionEntry[]>> = {
  'Comparisons and logic': LOGIC,
  Arithmetic: ARITHMETIC,
  Numbers: MATH,
  'Text and binary': STRINGS,
  'Dates and times': [...TIMES, ...TIME_UNITS],
  'Lists and structs': NESTED,
  JSON: JSON_TEXT,
}

const BY_NAME = new Map(
  Object.values(CATALOGUE)
    .flat()
    .map((entry) => [entry.name, entry]),
)

export function findFunction(name: string): FunctionEntry | undefined {
  return BY_NAME.get(name)
}

export function functionNames(): string[] {
  return [...BY_NAME.keys()]
}
