/** Short names for people: of operators, and of what stages do. */
import type { Input, Operator, Stage } from './plan.js'
import { stageFilling } from './stages.js'

interface Stages {
  stages: Stage[]
}

/** Of an input's operators. */
export function operatorNames(plan: Stages, input: Input): string[] {
  return input.operators.map((operator) =>
    operator.op === 'rows' && input.kind === 'exchange'
      ? `rows of ${plan.stages[stageFilling(plan, input.exchange)]!.name}`
      : operatorName(operator),
  )
}

function operatorName(operator: Operator): string {
  switch (operator.op) {
    case 'join':
    case 'mergeJoin':
    case 'probe':
    case 'hashJoin':
      return `${operator.type} join`
    case 'keyFilter':
    case 'sideFilter':
      return 'filter by keys'
    default:
      return operator.op
  }
}

/** Not worth telling while it runs: they go with other operators. */
const SMALL: readonly Operator['op'][] = ['project', 'keyFilter', 'sideFilter']

/** What a stage does, such as `scan sales.csv, filter, group`. Stages of jobs have names that say it. */
export function stageText(plan: Stages, index: number): string {
  const { name, inputs, target } = plan.stages[index]!
  if (target.kind === 'exchange' ? !target.rows : !target.columns) return name
  const texts = inputs.map((input) => {
    const names = operatorNames(plan, input).filter((_, i) => !SMALL.includes(input.operators[i]!.op))
    if (input.kind === 'files') names[0] = `scan ${withoutFolders(input.files)}`
    return names.join(', ')
  })
  return [[...new Set(texts)].join(' and '), ...targetName(target)].join(', ')
}

function targetName(target: Stage['target']): string[] {
  if (target.kind === 'sink') return ['output']
  const { rows } = target
  switch (rows?.kind) {
    case 'groups':
      return ['group']
    case 'sides':
      return ['sort for a join']
    case 'rows':
      if (rows.keys.length > 0) return [rows.by ? 'sort for a window' : 'sort']
      return rows.by ? ['partition'] : []
    default:
      return []
  }
}

/** Of each of the paths. */
function withoutFolders(paths: string): string {
  return paths
    .split(', ')
    .map((path) => path.replace(/^.*\/(?=[^/])/, ''))
    .join(', ')
}
