/** The ready-made jobs, and what they ask of data frames where a job's operators do not do. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { require } from '../base/packages.js'
import type { AnyFrame } from '../dataset/frame.js'
import type { AnyJob } from '../job/define.js'
import type { ParamValue } from '../plan/plan.js'
import type { FrameSchema } from '../plan/typed.js'

export const JOBS_DIR = fileURLToPath(new URL('../../jobs/', import.meta.url))

/** What the names of files say; `several` is refused where tables are needed. */
export type TableKind = 'csv' | 'jsonl' | 'parquet' | 'avro' | 'several'

/** An input of a ready-made job. */
export interface Table {
  kind: TableKind
  /** @param schema of CSV, whose columns are text without it */
  read(schema?: FrameSchema): AnyFrame
}

type Values = Readonly<Record<string, ParamValue>>

interface JobModule {
  default: AnyJob
  /** Whether a run is of data frames. Without it, none is. */
  isFramed?: (params: Values, kinds: readonly TableKind[]) => boolean
}

/** A file in `jobs/frames`, which is loaded only for such a run. */
export type FrameOf = (params: Values, tables: readonly Table[]) => AnyFrame

const modules = new WeakMap<AnyJob, JobModule & { file: string }>()

export function readyMadeNames(): string[] {
  return readdirSync(JOBS_DIR)
    .filter((name) => name.endsWith('.cjs'))
    .map((name) => basename(name, '.cjs').replaceAll('_', '-'))
    .sort()
}

export function readyMade(name: string): AnyJob {
  const file = `${name.replaceAll('-', '_')}.cjs`
  const module: JobModule = require(join(JOBS_DIR, file))
  modules.set(module.default, { ...module, file })
  return module.default
}

/** Whether runs of a job may be of data frames: what decides it, and the data frame. null: never. */
export function framesOf(job: AnyJob): { isFramed: NonNullable<JobModule['isFramed']>; frameOf: FrameOf } | null {
  const { isFramed, file } = modules.get(job) ?? {}
  if (isFramed === undefined || file === undefined) return null
  return { isFramed, frameOf: (...given) => require(join(JOBS_DIR, 'frames', file)).default(...given) }
}
