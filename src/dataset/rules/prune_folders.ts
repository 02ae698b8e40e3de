/** Files whose folders say that no row passes the filter after the read are not opened. */
import { kernels } from '../../kernels/addon.js'
import { constantsProgram, pipelineProgram } from '../../kernels/pipeline_program.js'
import { encodeRows } from '../../kernels/row_writer.js'
import type { Expression } from '../../plan/expression.js'
import type { Column } from '../../plan/type.js'
import type { FolderColumns, FolderLiterals } from '../folder_columns.js'
import { inputsOfNode, type Logical, type ReadNode, withInputs } from '../logical.js'
import type { ReadQuery } from '../query.js'
import { allOf, columnsIn, conjuncts } from '../tree.js'
import { cannotFail } from './failing.js'

/**
 * @param foldersOf what folders give to the files of a read
 * @param nameFor the name of the plan's input for some files of a read, by their indexes
 */
export function pruneFolders(
  node: Logical,
  foldersOf: (read: ReadQuery) => FolderColumns | null,
  nameFor: (read: ReadQuery, kept: readonly number[]) => string,
): Logical {
  if (node.kind === 'filter' && !node.leftOut && node.input.kind === 'read') {
    const folders = foldersOf(node.input.source)
    const where = folders && conditionOn(node.input, node.where)
    if (!where) return node
    const passes = passing(where, folders.columns, folders.values)
    const kept = [...folders.values.keys()].filter((i) => passes[i])
    if (kept.length === folders.values.length) return node
    return withInputs(node, [{ ...node.input, files: nameFor(node.input.source, kept) }])
  }
  return withInputs(
    node,
    inputsOfNode(node).map((input) => pruneFolders(input, foldersOf, nameFor)),
  )
}

/** The conjuncts that ask only about folders. Those after one that may fail must not hide that it does. */
function conditionOn({ folders }: ReadNode, where: Expression): Expression | null {
  const all = conjuncts(where)
  const failing = all.findIndex((one) => !cannotFail(one))
  const asked = failing < 0 ? all : all.slice(0, failing)
  return allOf(asked.filter((one) => [...columnsIn(one)].every((name) => folders.includes(name))))
}

/** No folder gives a column without a name. */
const SOURCE: readonly Column[] = [{ name: '', type: 'boolean', nullable: true }]

/** Which of these rows pass. */
function passing(where: Expression, columns: readonly Column[], rows: readonly FolderLiterals[]): boolean[] {
  const program = pipelineProgram({
    source: { kind: 'batches', columns: SOURCE },
    operators: [
      { op: 'constants', columns },
      { op: 'filter', where },
    ],
    end: { kind: 'rows' },
  })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 0 })
  const row = encodeRows([{}], SOURCE)
  const known = new Map<string, boolean>()
  const passes = rows.map((values) => {
    const literals = columns.map(({ name }) => values[name]!)
    const key = JSON.stringify(literals.map(({ value }) => value))
    const before = pipeline.rowsOut
    if (!known.has(key)) {
      pipeline.setConstants(constantsProgram(literals))
      pipeline.addRows(row)
      known.set(key, pipeline.rowsOut > before)
    }
    return known.get(key)!
  })
  pipeline.close()
  return passes
}
