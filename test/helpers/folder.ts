import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/** A folder for one test, removed when the test ends. */
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

/** All files below a folder: relative path -> bytes, as text in which each character is one byte. */
export function snapshot(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files[path.slice(folder.length + 1)] = readFileSync(path, 'latin1')
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Bytes of an output's parts, decompressed, one after another in the order of their names. */
export function partsOf(output: string): Buffer[] {
  return readdirSync(output)
    .filter((name) => name.startsWith('part-'))
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(output, name))
      return name.endsWith('.gz') ? gunzipSync(bytes) : bytes
    })
}

export function textOf(output: string): string {
  return Buffer.concat(partsOf(output)).toString('utf8')
}

/** Lines of all parts, without their newlines. */
export function linesOf(output: string): string[] {
  return textOf(output).split('\n').slice(0, -1)
}
