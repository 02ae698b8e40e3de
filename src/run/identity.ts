/** What a run must share with an earlier one to continue it. */
import { createHash } from 'node:crypto'
import { packageVersion } from '../base/packages.js'
import type { Plan } from '../plan/plan.js'
import type { RunIdentity } from '../state/state.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'

export function identityOf({ plan, code, files, inputs }: Prepared, { partitions }: Settings): RunIdentity {
  const manifest = Object.fromEntries([...inputs].map(([name, numbers]) => [name, numbers.map((n) => files[n]!)]))
  // The engine's Unicode version decides what a word is, and its lower case.
  const versions = { runjob: packageVersion(), Unicode: process.versions.unicode ?? null }
  const sources = code?.sources ?? {}
  return { plan, fingerprint: fingerprint(plan), versions, options: { partitions }, manifest, sources }
}

/** Tells runs apart. */
export function nameOfRun({ inPlace }: Prepared, identity: RunIdentity): string {
  return inPlace ?? sha256(JSON.stringify({ ...identity, sources: undefined }))
}

/** Covers the whole plan and the code of its functions, not where that code lies. */
function fingerprint({ module, ...plan }: Plan): string {
  return sha256(JSON.stringify({ ...plan, code: module?.hash ?? null }))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
