/** Where an output is, and its state folder beside it. */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { RunjobError } from '../../base/errors.js'
import { fileError, hasErrno } from '../../base/files.js'

/** What a run does if its output exists. */
export const OUTPUT_MODES = ['error', 'overwrite', 'ignore', 'append', 'overwritePartitions'] as const
export type OutputMode = (typeof OUTPUT_MODES)[number]

/** Limit of common filesystems. */
const MAX_NAME_BYTES = 255

/**
 * Absolute path of an output; if the path is a symbolic link to a folder or a file, the path of that.
 *
 * @throws OUTPUT_UNWRITABLE if no such path can exist, for example below a file
 */
export function resolveOutput(output: string, cwd: string): string {
  const path = resolve(cwd, output)
  const spare = MAX_NAME_BYTES - Buffer.byteLength(basename(stateDirOf(path)))
  if (spare < 0) {
    const reason = `its name is ${-spare} bytes too long: the state folder's name is built from it`
    throw new RunjobError('OUTPUT_UNWRITABLE', { path, reason })
  }
  try {
    // A link may lead to a pipe without a path, like /dev/stdout.
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
    const target = isLink ? statSync(path, { throwIfNoEntry: false }) : undefined
    return target?.isFile() || target?.isDirectory() ? realpathSync(path) : path
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** The folder that holds the state of runs into this output. */
export function stateDirOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.runjob`)
}

/**
 * @param inputs absolute paths of the input files
 * @throws OUTPUT_UNSAFE if a run that writes there would destroy something else
 */
export function refuseUnsafe(output: string, inputs: readonly string[]): void {
  const real = realPathOf(output)
  for (const [folder, name] of [
    [homedir(), 'your home folder'],
    [process.cwd(), 'the current folder'],
  ] as const) {
    if (isInside(realPathOf(folder), real)) throw unsafe(output, `it is or contains ${name}`)
  }
  // An output that does not exist contains no input; the real paths of many files take a while.
  if (!existsSync(real)) return
  for (const input of inputs) {
    if (isInside(realPathOf(input), real)) throw unsafe(output, `it is or contains the input ${input}`)
  }
}

/** Tells whether a path is that of an output, or in it, by whatever links. */
export function withinOutput(output: string): (path: string) => boolean {
  const real = realPathOf(output)
  return (path) => isInside(realPathOf(path), real)
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

// For a path that does not exist: the real path of its deepest existing folder, and the rest unchanged.
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const above = dirname(path)
    if (above === path || !hasErrno(error, 'ENOENT', 'ENOTDIR')) return path
    return join(realPathOf(above), basename(path))
  }
}

export function unsafe(path: string, reason: string): RunjobError {
  return new RunjobError('OUTPUT_UNSAFE', { path, reason })
}
