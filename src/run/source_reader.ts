/** What a data frame reads from one source: its files, their columns, and those that their folders give. */
import { RunjobError, toRunjobError } from '../base/errors.js'
import type { ReadColumns } from '../dataset/analyze.js'
import { type FolderColumns, folderColumns } from '../dataset/folder_columns.js'
import { freshName } from '../dataset/names.js'
import type { ReadQuery } from '../dataset/query.js'
import type { Source } from '../dataset/sources.js'
import { readAvroSchemas } from '../io/format/avro/columns.js'
import { checkDeclared } from '../io/format/declared.js'
import { inferColumns } from '../io/format/infer/columns.js'
import { guessJsonColumns } from '../io/format/infer/json.js'
import { readParquetSchemas } from '../io/format/parquet/schema.js'
import { type FileColumns, uniteColumns } from '../io/format/parquet/unite.js'
import { folderValues } from '../io/input/folders.js'
import { type InputFile, nameOf } from '../io/input/input_file.js'
import { isPiped } from '../io/input/inputs.js'
import { isOfText, type TextRules, textRules } from '../io/input/text_form.js'
import type { Format } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import type { SourceFiles } from './inputs.js'
import { type InputKind, kindOfName } from './kind.js'
import type { Settings } from './options.js'
import type { FolderCount } from './prepared.js'

/** `#2`: the second column. */
const NUMBERED = /^#[1-9]\d*$/

export class SourceReader {
  readonly source: Source
  readonly files: SourceFiles
  /** null: they give no column. */
  readonly folders: FolderColumns | null
  readonly #settings: Settings
  /** Indexes of files, by the name of the plan's input that has them. */
  readonly #some = new Map<string, readonly number[]>()
  readonly #used = new Set<string>()
  /** Files with what folders say to them, by index. */
  readonly #placed = new Map<number, InputFile>()

  /** @throws what folderValues and folderColumns throw */
  constructor(source: Source, files: SourceFiles, settings: Settings) {
    const { name, format, reads } = source
    const [{ schema, inferPartitionTypes }] = reads as [ReadQuery]
    this.#settings = settings
    this.files = files
    const found = this.files.found.map((file) =>
      isPiped(file) ? { path: file.pipe, values: [] } : { path: file.path, values: folderValues(file.base, file.path) },
    )
    refuseOtherKinds(format, name, this.files.found)
    this.folders = folderColumns(found, schema, inferPartitionTypes)
    this.source = { ...source, format: this.#named(format, schema) }
  }

  /** Files without a header row have the columns of the schema, in its order, but those that folders give. */
  #named(format: Format, schema: readonly Column[] | null): Format {
    if (format.kind !== 'csv' || format.header || format.columns !== null || schema === null) return format
    const columns = schema.filter((column) => !this.#isOfFolders(column)).map(({ name }) => name)
    return columns.some((name) => NUMBERED.test(name)) ? format : { ...format, columns }
  }

  #isOfFolders({ name }: Pick<Column, 'name'>): boolean {
    return this.folders?.columns.some((column) => column.name === name) ?? false
  }

  async columnsOf({ schema }: ReadQuery): Promise<ReadColumns> {
    const own = schema ?? (await this.#found())
    const columns = own.filter((column) => !this.#isOfFolders(column))
    if (columns.length === 0) {
      throw new RunjobError('DATASET_INVALID', {
        problem: `${this.source.name}: all columns are given by folders, and none by the files themselves`,
        hint: schema ? 'Declare a column of the files, too.' : 'Read other files.',
      })
    }
    if (schema === null && columns.length < own.length) {
      const both = own.filter((column) => this.#isOfFolders(column)).map(({ name }) => name)
      this.#settings.onNote(
        `${this.source.name}: folders say what ${both.join(', ')} is, so the files' own column of that name is not read`,
      )
    }
    return { columns, folders: this.folders?.columns ?? [] }
  }

  /**
   * The columns of what is read without a schema: those of all files. JSON lines show them in the first part of each.
   */
  async #found(): Promise<Column[]> {
    const { name, format: asSaid } = this.source
    const own = await this.#open(this.#all())
    const filled = own.filter((file) => file.sizeBytes > 0)
    const [first] = filled
    const format = encoded(asSaid, this.#settings.encoding)
    if (!first) throw withoutColumns(own[0] ? nameOf(own[0]) : name, format, 'is empty')
    const found = await this.#columnsIn(filled, format)
    if (found.length === 0) throw withoutColumns(nameOf(first), format, 'has no row with a column')
    return found
  }

  async #columnsIn(filled: readonly InputFile[], format: Format): Promise<Column[]> {
    const [first] = filled as [InputFile]
    try {
      if (format.kind === 'parquet') return await readParquetSchemas(filled)
      if (format.kind === 'avro') return await readAvroSchemas(filled)
      if (format.kind === 'jsonl') return await guessJsonColumns(filled)
      if (format.kind !== 'csv') return await inferColumns(first, format)
      const headers = filled.map(async (file) => ({ name: nameOf(file), columns: await inferColumns(file, format) }))
      const found = await Promise.all(headers)
      const united = uniteColumns(found)
      this.#tellOfLacking(united, found)
      return united
    } catch (error) {
      throw toRunjobError(error).withWhere({ file: nameOf(first) })
    }
  }

  /** A misspelt header would be a column of its own. */
  #tellOfLacking(columns: readonly Column[], files: readonly FileColumns[]): void {
    const namesOf = files.map((file) => new Set(file.columns.map(({ name }) => name)))
    const lacks = ({ name }: Column) => files.find((_, i) => !namesOf[i]!.has(name))
    const lacking = columns.flatMap((column) => {
      const file = lacks(column)
      return file ? [`${file.name} lacks ${column.name}`] : []
    })
    if (lacking.length === 0) return
    const more = lacking.length > 3 ? `, and so on for ${lacking.length - 3} more columns` : ''
    this.#settings.onNote(`what a file lacks is null: ${lacking.slice(0, 3).join(', ')}${more}`)
  }

  /** The name of the plan's input for some of the files, which are no longer all. */
  nameOf(kept: readonly number[]): string {
    const text = kept.join()
    for (const [name, known] of this.#some) if (known.join() === text) return name
    const name = freshName(`${this.source.name}, ${this.#count(kept)} of ${this.#count(this.#all())} folders`, [
      ...this.#some.keys(),
    ])
    this.#some.set(name, kept)
    return name
  }

  /** @param name from nameOf(); null: all files are used */
  use(name: string | null): void {
    this.#used.add(name ?? this.source.name)
  }

  #all(): number[] {
    return [...this.files.found.keys()]
  }

  #filesOf(name: string): readonly number[] {
    return this.#some.get(name) ?? this.#all()
  }

  #wanted(): number[] {
    const wanted = new Set([...this.#used].flatMap((name) => this.#filesOf(name)))
    return this.#all().filter((i) => wanted.has(i))
  }

  /** @throws what checkDeclared throws */
  async check(): Promise<void> {
    const { format, reads } = this.source
    const [{ schema }] = reads as [ReadQuery]
    const own = schema === null ? [] : await this.open()
    if (own.length === 0) return
    const columns = schema!.filter((column) => !this.#isOfFolders(column))
    await checkDeclared(columns, encoded(format, this.#settings.encoding), own, () => this.#open(this.#all()))
  }

  /** All files that are used. */
  open(): Promise<InputFile[]> {
    return this.#open(this.#wanted())
  }

  async #open(which: readonly number[]): Promise<InputFile[]> {
    const files = await this.files.open(which)
    const values = this.folders?.values
    if (!values) return files
    return files.map((file, n) => {
      const i = which[n]!
      const placed = this.#placed.get(i) ?? { ...file, folders: values[i]! }
      this.#placed.set(i, placed)
      return placed
    })
  }

  /** The files of each input of the plan. */
  async inputs(): Promise<[name: string, files: InputFile[]][]> {
    await this.open()
    const named = [...this.#used].map(async (name) => {
      return [name, await this.#open(this.#filesOf(name))] satisfies [string, InputFile[]]
    })
    return Promise.all(named)
  }

  /** Of readers of the same files. null: folders give no column to any. */
  static folderCount(readers: readonly SourceReader[]): FolderCount | null {
    const first = readers.find(({ folders }) => folders !== null)
    if (!first) return null
    return { read: first.#count(readers.flatMap((reader) => reader.#wanted())), found: first.#count(first.#all()) }
  }

  #count(files: readonly number[]): number {
    return new Set(files.map((i) => JSON.stringify(this.folders!.values[i]))).size
  }
}

/** Kinds that are no kind of a format, whatever is declared. */
const OTHER_KINDS: Record<Format['kind'], readonly InputKind[]> = {
  csv: ['jsonl', 'parquet', 'avro'],
  jsonl: ['csv', 'tsv', 'parquet', 'avro'],
  parquet: ['csv', 'tsv', 'jsonl', 'avro', 'text'],
  avro: ['csv', 'tsv', 'jsonl', 'parquet', 'text'],
  text: ['parquet', 'avro'],
}

/** @throws DATASET_INVALID for files that were found in a folder or by a glob, and whose names say another format */
function refuseOtherKinds({ kind }: Format, name: string, found: SourceFiles['found']): void {
  for (const file of found) {
    if (isPiped(file) || file.base === null) continue
    const other = kindOfName(file.path)
    if (other === undefined || !OTHER_KINDS[kind].includes(other)) continue
    throw new RunjobError(
      'DATASET_INVALID',
      {
        problem: `${name} is read as ${kind}, but ${file.path} has the name of ${other === 'text' ? 'a text' : other}`,
        hint: 'Name the files of one kind by a glob in quotes, such as "logs/*.jsonl", or each by its path.',
      },
      { where: { file: file.path } },
    )
  }
}

/** @param why the columns of a file are not known, such as `is empty` */
export function withoutColumns(path: string, { kind }: Format, why: string): RunjobError {
  const where = { file: path }
  if (kind === 'csv') return new RunjobError('HEADER_MISSING', { path, reason: 'it is empty' }, { where })
  const hint = `Declare them: ${kind}({ schema: { … } }).`
  return new RunjobError(
    'DATASET_INVALID',
    { problem: `${path} ${why}, so its columns are not known`, hint },
    { where },
  )
}

export function encoded(format: Format, encoding: string | null): Format {
  return encoding === null || !isOfText(format) ? format : { ...format, encoding }
}

/** How text is read. */
export function encodedRules(format: Format, { encoding }: Pick<Settings, 'encoding'>): TextRules {
  return textRules(encoded(format, encoding))
}
