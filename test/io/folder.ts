import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { compressionOf, type InputFile } from '../../dist/src/io/inputs.js'

/** A folder of its own for one test, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files by relative path. */
export function writeFiles(folder: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

export function inputFile(path: string, content?: string | Uint8Array): InputFile {
  if (content !== undefined) writeFileSync(path, content)
  const { size, mtimeMs } = statSync(path)
  return { path, sizeBytes: size, mtimeMs, compression: compressionOf(path) }
}

/** An error of this code; use with toThrow. */
export function code(name: string): { code: string } {
  return { code: name }
}
