/** Rows with the types of a schema, for a user's map: native code reads the columns, and rows are made over its blocks. */
import { Columns } from '../../../io/format/csv/columns.js'
import type { InputFile } from '../../../io/input/input_file.js'
import { isOfText } from '../../../io/input/text_form.js'
import { Utf8Check } from '../../../io/input/utf8_check.js'
import { kernels } from '../../../kernels/addon.js'
import { pipelineProgram } from '../../../kernels/pipeline_program.js'
import { type RecordBlock, readRecordBlocks } from '../../../kernels/row_block.js'
import { lateRows, type RowFactory, rowText, wholeRows } from '../../../kernels/row_objects.js'
import type { MapFunction } from '../../../plan/functions.js'
import type { Format } from '../../../plan/plan.js'
import type { Column } from '../../../plan/type.js'
import type { TaskEnvironment } from '../environment.js'
import { scanOpener } from '../operator/scan.js'
import type { RecordGuard } from '../record_guard.js'
import { rowPlaces } from './avro.js'
import type { FieldsRead } from './fields_only.js'
import { withColumns } from './rows.js'
import { byteOf, inPortions, quarantineRecord, type SplitReader } from './split_reader.js'

export interface TypedUses {
  call(record: unknown): void
  guard: RecordGuard | null
  /** Columns of which the map reads values. */
  used: readonly Column[]
  /** Of a block of these. */
  rowAt: RowFactory
}

export interface TypedReader {
  open(file: InputFile, start: number): Promise<SplitReader>
  close(): void
}

/** Every column is parsed, whatever the map reads: which records are bad depends on the schema alone. */
export function typedReader(
  columns: readonly Column[],
  format: Format,
  env: TaskEnvironment,
  { call, guard, used, rowAt }: TypedUses,
): TypedReader {
  // Records of other formats have no text of their own.
  const isText = isOfText(format)
  const program = pipelineProgram({
    source: { kind: 'batches', columns },
    operators: [],
    end: { kind: 'blocks', records: guard !== null && isText ? 'texts' : 'offsets', columns: used },
  })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: env.budget.collectorBytes })
  const opener = scanOpener({ columns: [...columns] }, format, pipeline, env)
  return {
    async open(file, start) {
      const scan = await opener(file, start)
      const placeOf = isText ? byteOf(file, start) : (await rowPlaces(file, start)).placeOf
      const check = isText ? new Utf8Check() : null
      /** Of the current row; -1: there is none. */
      let offset = -1
      const useAll = (block: RecordBlock): void => {
        for (let r = 0; r < block.rows; r++) {
          offset = block.offsets[r]!
          call(rowAt(block, r))
        }
      }
      const useGuarded = (blocks: readonly RecordBlock[], guard: RecordGuard): void => {
        const bad = pipeline.takeBad()
        let next = 0
        const quarantineUpTo = (end: number) => {
          for (; next < bad.length && bad[next]!.offset < end; next++) quarantineRecord(env, placeOf, bad[next]!)
        }
        for (const block of blocks) {
          for (let r = 0; r < block.rows; r++) {
            offset = block.offsets[r]!
            quarantineUpTo(offset)
            guard(
              () => call(rowAt(block, r)),
              () => (isText ? (block.texts!.value(r) as string) : rowText(used, block, r)),
            )
          }
        }
        quarantineUpTo(Number.POSITIVE_INFINITY)
      }
      const use = (): void => {
        const blocks = readRecordBlocks(pipeline.takeOutput(), used, guard !== null && isText)
        if (guard) useGuarded(blocks, guard)
        else for (const block of blocks) useAll(block)
        offset = -1
      }
      return {
        push: inPortions((chunk, limit, last) => {
          check?.see(chunk, last)
          let done: boolean
          try {
            done = scan.push(chunk, limit, last)
          } catch (error) {
            // The rows before come first, whatever is in one portion with them.
            use()
            throw error
          }
          use()
          return done
        }),
        get position() {
          return scan.position
        },
        get recordsIn() {
          return scan.recordsIn
        },
        get recordsDropped() {
          return scan.recordsDropped
        },
        get invalidAt() {
          return check?.invalidAt ?? -1
        },
        recordOffset: () => offset,
        placeOf,
      }
    },
    close: () => pipeline.close(),
  }
}

const factories = new WeakMap<MapFunction, Map<string, RowFactory>>()

/**
 * How rows are made for a map, whatever file they are of: in a thread it gets objects of one class.
 *
 * @param read all that the map reads of its row; null: it may use it as a whole
 */
export function rowsFor(
  map: MapFunction,
  columns: readonly Column[],
  read: FieldsRead | null,
): Pick<TypedUses, 'used' | 'rowAt'> {
  const used = read && !read.any ? columns.filter(({ name }) => read.names.has(name)) : columns
  const key = JSON.stringify([columns, read !== null])
  const known = factories.get(map) ?? new Map<string, RowFactory>()
  const rowAt = known.get(key) ?? makeFactory(used, columns, read)
  factories.set(map, known.set(key, rowAt))
  return { used, rowAt }
}

function makeFactory(used: readonly Column[], columns: readonly Column[], read: FieldsRead | null): RowFactory {
  const names = columns.map(({ name }) => name)
  // Without a file: an error gets the place of the record.
  const all = new Columns(names, null)
  return (read ? lateRows : wholeRows)(used, (Row) => withColumns(Row, all))
}
