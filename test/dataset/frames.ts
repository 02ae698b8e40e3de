/** Data frames for tests, and what becomes of them. */
import { csv, type DataFrame, decimal, double, int, jsonl, long, nullable, read, string, timestamp } from 'runjob'
import { analyze } from '../../dist/src/dataset/analyze.js'
import { explainText } from '../../dist/src/dataset/explain.js'
import type { Logical } from '../../dist/src/dataset/logical.js'
import { FrameLowering } from '../../dist/src/dataset/lower.js'
import { arrange, pushDown } from '../../dist/src/dataset/optimize.js'
import type { Sizes } from '../../dist/src/dataset/rules/cardinality.js'
import { sourcesOf } from '../../dist/src/dataset/sources.js'
import { checkPlan } from '../../dist/src/plan/check.js'
import type { Stage } from '../../dist/src/plan/plan.js'
import { type Column, typeText } from '../../dist/src/plan/type.js'

export const orders = read(
  csv({
    schema: {
      id: long(),
      product_id: long(),
      status: string(),
      total: decimal(12, 2),
      created_at: timestamp(),
      note: nullable(string()),
    },
  }),
  'orders',
)
export const products = read(
  jsonl({ schema: { id: long(), category: string(), weight: nullable(double()) } }),
  'products',
)
export const small = read(csv({ schema: { k: int(), v: nullable(string()) } }), 'small')

interface Framed {
  query: DataFrame<unknown>['query']
}

/** The logical plan as text. */
export function logical({ query }: Framed): string {
  return explainText(analyze(query))
}

/** As a run does it whose time is 0. */
export function optimize(plan: Logical, sizes?: Sizes): Logical {
  return arrange(pushDown(plan, 0n, false), sizes ? { sizes } : {})
}

/** The optimised one. */
export function optimised({ query }: Framed, sizes?: Sizes): string {
  return explainText(optimize(analyze(query), sizes))
}

/** `name: type` of each column, with ? if it may be null. */
export function columns({ query }: Framed): string {
  return columnsText(analyze(query).columns)
}

export function columnsText(all: readonly Column[]): string {
  return all.map(({ name, type, nullable }) => `${name}: ${typeText(type)}${nullable ? '?' : ''}`).join(', ')
}

/** Each stage on a line: its inputs, their operators, and its target. */
export function stages({ query }: Framed, sizes: Sizes = new Map()): string {
  const sink = { name: '', format: { kind: 'jsonl' as const }, compress: null, singleFile: false }
  const all: Stage[] = []
  const noElements = () => {
    throw new Error('there is no collection here')
  }
  const plan = optimize(analyze(query), sizes)
  new FrameLowering(all, sourcesOf([query]), noElements, [plan], sizes).output({ plan, sink })
  checkPlan({ version: 2, job: '', module: null, params: {}, sideFiles: {}, stages: all })
  return all
    .map(({ name, inputs, target }) => {
      const from = inputs.map((input) =>
        [input.kind === 'files' ? input.files : `<${input.exchange}>`, ...input.operators.map(({ op }) => op)].join(
          ' ',
        ),
      )
      const to =
        target.kind === 'sink'
          ? `sink (${columnsText(target.columns!)})`
          : `${target.partitions ?? '?'} by ${target.partitionBy}, ${rowsText(target.rows!)}${target.combine ? `, first ${(target.combine as { count: number }).count}` : ''}`
      return `${name}: ${from.join(' | ')} -> ${to}`
    })
    .join('\n')
}

function rowsText(rows: NonNullable<import('../../dist/src/plan/plan.js').Exchange['rows']>): string {
  switch (rows.kind) {
    case 'rows':
      return `rows (${columnsText(rows.columns)}) in order of ${rows.keys.map(({ column, descending }) => `${column}${descending ? ' desc' : ''}`).join(', ') || 'input'}${rows.by ? `, partitioned by ${rows.by.join(', ')}` : ''}`
    case 'groups':
      return `groups by ${rows.by.join(', ') || 'nothing'}: ${rows.values.map(({ fn, column }) => `${fn} ${column.name}`).join(', ')}`
    case 'sides':
      return `sides ${rows.sides.map(({ columns, keys }) => `(${columnsText(columns)}) on ${keys.join(', ')}`).join(' and ')}`
  }
}

/** What the frame throws: its code, message and hint. */
export function failureOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint: string }
    return `${code}: ${message} ${hint}`
  }
  throw new Error('nothing failed')
}
