/** Each line, as a key. */
import type { TaskEnvironment } from '../environment.js'
import type { BatchIntake, ByteIntake } from '../intake.js'
import { lineLimit } from '../source/split_reader.js'
import { nativeMapper } from './native_mapper.js'

export function lines(next: BatchIntake, env: TaskEnvironment): ByteIntake {
  const spec = { op: 'lines' as const, ...lineLimit(env) }
  return nativeMapper(next, env, { spec: async () => spec })
}
