/** How many rows the operators of a plan will give, as the optimizer sees it: for people who ask why it chose what it chose. */
import type { Estimate, StageEstimates } from '../plan/outline.js'
import { inputsOfNode, type Logical } from './logical.js'
import type { FrameLowering } from './lower.js'
import { expectedRows, mostOf, type Sizes } from './rules/cardinality.js'

export function estimatesOf(
  { stages, given }: Pick<FrameLowering, 'stages' | 'given'>,
  sizes: Sizes,
): StageEstimates[] {
  return stages.map(({ inputs }) =>
    inputs.map(({ operators }) =>
      operators.map((operator) => {
        const node = given.get(operator)
        return node === undefined ? null : estimateOf(node, sizes)
      }),
    ),
  )
}

function estimateOf(node: Logical, sizes: Sizes): Estimate | null {
  const kind = kindOf(node, sizes)
  const rows = kind === 'most' ? mostOf(node, sizes)?.rows : expectedRows(node, sizes)
  if (kind === null || rows === undefined || !Number.isFinite(rows)) return null
  // A guess of less than a row is one that few come.
  return { rows: kind === 'guess' ? Math.max(1, Math.round(rows)) : Math.ceil(rows), kind }
}

/** null: no one knows. */
function kindOf(node: Logical, sizes: Sizes): Estimate['kind'] | null {
  switch (node.kind) {
    case 'read': {
      const { counted } = sizes.get(node.source) ?? {}
      if (counted === undefined) return null
      // Sizes are those of all folders that any read of the source has left.
      return counted === 'exactly' && node.files === null ? 'exact' : 'guess'
    }
    case 'elements':
      return null
    case 'aggregate': {
      if (node.by.length === 0) return 'exact'
      const kind = kindOf(node.input, sizes)
      return kind === 'exact' ? 'most' : kind
    }
    case 'filter':
    case 'explode':
    case 'join': {
      const kinds = inputsOfNode(node).map((input) => kindOf(input, sizes))
      return kinds.includes(null) ? null : 'guess'
    }
    default: {
      const kinds = inputsOfNode(node).map((input) => kindOf(input, sizes))
      if (kinds.includes(null)) return null
      return kinds.includes('guess') ? 'guess' : kinds.includes('most') ? 'most' : 'exact'
    }
  }
}
