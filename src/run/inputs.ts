/** The files that a run reads, by input. */
import { compressionOfName } from '../io/input/content.js'
import { type InputFile, nameOf } from '../io/input/input_file.js'
import {
  type FoundFile,
  findInputs,
  inspectFile,
  isPiped,
  NOTHING_PASSED_OVER,
  type PassedOver,
  type Piped,
  type SearchOptions,
} from '../io/input/inputs.js'
import type { TextRules } from '../io/input/text_form.js'
import { outputsIn } from '../io/output/earlier.js'
import { recoverMissing } from '../state/recover.js'
import type { Settings } from './options.js'
import type { RunInputs } from './prepared.js'
import type { Copies } from './stdin.js'

/** What a plan reads under one name. */
export interface InputSource {
  name: string
  /** Files, folders, globs, or `-`. */
  paths: readonly string[]
  rules: TextRules
}

/**
 * Lists all input files, and says which belong to which input.
 *
 * @param copies takes what can be read only once
 * @throws what findInputs, inspectFile and Copies.add throw
 */
export async function listInputs(
  sources: readonly InputSource[],
  settings: Settings,
  copies: Copies,
): Promise<RunInputs> {
  const own = sources.map((source) => new SourceFiles(source, settings, copies))
  const inputs = new Map<string, InputFile[]>()
  for (const [i, { name }] of sources.entries()) inputs.set(name, await own[i]!.open())
  return runInputs(inputs, own)
}

/** The files of a source, or of several that read the same: found at once, and opened when they are needed. */
export class SourceFiles {
  readonly found: readonly (FoundFile | Piped)[]
  readonly passedOver: PassedOver
  readonly #rules: TextRules
  readonly #settings: Settings
  readonly #copies: Copies
  readonly #opened = new Map<number, InputFile>()

  constructor({ paths, rules }: Omit<InputSource, 'name'>, settings: Settings, copies: Copies) {
    const { allFiles, cwd, folder } = settings
    for (const path of paths) if (path !== '-') recoverMissing(path, cwd)
    const search: SearchOptions = { allFiles, own: [folder.path], outputsIn: allFiles ? null : outputsIn }
    const { files, passedOver } = findInputs([...paths], cwd, search)
    this.found = files
    this.passedOver = passedOver
    this.#rules = rules
    this.#settings = settings
    this.#copies = copies
  }

  /** @param which indexes of `found`; default: all */
  async open(which: Iterable<number> = this.found.keys()): Promise<InputFile[]> {
    const files: InputFile[] = []
    const news: InputFile[] = []
    for (const i of which) {
      const known = this.#opened.get(i)
      const file = known ?? (await this.#inspect(i))
      files.push(file)
      if (!known) news.push(file)
      this.#opened.set(i, file)
    }
    tellOfInputs(news, this.#settings.onNote)
    return files
  }

  async #inspect(i: number): Promise<InputFile> {
    const found = this.found[i]!
    const inspected = isPiped(found) ? found : inspectFile(found.path, this.#rules)
    return isPiped(inspected) ? this.#copies.add(inspected, this.#rules) : inspected
  }
}

/** @param inputs files by name; one that has several names is listed once */
export function runInputs(
  inputs: ReadonlyMap<string, readonly InputFile[]>,
  sources: readonly SourceFiles[],
): RunInputs {
  const numbers = new Map<InputFile, number>()
  const numberOf = (file: InputFile) => {
    const number = numbers.get(file) ?? numbers.size
    numbers.set(file, number)
    return number
  }
  const named = new Map([...inputs].map(([name, files]) => [name, files.map(numberOf)]))
  const passedOver: PassedOver = { ...NOTHING_PASSED_OVER }
  for (const reason of Object.keys(passedOver) as (keyof PassedOver)[]) {
    for (const source of sources) passedOver[reason] += source.passedOver[reason]
  }
  return { files: [...numbers.keys()], inputs: named, passedOver, folders: null }
}

/** Notes about inputs that are valid, but may not be what the user meant. */
function tellOfInputs(files: readonly InputFile[], onNote: (note: string) => void): void {
  const seen = new Set<string>()
  const again = files.filter(({ path }) => seen.has(path) || !seen.add(path))
  if (again.length > 0)
    onNote(`${again[0]!.path}${andMore(again)} is named more than once, and so is read more than once`)
  const cut = files.filter(({ path, sizeBytes }) => sizeBytes === 0 && compressionOfName(path) !== 'none')
  if (cut.length > 0)
    onNote(`${cut[0]!.path}${andMore(cut)} is empty: not even the header of a compressed file is there`)
  const foreign = files.filter(({ form }) => form?.isForeign)
  if (foreign.length > 0) {
    const { encoding } = foreign[0]!.form!
    onNote(
      `${nameOf(foreign[0]!)}${andMore(foreign)} is not ${encoding ?? 'UTF-8'}: use --encoding, for example --encoding ${encoding ? 'utf-8' : 'latin1'}`,
    )
  }
}

function andMore(files: readonly InputFile[]): string {
  return files.length > 1 ? ` (and ${files.length - 1} more)` : ''
}
