/** Lines that match a pattern. They are written unchanged, even bytes that are not UTF-8. */
import { kernels } from '../../../kernels/addon.js'
import type { OperatorOf } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import type { ByteIntake, LineIntake } from '../intake.js'
import {
  byteOf,
  inPortions,
  lineLimit,
  lineQuarantine,
  quarantineRecord,
  type SplitReader,
} from '../source/split_reader.js'
import { RegexpFilter } from './regexp_filter.js'

export function grep(operator: OperatorOf<'grep'>, next: LineIntake, env: TaskEnvironment): ByteIntake {
  const filters: Filter[] = []
  const openFilter = operator.literal ? literalFilter(operator, next, env) : regexpFilter(operator, next, env)
  return {
    async open(file, start) {
      const { filter, reader } = openFilter(file, start)
      filters.push(filter)
      return reader
    },
    end() {
      for (const { recordsIn, recordsOut } of filters) env.tally.recordsFiltered += recordsIn - recordsOut
      env.tally.recordsFiltered -= env.quarantine?.count ?? 0
      next.end()
    },
  }
}

type Filter = Readonly<{ recordsIn: number; recordsOut: number }>

type OpenFilter = (...split: Parameters<ByteIntake['open']>) => { filter: Filter; reader: SplitReader }

/** In native code, which searches for plain text. */
function literalFilter(operator: OperatorOf<'grep'>, next: LineIntake, env: TaskEnvironment): OpenFilter {
  const { invert, ignoreCase } = operator
  return (file, start) => {
    const filter = kernels.createLineFilter({
      literal: Buffer.from(operator.pattern),
      invert,
      ignoreCase,
      ...lineLimit(env),
    })
    let written = 0
    const push: SplitReader['push'] = (chunk, limit, last) => {
      const { output, done } = filter.push(chunk, limit, last)
      if (output.length > 0) next.writeLines(output, filter.recordsOut - written)
      written = filter.recordsOut
      for (const bad of env.quarantine ? filter.takeBad() : []) quarantineRecord(env, byteOf(file, start), bad)
      return done
    }
    const reader: SplitReader = {
      push: env.quarantine ? inPortions(push) : push,
      get position() {
        return filter.position
      },
      get recordsIn() {
        return filter.recordsIn
      },
      recordOffset: () => -1,
    }
    return { filter, reader }
  }
}

function regexpFilter(operator: OperatorOf<'grep'>, next: LineIntake, env: TaskEnvironment): OpenFilter {
  const pattern = new RegExp(operator.pattern, operator.ignoreCase ? 'ui' : 'u')
  const { quarantine } = env
  const { maxRecordBytes } = lineLimit(env)
  return (file, start) => {
    const options = {
      invert: operator.invert,
      atFileStart: start === 0,
      maxRecordBytes,
      write: (line: Uint8Array) => next.writeLines(line, 1),
    }
    const onTooLong = quarantine && lineQuarantine(quarantine, file, start)
    const filter = new RegexpFilter(pattern, onTooLong ? { ...options, onTooLong } : options)
    return { filter, reader: Object.assign(filter, { recordOffset: () => filter.position }) }
  }
}
