/** Finds jobs and datasets: ready-made jobs by name, a user's by the path of its module. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ImportKind, OnResolveResult, Plugin, StdinOptions } from 'esbuild'
import { RunjobError, userError } from '../base/errors.js'
import { temporaryFolder } from '../base/files.js'
import { importModule, require } from '../base/packages.js'
import { describe, safely } from '../base/schema.js'
import { didYouMean } from '../base/suggest.js'
import { type AnyDataset, isDataset } from '../dataset/dataset.js'
import type { AnyBody } from '../job/body.js'
import { type AnyJob, isJob } from '../job/define.js'
import type { StateFolder } from '../state/folder.js'
import { type Bundle, KeptBundle } from './kept_bundle.js'
import { JOBS_DIR, readyMade, readyMadeNames } from './ready_made.js'

export type Runnable = AnyJob | AnyDataset

/** A job's code as workers import it: an existing module, or the text of a bundle. */
export interface JobCode {
  module: { path: string } | { text: string }
  /** Hash of the code: a changed job is another job. */
  hash: string
  /** Hashes of its files, by path from the job's module. */
  sources: Record<string, string>
}

/** Code that was read when its job was loaded, by place. */
const loaded = new WeakMap<AnyJob, JobCode & { path: string }>()

/** Bundles that this thread has imported, by their URL then. */
const imported = new Map<string, JobCode>()

const MODULE_ENDING = /\.[cm]?[jt]sx?$/

export function builtinJobs(): AnyJob[] {
  return readyMadeNames().map(readyMade)
}

/**
 * @param nameOrPath a ready-made job's name, or the path of a `.ts` or `.js` module whose default export is a job or a dataset
 * @throws JOB_NOT_FOUND, JOB_LOAD_FAILED, JOB_INVALID, DATASET_INVALID
 */
export async function loadRunnable(nameOrPath: string, cwd: string): Promise<Runnable> {
  const path = resolve(cwd, nameOrPath)
  const looksLikePath = MODULE_ENDING.test(nameOrPath) || nameOrPath.includes('/')
  if (looksLikePath) {
    if (!existsSync(path)) {
      throw new RunjobError('JOB_NOT_FOUND', { name: nameOrPath, path, suggestion: similarModule(nameOrPath, path) })
    }
    return loadModule(realpathSync(path))
  }
  const known = readyMadeNames()
  if (known.includes(nameOrPath)) return readyMade(nameOrPath)
  throw new RunjobError('JOB_NOT_FOUND', { name: nameOrPath, known, suggestion: didYouMean(nameOrPath, known) ?? null })
}

/** The module of the same folder that has this name and an ending, or else the closest name. */
function similarModule(nameOrPath: string, path: string): string | null {
  const names = safely(() => readdirSync(dirname(path)), []).filter((name) => MODULE_ENDING.test(name))
  const given = basename(path)
  const name = names.find((one) => one.replace(MODULE_ENDING, '') === given) ?? didYouMean(given, names)
  return name === undefined ? null : join(dirname(nameOrPath), name)
}

async function loadModule(path: string): Promise<Runnable> {
  const code = await bundle([path])
  const dir = temporaryFolder('runjob-')
  let module: { default?: unknown }
  try {
    const file = join(dir, 'job.mjs')
    writeFileSync(file, code.module.text)
    imported.set(pathToFileURL(file).href, code)
    module = (await importModule(pathToFileURL(file).href)) as { default?: unknown }
  } catch (error) {
    throw userError(error, 'import', { file: path })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  // Of CommonJS: `module.exports = job`, or `exports.default = job`, as compilers write `export default`.
  const exported = [module.default, (module.default as { default?: unknown } | undefined)?.default]
  const dataset = exported.find(isDataset)
  if (dataset) return dataset
  const job = exported.find(isJob)
  if (!job) {
    const found = `its default export is ${describe(module.default)}, not a job or a dataset`
    const reason = 'default' in module ? found : 'it has no default export'
    const help = 'A module exports defineJob({ … }) or defineDataset({ … }) as its default.'
    throw new RunjobError('JOB_LOAD_FAILED', { path, reason, help })
  }
  loaded.set(job, { ...code, path })
  return job
}

/**
 * The code that workers import to find a job's functions: the module of a ready-made job, a bundle for others.
 *
 * @throws JOB_INVALID if the job was not defined in a file; JOB_LOAD_FAILED
 */
export async function codeOf(job: AnyJob): Promise<JobCode> {
  const known = loaded.get(job)
  if (known) return known
  if (job.definedIn === null) {
    throw new RunjobError('JOB_INVALID', {
      job: job.name,
      problem: 'its functions are not in a module that workers can import',
    })
  }
  const path = fileURLToPath(job.definedIn)
  if (dirname(path) === dirname(join(JOBS_DIR, '_')))
    return { module: { path }, hash: contentHash(readFileSync(path)), sources: {} }
  return bundle([path])
}

/** What workers import. */
export function moduleOf({ module, hash }: JobCode, folder: StateFolder): { path: string; hash: string } {
  return { path: 'path' in module ? module.path : folder.module, hash }
}

/** The bundle of that URL, which this thread has imported. */
export function importedCode(url: string): JobCode | undefined {
  return imported.get(url)
}

/** The code of modules that this thread has imported as they are: for all actions of a program as it was for the first. */
export function codeOfModules(urls: readonly string[]): Promise<JobCode> {
  const key = urls.join('\n')
  const code = bundled.get(key) ?? bundle([...new Set(urls.map((url) => fileURLToPath(url)))])
  bundled.set(key, code)
  return code
}

const bundled = new Map<string, Promise<JobCode>>()

/**
 * Paths of a job's side files by name: in the folder of its module or, if there is no such file, in the current folder.
 *
 * @throws INPUT_NOT_FOUND
 */
export function sideFilePaths(job: AnyJob, body: AnyBody, cwd: string): Record<string, string> {
  const own = loaded.get(job)?.path ?? (job.definedIn === null ? null : fileURLToPath(job.definedIn))
  const folders = own === null ? [cwd] : [dirname(own), cwd]
  return Object.fromEntries(
    Object.entries(body.files ?? {}).map(([name, file]) => {
      const path = folders.map((folder) => resolve(folder, file)).find(existsSync)
      if (path === undefined) throw new RunjobError('INPUT_NOT_FOUND', { path: file, cwd, beside: folders[0] })
      return [name, path]
    }),
  )
}

/**
 * Bundles modules and everything that they import by relative path, by an alias (`paths` in tsconfig.json, `imports` in package.json),
 * or from a package whose files are outside node_modules, such as a workspace package. Installed packages stay outside: they are imported
 * from where the module would find them. Types are removed, not checked.
 *
 * @throws JOB_LOAD_FAILED with the compiler's messages
 */
async function bundle(paths: readonly string[]): Promise<Bundle> {
  const path = paths[0]!
  const kept = paths.length === 1 ? new KeptBundle(path, OWN_ENTRIES) : null
  const known = kept?.read()
  if (known) return known
  const esbuild = require('esbuild') as typeof import('esbuild')
  try {
    const result = await esbuild.build({
      ...(paths.length === 1 ? { entryPoints: [path] } : { stdin: importing(paths) }),
      // Paths in messages and comments start here: a bundle must not depend on where the command runs.
      absWorkingDir: dirname(path),
      bundle: true,
      metafile: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Node's fields: esbuild's default prefers `module`, which Node does not know.
      conditions: [],
      mainFields: ['main'],
      sourcemap: 'inline',
      sourcesContent: false,
      sourceRoot: `${pathToFileURL(dirname(path)).href}/`,
      outfile: join(dirname(path), 'job.mjs'),
      logLevel: 'silent',
      banner: {
        js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(pathToFileURL(path).href)});`,
      },
      // A variable of the module's own with such a name is left alone.
      define: {
        'import.meta.url': '__runjob_url',
        'import.meta.filename': '__runjob_filename',
        'import.meta.dirname': '__runjob_dirname',
        __filename: '__runjob_filename',
        __dirname: '__runjob_dirname',
      },
      plugins: [...(kept ? [kept.plugin] : []), packagesStayOutside, filesKnowTheirPlace],
    })
    const { text } = result.outputFiles[0]!
    const sources = Object.keys(result.metafile.inputs).filter((name) => existsSync(resolve(dirname(path), name)))
    const bundle = {
      module: { text },
      hash: contentHash(text),
      sources: Object.fromEntries(
        sources.map((name) => [name, contentHash(readFileSync(resolve(dirname(path), name)))]),
      ),
    }
    kept?.write(bundle, result.metafile)
    return bundle
  } catch (error) {
    const { errors } = error as {
      errors?: { text: string; location?: { file: string; line: number; column: number } | null }[]
    }
    const reason = errors
      ?.map(({ text: what, location }) =>
        location ? `${location.file}:${location.line}:${location.column + 1}: ${what}` : what,
      )
      .join('; ')
    throw new RunjobError('JOB_LOAD_FAILED', { path, reason: reason ?? (error as Error).message }, { cause: error })
  }
}

/** Installed packages stay outside, these too. */
function importing(paths: readonly string[]): StdinOptions {
  const names = paths.map((path) => (isInstalled(path) ? pathToFileURL(path).href : path))
  const contents = names.map((name) => `import ${JSON.stringify(name)}\n`).join('')
  return { contents, resolveDir: dirname(paths[0]!) }
}

/** The names by which a job imports the package: always the running one, whatever is installed beside the job. */
const OWN_ENTRIES: Record<string, string> = {
  runjob: new URL('../index.js', import.meta.url).href,
  'runjob/testing': new URL('../testing/index.js', import.meta.url).href,
}
const OWN = 'runjob-itself'
const RESOLVED = Symbol('resolved')

const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...args }) => {
      if (args.kind === 'entry-point' || pluginData === RESOLVED || isBuiltin(path)) return undefined
      if (/^(?:file|data):/.test(path)) return { path, external: true }
      // `require` gets the ES modules as well: a worker holds the package once.
      if (Object.hasOwn(OWN_ENTRIES, path)) {
        return isRequire(args.kind) ? { path, namespace: OWN } : { path: OWN_ENTRIES[path]!, external: true }
      }
      const found = await build.resolve(path, { ...args, pluginData: RESOLVED })
      if (found.errors.length > 0) return foundByNode(path, args.resolveDir, args.kind)
      if (found.external || !isAbsolute(found.path) || !isInstalled(found.path)) return found
      return outside(found.path, args.kind)
    })
    build.onLoad({ filter: /./, namespace: OWN }, ({ path }) => ({
      contents: `export * from ${JSON.stringify(OWN_ENTRIES[path])}`,
    }))
    // A native addon is loaded from its place.
    build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir, kind }) =>
      kind === 'require-call' ? { path: resolve(resolveDir, path), external: true } : undefined,
    )
  },
}

/** Modules that ask for their own place get it: otherwise they would get the bundle's. */
const filesKnowTheirPlace: Plugin = {
  name: 'files-know-their-place',
  setup(build) {
    build.onLoad({ filter: MODULE_ENDING, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (!/__(?:file|dir)name|import\s*\.\s*meta/.test(text)) return undefined
      const place = [pathToFileURL(path).href, path, dirname(path)].map((value) => JSON.stringify(value))
      const variables = `var __runjob_url = ${place[0]}, __runjob_filename = ${place[1]}, __runjob_dirname = ${place[2]};`
      const hashbang = /^#!.*/.exec(text)?.[0] ?? ''
      // On the first line, so that line numbers do not change.
      const contents = hashbang === '' ? variables + text : `${variables} //${text}`
      return { contents, loader: 'default' }
    })
  },
}

function isRequire(kind: ImportKind): boolean {
  return kind === 'require-call' || kind === 'require-resolve'
}

function isInstalled(path: string): boolean {
  return path.split(sep).includes('node_modules')
}

/** An ES module takes a URL, `require` a path. */
function outside(path: string, kind: ImportKind): OnResolveResult {
  return { path: isRequire(kind) ? path : pathToFileURL(path).href, external: true }
}

/** Imports that esbuild does not find. The job may handle their absence, if it imports them while it runs. */
function foundByNode(path: string, resolveDir: string, kind: ImportKind): OnResolveResult | undefined {
  try {
    return outside(createRequire(join(resolveDir, 'x.js')).resolve(path), kind)
  } catch {
    return kind === 'import-statement' ? undefined : { path, external: true }
  }
}

function contentHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
