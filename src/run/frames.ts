/** Plans data frames: opens what they read, and lowers them to stages. */
import { RunjobError } from '../base/errors.js'
import type { CollectionSink, RowsInput } from '../collection/lower.js'
import { type Query as Elements, type Ending, framesIn, type RowsQuery } from '../collection/query.js'
import { analyze, type ReadColumns } from '../dataset/analyze.js'
import { estimatesOf } from '../dataset/estimate.js'
import { DataFrame } from '../dataset/frame.js'
import { inputsOfNode, type Logical, type ReadNode } from '../dataset/logical.js'
import { FrameLowering, type FrameOutput } from '../dataset/lower.js'
import { arrange, pushDown } from '../dataset/optimize.js'
import { partitioned } from '../dataset/partitions.js'
import { withPivotValues } from '../dataset/pivot_values.js'
import { framesBelow, functionsOf, hasJoin, type Query, type ReadQuery, readsOf } from '../dataset/query.js'
import type { Size, Sizes } from '../dataset/rules/cardinality.js'
import { pruneFolders } from '../dataset/rules/prune_folders.js'
import { type Source, sourcesOf } from '../dataset/sources.js'
import { asksForTime } from '../dataset/time.js'
import type { InputFile } from '../io/input/input_file.js'
import { isPiped } from '../io/input/inputs.js'
import { checkEncoding } from '../io/input/text_form.js'
import type { UserFunction } from '../plan/made.js'
import type { StageEstimates } from '../plan/outline.js'
import type { Input, Plan, Stage } from '../plan/plan.js'
import { runner } from '../plan/runner.js'
import { type Column, marksOf } from '../plan/type.js'
import { JobState } from '../state/state.js'
import { runInputs, SourceFiles } from './inputs.js'
import type { Settings } from './options.js'
import type { FolderCount, Prepared, RunInputs } from './prepared.js'
import { sizeOf } from './sizes.js'
import { encoded, encodedRules, SourceReader } from './source_reader.js'
import type { Copies } from './stdin.js'

/** What the rows of a data frame become. */
export interface PlannedFrame {
  /** Of the output. */
  name: string
  query: Query
  /** The columns whose values name folders. */
  by: readonly string[]
  sink: (columns: readonly Column[]) => FrameOutput['sink']
}

/** What the elements of a collection become. */
export interface PlannedCollection {
  query: Elements
  ending: Ending
  sink: CollectionSink
}

interface PlannedFrames {
  stages: Stage[]
  /** The user's functions that the stages may call. */
  made: UserFunction[]
  /** If expressions ask for the time. */
  now: Pick<Plan, 'now'>
  logical: NonNullable<Prepared['logical']>
  /** Of all these stages. */
  estimates: () => Promise<StageEstimates[]>
  /** Queries that were answered before, for people. */
  first: string[]
  inputs: RunInputs
  /** What their sources found. */
  files: SourceFiles[]
}

/** All of them together: what they share is computed once. */
export async function planFrames(
  outputs: readonly PlannedFrame[] | PlannedCollection,
  settings: Settings,
  copies: Copies,
): Promise<PlannedFrames> {
  const { encoding } = settings
  if (encoding !== null) checkEncoding(encoding, 'encoding')
  const frames: readonly PlannedFrame[] = 'ending' in outputs ? [] : outputs
  const own = 'ending' in outputs ? (framesIn(outputs.query) as Query[]) : frames.map(({ query }) => query)
  const given = [...own, ...new Set(own.flatMap(framesBelow).filter((query) => !own.includes(query)))]
  const reads = readersOf(sourcesOf(given), settings, copies)
  const readerOf = (read: ReadQuery) => reads.find(({ source }) => source.reads.includes(read))!
  const first: string[] = []
  const find = async (values: Query, pivot: string) => {
    if ([...readsOf(values)].some((read) => readerOf(read).files.found.some(isPiped))) throw readsTwice(pivot)
    const rows = await (await runner()).collect(new DataFrame(values) as never, settings.before)
    first.push(`${pivot} has ${rows.length === 1 ? 'one value' : `${rows.length} values`}`)
    return rows
  }
  const queries: Query[] = []
  for (const query of given) queries.push(await withPivotValues(query, find))
  const columns = new Map<ReadQuery, ReadColumns>()
  for (const reader of reads) {
    for (const read of reader.source.reads) columns.set(read, await reader.columnsOf(read))
  }
  const asked = queries.map((query, i) => {
    const plan = analyze(query, columns)
    const { by } = frames[i] ?? { by: [] }
    return by.length === 0 ? plan : partitioned(plan, by, settings.emptyAsNull)
  })
  const now = asked.some(asksForTime) ? timeOf(settings) : null
  const pushed = asked.map((plan) =>
    pruneFolders(
      pushDown(plan, now ?? 0n, settings.badLimit !== null),
      (read) => readerOf(read).folders,
      (read, kept) => readerOf(read).nameOf(kept),
    ),
  )
  for (const { source, files } of pushed.flatMap(readsIn)) readerOf(source).use(files)
  for (const reader of reads) await reader.check()
  // Only joins ask for them.
  const sizes = await sizesOf(queries.some(hasJoin) ? reads : [])
  const { joins } = settings.tuning
  const logical = queries.map((_, i) => {
    const output = frames[i]?.name ?? `rows ${i + 1 - frames.length}`
    return {
      output,
      asked: asked[i]!,
      optimized: arrange(pushed[i]!, { sizes, joins, skipsBad: settings.badLimit !== null }),
    }
  })
  const stages: Stage[] = []
  const sources = reads.map(({ source }) => source)
  const lowering = new FrameLowering(
    stages,
    sources,
    ({ collection, encoded }) => elements!.elements(collection, encoded),
    logical.map(({ optimized }) => optimized),
    sizes,
  )
  // Loaded only for collections.
  const { CollectionLowering } = queries.length > frames.length ? await import('../collection/lower.js') : {}
  const elements =
    CollectionLowering &&
    new CollectionLowering(stages, (read) => {
      const { asked, optimized } = logical[given.indexOf(read.frame as Query)]!
      return rowsInputs(read, lowering.inputs(optimized), asked.columns)
    })
  if ('ending' in outputs) elements!.output(outputs.query, outputs.ending, outputs.sink)
  for (const [i, { sink }] of frames.entries()) {
    const { optimized } = logical[i]!
    lowering.output({ plan: optimized, sink: sink(optimized.columns) })
  }
  return {
    stages: stages.map((stage) => encodedStage(stage, encoding)),
    made: queries.flatMap(functionsOf),
    now: now === null ? {} : { now: String(now) },
    logical,
    estimates: async () => {
      if (sizes.size > 0) return estimatesOf(lowering, sizes)
      // Rows of text would have to be counted. A damaged file ends the run only if the run reads it.
      const counting = sizesOf(reads.filter(({ source }) => source.format.kind === 'parquet'))
      return estimatesOf(lowering, await counting.catch(() => new Map()))
    },
    first,
    inputs: await inputsOf(reads),
    files: reads.map((reader) => reader.files),
  }
}

async function sizesOf(readers: readonly SourceReader[]): Promise<Sizes> {
  const sizes = new Map<ReadQuery, Size>()
  for (const reader of readers) {
    const size = await sizeOf(reader.source.format, await reader.open())
    for (const read of reader.source.reads) sizes.set(read, size)
  }
  return sizes
}

/** What is there only once: the query that finds the values of a pivot would take it all. */
function readsTwice(pivot: string): RunjobError {
  return new RunjobError('DATASET_INVALID', {
    problem: `${pivot} without values reads its input twice, and standard input and pipes can be read only once`,
    hint: "Name the values that become columns, pivot('quarter', ['Q1', 'Q2']), or put the input into a file.",
  })
}

/** How the rows of a data frame come into the plan: as they would come into an output. */
function rowsInputs({ as }: RowsQuery, inputs: readonly Input[], columns: readonly Column[]): RowsInput[] {
  // Lines of text need no columns.
  if (as === 'lines') return inputs.map((input) => ({ input: { ...input, operators: [] }, rows: undefined }))
  const rows = { columns: [...columns], exact: marksOf(columns), as }
  return inputs.map((input) => ({ input, rows }))
}

/** What is read in the same way, but with other schemas, is found and opened once. */
function readersOf(sources: readonly Source[], settings: Settings, copies: Copies): SourceReader[] {
  const listed = new Map<string, SourceFiles>()
  return sources.map((source) => {
    const { paths } = source
    const rules = encodedRules(source.format, settings)
    const key = JSON.stringify([paths, rules])
    const files = listed.get(key) ?? new SourceFiles({ paths, rules }, settings, copies)
    listed.set(key, files)
    return new SourceReader(source, files, settings)
  })
}

async function inputsOf(reads: readonly SourceReader[]): Promise<RunInputs> {
  const named = new Map<string, InputFile[]>()
  for (const reader of reads) for (const [name, files] of await reader.inputs()) named.set(name, files)
  const listed = [...new Set(reads.map(({ files }) => files))]
  const counts = listed.flatMap((own) => SourceReader.folderCount(reads.filter(({ files }) => files === own)) ?? [])
  const sum = (of: keyof FolderCount) => counts.reduce((total, count) => total + count[of], 0)
  const folders = counts.length === 0 ? null : { read: sum('read'), found: sum('found') }
  return {
    ...runInputs(named, listed),
    folders,
  }
}

/** The time at which this run began, or the one that it continues. */
function timeOf({ folder, fresh }: Settings): bigint {
  const begun = fresh ? null : JobState.peek(folder.path)?.identity()?.plan.now
  return begun ? BigInt(begun) : BigInt(Date.now()) * 1000n
}

function readsIn(node: Logical): ReadNode[] {
  return node.kind === 'read' ? [node] : inputsOfNode(node).flatMap(readsIn)
}

function encodedStage(stage: Stage, encoding: string | null): Stage {
  const convert = (input: Input): Input =>
    input.kind === 'files' ? { ...input, format: encoded(input.format, encoding) } : input
  return encoding === null ? stage : { ...stage, inputs: stage.inputs.map(convert) }
}
