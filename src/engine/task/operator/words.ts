/** The words of each line, as keys. */
import { ensureLowercaseTable } from '../../../kernels/unicode.js'
import type { OperatorOf } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import type { BatchIntake, ByteIntake } from '../intake.js'
import { lineLimit } from '../source/split_reader.js'
import { nativeMapper } from './native_mapper.js'

export function words({ lowercase }: OperatorOf<'words'>, next: BatchIntake, env: TaskEnvironment): ByteIntake {
  const spec = { op: 'words' as const, lowercase, ...lineLimit(env) }
  return nativeMapper(next, env, {
    spec: async () => spec,
    beforeText(isAscii) {
      if (lowercase && !isAscii) ensureLowercaseTable()
    },
  })
}
