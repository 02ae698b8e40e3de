/** The files that a run reads, by input. */
import { compressionOfName } from '../io/input/content.js'
import { type InputFile, nameOf } from '../io/input/input_file.js'
import { expandInputs, isPiped, type PassedOver, type SearchOptions } from '../io/input/inputs.js'
import type { TextRules } from '../io/input/text_form.js'
import { outputsIn } from '../io/output/earlier.js'
import type { Settings } from './options.js'
import type { Copies } from './stdin.js'

export interface RunInputs {
  /** Of all inputs. */
  files: InputFile[]
  /** Input name -> indexes into `files`. */
  inputs: Map<string, number[]>
  passedOver: PassedOver
}

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
 * @param copies takes what can be read only once; null: leave that out, and give no notes
 * @throws what expandInputs and Copies.add throw
 */
export async function listInputs(
  sources: readonly InputSource[],
  settings: Settings,
  copies: Copies | null,
): Promise<RunInputs> {
  const files: InputFile[] = []
  const inputs = new Map<string, number[]>()
  const passedOver: PassedOver = { hidden: 0, special: 0, links: 0, outputs: 0 }
  const { allFiles } = settings
  const search: SearchOptions = { allFiles, own: [settings.folder.path], outputsIn: allFiles ? null : outputsIn }
  for (const { name, paths, rules } of sources) {
    const own: InputFile[] = []
    const found = expandInputs([...paths], settings.cwd, rules, search)
    for (const reason of Object.keys(passedOver) as (keyof PassedOver)[]) passedOver[reason] += found.passedOver[reason]
    for (const file of found.files) {
      if (!isPiped(file)) own.push(file)
      else if (copies) own.push(await copies.add(file, rules))
    }
    if (copies) tellOfInputs(own, settings.onNote)
    inputs.set(
      name,
      own.map((file) => files.push(file) - 1),
    )
  }
  return { files, inputs, passedOver }
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
