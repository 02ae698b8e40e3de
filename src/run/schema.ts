/** Schemas of files, as text to paste into a program. */

import { RunjobError } from '../base/errors.js'
import { folderColumns } from '../dataset/folder_columns.js'
import { inferColumns } from '../io/format/infer/columns.js'
import { readParquetSchema } from '../io/format/parquet/schema.js'
import { folderValues } from '../io/input/folders.js'
import type { InputFile } from '../io/input/input_file.js'
import { expandInputs, findInputs, isPiped } from '../io/input/inputs.js'
import { textRules } from '../io/input/text_form.js'
import type { Column, Type } from '../plan/type.js'
import { frameOf, kindOf } from './query.js'

/**
 * The format of a file and its columns, as TypeScript: of a Parquet file what it says, of text what its first part looks like. Of a folder,
 * those of its first file, and those that folders in it give.
 *
 * @throws INPUT_NOT_FOUND, OPTION_INVALID; and what reading throws
 */
export async function schemaText(path: string, cwd: string): Promise<string> {
  const kind = kindOf(path, cwd)
  if (kind === 'text') return 'text()\n'
  const { query } = frameOf(path, cwd)
  if (query.kind !== 'read') throw new RunjobError('INTERNAL', { detail: query.kind })
  const { format } = query
  const found = expandInputs([path], cwd, textRules(format)).files
  const file = firstFile(
    found.flatMap((one) => (isPiped(one) ? [] : [one])),
    path,
  )
  const own = await (format.kind === 'parquet'
    ? readParquetSchema(file)
    : inferColumns(file, format, { guessTypes: true }))
  const ofFolders = foldersBelow(path, cwd)
  const columns = [...own.filter(({ name }) => !ofFolders.some((column) => column.name === name)), ...ofFolders]
  const options = kind === 'tsv' ? "delimiter: '\\t', " : ''
  const maker = kind === 'tsv' ? 'csv' : kind
  return `${maker}({ ${options}schema: ${fieldsText(columns, '')} })\n`
}

function foldersBelow(path: string, cwd: string): Column[] {
  const found = findInputs([path], cwd).files.flatMap((file) => (isPiped(file) ? [] : [file]))
  const values = found.map((file) => ({
    path: file.path,
    values: folderValues(file.base, file.path),
  }))
  return folderColumns(values, null, true)?.columns ?? []
}

function firstFile(files: readonly InputFile[], path: string): InputFile {
  const found = files.find((file) => file.sizeBytes > 0) ?? files[0]
  if (found) return found
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
