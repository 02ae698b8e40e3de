/** A logical plan for people: a tree, from its result down to the files. */
import { formatCount } from '../base/units.js'
import type { SortKey } from '../plan/expression.js'
import type { GroupValue, WindowValue } from '../plan/plan.js'
import { frameText } from '../plan/print.js'
import { expressionText } from './expression/text.js'
import { inputsOfNode, type Logical } from './logical.js'

export function explainText(plan: Logical): string {
  return lines(plan, '', '').join('\n')
}

function lines(node: Logical, first: string, rest: string): string[] {
  const inputs = inputsOfNode(node)
  return [
    first + nodeText(node),
    ...inputs.flatMap((input, i) => {
      const isLast = i === inputs.length - 1
      return lines(input, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`)
    }),
  ]
}

const ALGORITHMS = { broadcast: ', right side in one table', hash: ', by partition', merge: ', sorted' } as const

function nodeText(node: Logical): string {
  switch (node.kind) {
    case 'read':
      return `read ${node.source.format.kind} ${node.files ?? node.source.name ?? node.source.paths.join(', ')}: ${node.columns.map(({ name }) => name).join(', ')}`
    case 'elements':
      return `elements of a collection: ${node.columns.map(({ name }) => name).join(', ')}`
    case 'filter':
      return `filter ${expressionText(node.where)}${node.leftOut ? ', and count the others' : ''}`
    case 'project':
      return `project ${node.values
        .map(({ name, value }) => {
          const text = expressionText(value)
          return text === name ? name : `${text} as ${name}`
        })
        .join(', ')}`
    case 'explode': {
      const { list, outer, position, element } = node
      const made = [...(position === null ? [] : [position]), element].map(({ name }) => name).join(', ')
      return `explode ${expressionText(list)} as ${made}${outer ? ', also without elements' : ''}`
    }
    case 'aggregate':
      return `aggregate ${[...(node.by.length > 0 ? [`by ${node.by.join(', ')}`] : []), ...node.values.map(valueText)].join(', ')}`
    case 'window': {
      const { partition, order, values, rankLimit } = node
      const how = [
        ...(partition.length > 0 ? [`by ${partition.join(', ')}`] : []),
        ...(order.length > 0 ? [`sorted by ${keysText(order)}`] : []),
      ]
      const up = rankLimit ? [`up to ${rankLimit.fn} ${formatCount(rankLimit.most)}`] : []
      return `window ${[...how, ...values.map(windowText), ...up].join(', ')}`
    }
    case 'join': {
      const on = node.on.map(({ left, right }) => `${left} = ${right}`)
      const all = [...on, ...(node.residual === null ? [] : [expressionText(node.residual)])]
      return `${node.type} join${all.length === 0 ? '' : ` on ${all.join(' and ')}`}${node.algorithm === null ? '' : ALGORITHMS[node.algorithm]}${node.filtered ? `, ${node.filtered} side filtered by the keys of the other` : ''}`
    }
    case 'sort':
      return `sort by ${keysText(node.keys)}`
    case 'limit':
      return `limit ${formatCount(node.count)}`
    case 'union':
      return 'union'
  }
}

function valueText({ column, fn, args }: GroupValue): string {
  return `${fn}(${args.map(expressionText).join(', ')}) as ${column.name}`
}

function windowText({ column, fn, args, frame }: WindowValue): string {
  const of = frame === null ? '' : ` of ${frameText(frame, expressionText)}`
  return `${fn}(${args.map(expressionText).join(', ')})${of} as ${column.name}`
}

function keysText(keys: readonly SortKey[]): string {
  return keys
    .map(({ column, descending, nullsFirst }) => {
      const nulls = nullsFirst === descending ? ` nulls ${nullsFirst ? 'first' : 'last'}` : ''
      return `${column}${descending ? ' descending' : ''}${nulls}`
    })
    .join(', ')
}
