/** Shared by `words`, `lines` and `fields`: a native mapper that writes directly into a collector. */
import type { InputFile } from '../../../io/input/input_file.js'
import { Utf8Check } from '../../../io/input/utf8_check.js'
import { kernels } from '../../../kernels/addon.js'
import type { BadRecord, MapperSpec, TextScan } from '../../../kernels/kernels.js'
import type { TaskEnvironment } from '../environment.js'
import type { BatchIntake, ByteIntake } from '../intake.js'
import { byteOf, inPortions, type PlaceOf, quarantineRecord, type SplitReader } from '../source/split_reader.js'

interface NativeMapperOptions {
  spec(file: InputFile, start: number): Promise<MapperSpec>
  /** Of a mapper that decodes its input: bytes that are not UTF-8 become U+FFFD. Called before each chunk. */
  beforeText?(isAscii: boolean): void
}

export function nativeMapper(
  next: BatchIntake,
  env: TaskEnvironment,
  { spec, beforeText }: NativeMapperOptions,
): ByteIntake {
  return {
    async open(file, start) {
      const mapper = kernels.createMapper(await spec(file, start), next.collector)
      const check = beforeText ? new Utf8Check() : null
      let given = 0
      return mapperReader(mapper, file, start, env, {
        invalidAt: () => check?.invalidAt ?? -1,
        before(chunk, last) {
          if (check) beforeText?.(check.see(chunk, last))
        },
        takeBad: () => mapper.takeBad(),
        after() {
          next.spillIfFull()
          env.tally.recordsOut += mapper.recordsOut - given
          given = mapper.recordsOut
        },
      })
    },
    end: () => next.end(),
  }
}

interface MapperHooks {
  before?(chunk: Uint8Array, last: boolean): void
  /** Something was pushed. */
  after(): void
  /** Absent: what comes after the mapper takes them. */
  takeBad?(): BadRecord[]
  invalidAt?(): number
  /** As SplitReader.placeOf. */
  placeOf?: PlaceOf
}

/** Reads a split by a native mapper. */
export function mapperReader(
  mapper: TextScan,
  file: InputFile,
  start: number,
  env: TaskEnvironment,
  { before, after, takeBad, invalidAt, placeOf = byteOf(file, start) }: MapperHooks,
): SplitReader {
  const push: SplitReader['push'] = (chunk, limit, last) => {
    before?.(chunk, last)
    const done = mapper.push(chunk, limit, last)
    after()
    if (env.quarantine) for (const bad of takeBad?.() ?? []) quarantineRecord(env, placeOf, bad)
    return done
  }
  return {
    push: env.quarantine ? inPortions(push) : push,
    get position() {
      return mapper.position
    },
    get recordsIn() {
      return mapper.recordsIn
    },
    get recordsDropped() {
      return mapper.recordsDropped
    },
    get invalidAt() {
      return invalidAt?.() ?? -1
    },
    recordOffset: () => -1,
    placeOf,
  }
}
