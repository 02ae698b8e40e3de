/** Finds jobs: the ready-made ones by name, a user's by the path of its module. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RunjobError, userError } from '../base/errors.js'
import { didYouMean } from '../base/suggest.js'
import type { AnyJob } from './define.js'

/** A job's code as workers import it: a module that is there already, or the text of a bundle. */
export interface JobCode {
  module: { path: string } | { text: string }
  /** Of the code itself: a changed job is another job. */
  hash: string
}

/** Code that was read when its job was loaded. */
const loaded = new WeakMap<AnyJob, JobCode>()

const JOBS_DIR = fileURLToPath(new URL('../../jobs/', import.meta.url))
const PACKAGE_ENTRY = new URL('../index.js', import.meta.url).href
const MODULE_ENDING = /\.[cm]?[jt]sx?$/

function builtinJobNames(): string[] {
  return readdirSync(JOBS_DIR)
    .filter((name) => name.endsWith('.js'))
    .map((name) => basename(name, '.js').replaceAll('_', '-'))
    .sort()
}

export async function builtinJobs(): Promise<AnyJob[]> {
  return Promise.all(builtinJobNames().map(loadBuiltin))
}

/**
 * @param nameOrPath a ready-made job's name, or the path of a `.ts` or `.js` module whose default export is a job
 * @throws JOB_NOT_FOUND, JOB_LOAD_FAILED, JOB_INVALID
 */
export async function loadJob(nameOrPath: string, cwd: string): Promise<AnyJob> {
  const path = resolve(cwd, nameOrPath)
  const looksLikePath = MODULE_ENDING.test(nameOrPath) || nameOrPath.includes('/')
  if (looksLikePath) {
    if (!existsSync(path)) throw new RunjobError('JOB_NOT_FOUND', { name: nameOrPath, path })
    return loadModule(path)
  }
  const known = builtinJobNames()
  if (known.includes(nameOrPath)) return loadBuiltin(nameOrPath)
  throw new RunjobError('JOB_NOT_FOUND', { name: nameOrPath, known, suggestion: didYouMean(nameOrPath, known) ?? null })
}

async function loadBuiltin(name: string): Promise<AnyJob> {
  const path = join(JOBS_DIR, `${name.replaceAll('-', '_')}.js`)
  const module = (await import(pathToFileURL(path).href)) as { default: AnyJob }
  return module.default
}

async function loadModule(path: string): Promise<AnyJob> {
  const text = await bundle(path)
  const dir = mkdtempSync(join(tmpdir(), 'runjob-'))
  let module: { default?: AnyJob }
  try {
    const file = join(dir, 'job.mjs')
    writeFileSync(file, text)
    module = (await import(pathToFileURL(file).href)) as { default?: AnyJob }
  } catch (error) {
    throw userError(error, 'import', { file: path })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  const job = module.default
  if (!job || typeof job.functions !== 'function') {
    throw new RunjobError('JOB_LOAD_FAILED', { path, reason: 'its default export is not a job' })
  }
  loaded.set(job, { module: { text }, hash: contentHash(text) })
  return job
}

/**
 * The code that workers import to find a job's functions: ready-made jobs are there already, others are bundled.
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
  if (dirname(path) === dirname(join(JOBS_DIR, '_'))) return { module: { path }, hash: contentHash(readFileSync(path)) }
  const text = await bundle(path)
  return { module: { text }, hash: contentHash(text) }
}

/**
 * Bundles a job's module and what it imports by relative path. Packages stay outside: they are imported from where the module would find
 * them. Types are dropped, not checked.
 *
 * @throws JOB_LOAD_FAILED with the compiler's messages
 */
async function bundle(path: string): Promise<string> {
  const esbuild = await import('esbuild')
  try {
    const result = await esbuild.build({
      entryPoints: [path],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      sourcesContent: false,
      sourceRoot: `${pathToFileURL(dirname(path)).href}/`,
      outfile: join(dirname(path), 'job.mjs'),
      logLevel: 'silent',
      banner: {
        js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(pathToFileURL(path).href)});`,
      },
      define: { 'import.meta.url': JSON.stringify(pathToFileURL(path).href) },
      plugins: [
        {
          name: 'packages-stay-outside',
          setup(build) {
            build.onResolve({ filter: /^[^./]/ }, (args) => {
              if (args.kind === 'entry-point' || isBuiltin(args.path)) return undefined
              if (args.path === 'runjob') return { path: PACKAGE_ENTRY, external: true }
              try {
                const found = createRequire(join(args.resolveDir, 'x.js')).resolve(args.path)
                return { path: pathToFileURL(found).href, external: true }
              } catch {
                // A package for `import` alone: let Node find it, from the module's own place.
                return { path: args.path, external: true }
              }
            })
          },
        },
      ],
    })
    return result.outputFiles[0]!.text
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

function contentHash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
