/** Folders and input files for the tests of io. */
import { statSync, writeFileSync } from 'node:fs'
import { compressionOfName } from '../../dist/src/io/input/content.js'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import type { TextRules } from '../../dist/src/io/input/text_form.js'

export { temporaryFolder, writeFiles } from '../helpers/folder.js'

/** The options of the plain text format. */
export const PLAIN: TextRules = { exact: false, encoding: null, array: false, csv: null }

export function inputFile(path: string, content?: string | Uint8Array): InputFile {
  if (content !== undefined) writeFileSync(path, content)
  const { size, mtimeMs } = statSync(path)
  return { path, sizeBytes: size, mtimeMs, compression: compressionOfName(path) }
}

/** An error of this code; use with toThrow. */
export function code(name: string): { code: string } {
  return { code: name }
}
