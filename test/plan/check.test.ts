/** Inconsistent plans are refused before anything runs. */
import { describe, expect, it } from 'vitest'
import { checkPlan } from '../../dist/src/plan/check.js'
import type { Exchange, Format, Input, Operator, Plan, RecordSpec, Stage } from '../../dist/src/plan/plan.js'
import type { Column } from '../../dist/src/plan/type.js'

const RECORD: RecordSpec = { key: 'string', value: 'number' }
const BYTES: RecordSpec = { key: 'bytes', value: 'bytes' }
const text: Format = { kind: 'text', exact: false, encoding: null }

const map: Operator = { op: 'map', fn: '1.map', gives: RECORD }
const reduce: Operator = { op: 'reduce', fn: '1.reduce', gives: RECORD }
const words: Operator = { op: 'words', lowercase: true }
const fields: Operator = { op: 'fields', keys: ['a'], values: [], tag: null }
const take: Operator = { op: 'take', count: 3 }
const byNumber: Operator = { op: 'byNumber', descending: true }

const files = (...operators: Operator[]): Input => ({ kind: 'files', files: 'in', format: text, operators })
const from = (exchange: string, ...operators: Operator[]): Input => ({ kind: 'exchange', exchange, operators })
const exchange = (id: string) => ({ kind: 'exchange', id, record: RECORD }) as Stage['target']
const sink = (name = '') => ({ kind: 'sink', name, record: RECORD }) as Stage['target']

function problemOf(...stages: [target: Stage['target'], ...inputs: Input[]][]): string | null {
  const plan = { stages: stages.map(([target, ...inputs], i) => ({ name: `s${i}`, inputs, target })) } as Plan
  try {
    checkPlan(plan)
    return null
  } catch (error) {
    expect(error).toMatchObject({ code: 'INTERNAL' })
    return (error as { params: { detail: string } }).params.detail
  }
}

describe('a plan', () => {
  it('may be a chain, or a graph', () => {
    expect(problemOf([exchange('a'), files(words)], [sink(), from('a', reduce)])).toBeNull()
    expect(problemOf([sink(), files(map, map)])).toBeNull()
    expect(
      problemOf(
        [exchange('a'), files(map)],
        [exchange('b'), from('a', reduce, byNumber)],
        [sink(), from('a'), from('b', take)],
      ),
    ).toBeNull()
  })

  it('has operators that accept what comes before them', () => {
    expect(problemOf([sink(), files(words)])).toBe('stage s0: its sink does not take what words gives')
    expect(problemOf([exchange('a'), files({ ...words, op: 'lines' }, map)])).toContain(
      'map does not take what lines gives',
    )
    expect(problemOf([exchange('a'), files()])).toContain('its exchange does not take what files gives')
    expect(problemOf([exchange('a'), files(reduce)])).toContain('reduce does not take what files gives')
    expect(problemOf([exchange('a'), files(map)], [sink(), from('a', map, take)])).toContain(
      'take does not take what map',
    )
    expect(problemOf([exchange('a'), files(fields)])).toContain('fields reads csv, not text')
  })

  it('names each exchange and each sink once, and reads what an earlier stage fills', () => {
    expect(problemOf([sink(), from('a')], [exchange('a'), files(map)])).toContain(
      'no stage before it fills the exchange a',
    )
    expect(problemOf([exchange('a'), files(map)], [exchange('a'), files(map)])).toContain(
      'another one has the exchange "a"',
    )
    expect(problemOf([sink('x'), files(map)], [sink('x'), files(map)])).toContain('another one has the sink "x"')
    expect(problemOf([exchange('a'), files(map)])).toBe('no stage has a sink')
  })

  it('has one side whose rows are filtered by the keys of the other one', () => {
    const columns: Column[] = [{ name: 'k', type: 'long', nullable: false }]
    const sides = [0, 1].map(() => ({ columns, keys: ['k'] }))
    const read: Operator = { op: 'scan', columns }
    const filter: Operator = { op: 'sideFilter', key: 0, column: 'k' }
    const joined = (...inputs: Operator[][]): string | null => {
      const sideOf = inputs.map((_, i) => (i === 0 ? 0 : 1))
      const target = {
        ...exchange('a'),
        record: BYTES,
        grouping: 'prefix',
        partitionBy: 'hash',
        combine: null,
      } as Exchange
      const merge: Operator = { op: 'mergeJoin', type: 'inner', residual: null }
      return problemOf(
        [
          { ...target, descending: false, rows: { kind: 'sides', sides, sideOf } } as Exchange,
          ...inputs.map((all) => files(...all)),
        ],
        [sink(), from('a', merge)],
      )
    }
    expect(joined([read, filter], [read])).toBeNull()
    expect(joined([read], [read, filter], [read, filter])).toBeNull()
    const wrong = 'not all rows of one side, and these alone, are filtered by the other one'
    for (const inputs of [
      [
        [read, filter],
        [read, filter],
      ],
      [[read], [read, filter], [read]],
    ]) {
      expect(joined(...inputs)).toContain(wrong)
    }
    expect(joined([read, { ...filter, key: 1 }], [read])).toContain('the other side has no key 1')
    expect(problemOf([sink(), files(read, filter)])).toContain('rows that have no other side are filtered by it')
  })
})
