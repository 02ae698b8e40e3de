/** Schemas of files, as text to paste into a program. */

import { RunjobError } from '../base/errors.js'
import { folderColumns } from '../dataset/folder_columns.js'
import { columnsOfFile } from '../io/format/file_columns.js'
import { inferColumns } from '../io/format/infer/columns.js'
import { folderValues } from '../io/input/folders.js'
import type { InputFile } from '../io/input/input_file.js'
import { type FoundFile, inspectFile, isPiped } from '../io/input/inputs.js'
import { isOfText, textRules } from '../io/input/text_form.js'
import type { Format } from '../plan/plan.js'
import type { Column, Type } from '../plan/type.js'
import { kindOfFiles, kindOfName } from './kind.js'
import { filesOf, frameOfKind } from './query.js'
import { withoutColumns } from './source_reader.js'

/**
 * The format of a file and its columns, as TypeScript: of Parquet and Avro what the file says, of text what its first part looks like. Of a folder,
 * those of its first file that is not empty, with a comment that names it, and those that folders in it give.
 *
 * @throws INPUT_NOT_FOUND, OPTION_INVALID; and what reading throws
 */
export async function schemaText(path: string, cwd: string): Promise<string> {
  const found = filesOf(path, cwd)
  const kind = kindOfName(path) ?? kindOfFiles(path, found)
  if (kind === 'text') return 'text()\n'
  const { query } = frameOfKind(kind, path)
  if (query.kind !== 'read') throw new RunjobError('INTERNAL', { detail: query.kind })
  const { format } = query
  const files = found.flatMap((file) => (isPiped(file) ? [] : [file]))
  const file = firstFile(files, format, path)
  if (file.sizeBytes === 0) throw withoutColumns(file.path, format, 'is empty')
  const own = await (isOfText(format)
    ? inferColumns(file, format, { guessTypes: true })
    : columnsOfFile(format.kind, file))
  if (own.length === 0) throw withoutColumns(file.path, format, 'has no row with a column')
  const ofFolders = foldersBelow(files)
  const columns = [...own.filter(({ name }) => !ofFolders.some((column) => column.name === name)), ...ofFolders]
  const options = kind === 'tsv' ? "delimiter: '\\t', " : ''
  const maker = kind === 'tsv' ? 'csv' : kind
  const others = files.length > 1 ? `// ${file.path}, one of ${files.length} files\n` : ''
  return `${others}${maker}({ ${options}schema: ${fieldsText(columns, '')} })\n`
}

function foldersBelow(files: readonly FoundFile[]): Column[] {
  const values = files.map(({ path, base }) => ({ path, values: folderValues(base, path) }))
  return folderColumns(values, null, true)?.columns ?? []
}

/** The first one that is not empty, or else the first. */
function firstFile(files: readonly FoundFile[], format: Format, path: string): InputFile {
  let first: InputFile | undefined
  for (const { path } of files) {
    const file = inspectFile(path, textRules(format))
    if (isPiped(file)) continue
    first ??= file
    if (file.sizeBytes > 0) return file
  }
  if (first) return first
  throw new RunjobError('INPUT_EMPTY', { path })
}

function fieldsText(columns: readonly Column[], indent: string): string {
  const inner = `${indent}  `
  const lines = columns.map(({ name, type, nullable }) => {
    const text = typeCall(type, inner)
    return `${inner}${propertyText(name)}: ${nullable ? `nullable(${text})` : text},\n`
  })
  return `{\n${lines.join('')}${indent}}`
}

function propertyText(name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : JSON.stringify(name)
}

function typeCall(type: Type, indent: string): string {
  if (typeof type === 'string') return `${SIMPLE[type] ?? type}()`
  switch (type.type) {
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`
    case 'array': {
      const element = typeCall(type.element, indent)
      return `list(${type.containsNull ? `nullable(${element})` : element})`
    }
    case 'struct':
      return `struct(${fieldsText(type.fields, indent)})`
  }
}

const SIMPLE: Record<string, string> = { integer: 'int', timestamp_ntz: 'timestampNtz' }
