/** Folders and input files for the tests of io. */
import { statSync, writeFileSync } from 'node:fs'
import { compressionOf, type InputFile } from '../../dist/src/io/inputs.js'

export { temporaryFolder, writeFiles } from '../helpers/folder.js'

export function inputFile(path: string, content?: string | Uint8Array): InputFile {
  if (content !== undefined) writeFileSync(path, content)
  const { size, mtimeMs } = statSync(path)
  return { path, sizeBytes: size, mtimeMs, compression: compressionOf(path) }
}

/** An error of this code; use with toThrow. */
export function code(name: string): { code: string } {
  return { code: name }
}
