/** Declared columns that no file has: misspelt ones would be null in every row. */
import { RunjobError } from '../../base/errors.js'
import { didYouMean } from '../../base/suggest.js'
import type { Format } from '../../plan/plan.js'
import type { Column, Type } from '../../plan/type.js'
import { forEachChunk } from '../input/chunks.js'
import { type InputFile, nameOf } from '../input/input_file.js'
import { readHeader } from './avro/container.js'
import { readSample } from './infer/sample.js'
import { readParquetSchema } from './parquet/schema.js'

const NEWLINE = 10
const SAMPLE_BYTES = 64 << 10
const MAX_SEARCHED_BYTES = 64 << 20

/** A column, or a field of structs in it: `address.city` is ['address', 'city']. */
type Path = readonly string[]

/**
 * Checks that files have what is declared. Records of JSON may lack what others have, and so may all of some files: a column is refused
 * if it is not in their first 64 MB, and those have one that is not declared and has nearly the same name. Columns that may not be null
 * are left to those who read the rows.
 *
 * @param others files that are not read, but have what is declared; asked for only if it is missing
 * @throws COLUMN_UNKNOWN; and what readParquetSchema and readHeader throw
 */
export async function checkDeclared(
  declared: readonly Column[],
  { kind }: Format,
  files: readonly InputFile[],
  others: () => Promise<readonly InputFile[]> = async () => [],
): Promise<void> {
  if (kind === 'parquet' || kind === 'avro') await checkNamed(declared, kind, files, others)
  else if (kind === 'jsonl') await checkJson(declared, files)
}

/** Of files that name their columns. */
async function checkNamed(
  declared: readonly Column[],
  kind: 'parquet' | 'avro',
  files: readonly InputFile[],
  others: () => Promise<readonly InputFile[]>,
): Promise<void> {
  const found = new Paths()
  let missing = pathsIn(declared).filter((path) => kind === 'parquet' || path.length === 1)
  const look = async (files: readonly InputFile[]) => {
    for (const file of files) {
      if (missing.length === 0) return
      // An empty file of Avro has no rows; of Parquet it is damaged.
      if (kind === 'avro' && file.sizeBytes === 0) continue
      for (const path of await pathsOf(kind, file)) found.add(path)
      missing = missing.filter((path) => !found.has(path))
    }
  }
  await look(files)
  if (missing.length > 0) await look(await others())
  // Fields of what is no struct are a conflict of types, which those who read the rows tell.
  const first = missing.find((path) => found.beside(path).length > 0)
  if (!first) return
  const [file] = files
  throw unknown(first, found.beside(first)).withWhere(file ? { file: nameOf(file) } : {})
}

/** Of Avro the names alone: there may be columns of types that are not read. */
async function pathsOf(kind: 'parquet' | 'avro', file: InputFile): Promise<Path[]> {
  return kind === 'parquet'
    ? pathsIn(await readParquetSchema(file))
    : (await readHeader(file)).record.fields.map(({ name }) => [name])
}

async function checkJson(declared: readonly Column[], files: readonly InputFile[]): Promise<void> {
  const first = files.find((file) => file.sizeBytes > 0)
  const expected = pathsIn(declared, true)
  if (!first || expected.length === 0) return
  const { bytes, isAll } = await readSample(first, SAMPLE_BYTES)
  const unseen = expected.filter((path) => !bytes.includes(quoted(path)))
  if (unseen.length === 0) return
  const found = new Paths()
  addLines(found, bytes.subarray(0, isAll ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1))
  const known = new Paths(pathsIn(declared))
  for (const path of unseen) {
    if (found.has(path)) continue
    const beside = found.beside(path)
    const strange = beside.filter((other) => !known.has(other))
    if (didYouMean(nameIn(path), strange.map(nameIn)) === undefined) continue
    if (!(await includes(files, quoted(path)))) throw unknown(path, beside).withWhere({ file: nameOf(first) })
  }
}

/** Whether the first bytes of the files, taken together, have these. */
async function includes(files: readonly InputFile[], text: Buffer): Promise<boolean> {
  let left = MAX_SEARCHED_BYTES
  let isFound = false
  for (const file of files) {
    if (left <= 0 || isFound) break
    let tail: Uint8Array = Buffer.alloc(0)
    await forEachChunk(file, 0, left, {}, (chunk) => {
      const both = Buffer.concat([tail, chunk])
      isFound = both.includes(text)
      tail = both.subarray(Math.max(0, both.length - text.length))
      left -= chunk.length
      return isFound || left <= 0
    })
  }
  return isFound
}

/** As a name is written in JSON. */
function quoted(path: Path): Buffer {
  return Buffer.from(JSON.stringify(nameIn(path)))
}

function nameIn(path: Path): string {
  return path.at(-1)!
}

/** The names in lines of JSON; what is no JSON is left to those who read the rows. */
function addLines(paths: Paths, bytes: Buffer): void {
  for (const line of bytes
    .toString()
    .replace(/^\uFEFF/, '')
    .split('\n')) {
    try {
      addNames(paths, JSON.parse(line), [])
    } catch {}
  }
}

function addNames(paths: Paths, value: unknown, at: Path): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const element of value) addNames(paths, element, at)
    return
  }
  for (const [name, field] of Object.entries(value)) {
    paths.add([...at, name])
    addNames(paths, field, [...at, name])
  }
}

/** @param areNullable only those that may be null, without what is in others */
function pathsIn(columns: readonly Column[], areNullable = false, at: Path = []): Path[] {
  return columns.flatMap(({ name, type, nullable }) => {
    const path = [...at, name]
    const inside = pathsIn(fieldsOf(type), areNullable, path)
    return areNullable && !nullable ? inside : [path, ...inside]
  })
}

function fieldsOf(type: Type): readonly Column[] {
  if (typeof type === 'string' || type.type === 'decimal') return []
  return type.type === 'array' ? fieldsOf(type.element) : type.fields
}

class Paths {
  readonly #known = new Map<string, Path>()

  constructor(paths: readonly Path[] = []) {
    for (const path of paths) this.add(path)
  }

  add(path: Path): void {
    this.#known.set(JSON.stringify(path), path)
  }

  has(path: Path): boolean {
    return this.#known.has(JSON.stringify(path))
  }

  /** Those in the same struct. */
  beside(path: Path): Path[] {
    const above = JSON.stringify(path.slice(0, -1))
    return [...this.#known.values()].filter((other) => JSON.stringify(other.slice(0, -1)) === above)
  }
}

function unknown(path: Path, beside: readonly Path[]): RunjobError {
  return new RunjobError('COLUMN_UNKNOWN', { name: path.join('.'), columns: beside.map((other) => other.join('.')) })
}
