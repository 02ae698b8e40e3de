/** Rows that two inputs have, or only one: both in one, by which side each row is of. */
import type { Expression } from '../plan/expression.js'
import type { Column } from '../plan/type.js'
import { resolve } from './expression/resolve.js'
import type { Untyped } from './expression/untyped.js'
import { aggregate, columnOf, filter, type Logical, project, unchanged, union, window } from './logical.js'
import { freshName } from './names.js'
import type { Query } from './query.js'

type SetOperation = Pick<Extract<Query, { kind: 'setOperation' }>, 'op' | 'all'>

/** REQUIRES: both have the same columns. */
export function intersectOrExcept(left: Logical, right: Logical, { op, all }: SetOperation): Logical {
  const names = left.columns.map(({ name }) => name)
  const fresh = (wanted: string) => freshName(wanted, names)
  const side: Column = { name: fresh('side'), type: 'long', nullable: false }
  const of = (input: Logical, value: string): Logical =>
    project(input, [...unchanged(input.columns), { name: side.name, value: { op: 'literal', value, type: 'long' } }])
  const both = union([of(left, '0'), of(right, '1')])
  const found = all ? counted(both, names, side, fresh, op) : once(both, names, side, fresh, op)
  return project(found, unchanged(found.columns.slice(0, names.length)))
}

/** Each row once: groups that have the left side, and have the right side or have not. */
function once(
  both: Logical,
  names: string[],
  side: Column,
  fresh: (name: string) => string,
  op: SetOperation['op'],
): Logical {
  const [least, most] = [fresh('least'), fresh('most')]
  const value = (name: string, fn: 'min' | 'max') => ({
    column: { ...side, name },
    fn,
    args: [columnOf(side)] as Expression[],
  })
  const grouped = aggregate(both, names, [value(least, 'min'), value(most, 'max')])
  return where(grouped, call('and', isEqual(least, 0), isEqual(most, op === 'intersect' ? 1 : 0)))
}

/** Rows of the left side, numbered among equal ones: as many of them go, or stay, as the right side has. */
function counted(
  both: Logical,
  names: string[],
  side: Column,
  fresh: (name: string) => string,
  op: SetOperation['op'],
): Logical {
  const [number, others] = [fresh('number'), fresh('others')]
  const numbered = window({
    input: both,
    partition: names,
    order: [{ column: side.name, descending: false, nullsFirst: true }],
    values: [
      { column: { name: number, type: 'integer', nullable: false }, fn: 'rowNumber', args: [], frame: null },
      {
        column: { name: others, type: 'long', nullable: true },
        fn: 'sum',
        args: [columnOf(side)],
        frame: { unit: 'range', start: null, end: null },
      },
    ],
  })
  const compared = call(op === 'intersect' ? 'le' : 'gt', column(number), column(others))
  return where(numbered, call('and', isEqual(side.name, 0), compared))
}

function where(input: Logical, condition: Untyped): Logical {
  return filter(input, resolve(condition, input.columns))
}

function column(name: string): Untyped {
  return { kind: 'column', name }
}

function isEqual(name: string, value: number): Untyped {
  return call('eq', column(name), { kind: 'literal', value })
}

function call(fn: string, ...args: Untyped[]): Untyped {
  return { kind: 'call', fn, args }
}
