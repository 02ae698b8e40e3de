/** Copies of inputs that can be read only once: standard input, pipes, terminals. A task may have to read its input again. */
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { makeFolder } from '../base/files.js'
import type { InputFile } from '../io/input/input_file.js'
import { inspectFile, isPiped, type Piped } from '../io/input/inputs.js'
import { openPipe, spool, standardInput } from '../io/input/spool.js'
import type { TextRules } from '../io/input/text_form.js'
import { checkOutput } from '../io/output/commit.js'
import { checkFile } from '../io/output/single_file.js'
import { refuseHeld } from '../state/lock.js'
import type { Settings } from './options.js'

/** Copies are in the state folder; removeCopies() removes them if the run does not begin. */
export class Copies {
  readonly #settings: Settings
  readonly #ids = new Set<string>()
  #count = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** @throws OUTPUT_BUSY, OUTPUT_EXISTS and others that would refuse the run: before reading, which may take hours */
  async add({ pipe, id }: Piped, rules: TextRules): Promise<InputFile> {
    const { folder, signal, onNote } = this.#settings
    const isStdin = pipe === '-'
    if (this.#ids.has(id) && pipe !== '/dev/null') {
      throw new RunjobError('OPTION_INVALID', {
        name: 'input',
        value: pipe,
        problem: `${isStdin ? 'standard input' : 'a pipe'} can be read only once, but is named twice`,
        help: 'Copy it to a file, and name that as often as needed.',
      })
    }
    this.#ids.add(id)
    this.#checkPlace()
    makeFolder(folder.copies)
    if (isStdin && process.stdin.isTTY) onNote('reading standard input from the terminal: end it with Ctrl-D')
    const path = join(folder.copies, String(this.#count++))
    await spool(isStdin ? standardInput() : await openPipe(pipe, signal), path, signal)
    const file = inspectFile(path, rules, pipe)
    if (isPiped(file)) throw new RunjobError('INTERNAL', { detail: `${path} has no size` })
    return file
  }

  #checkPlace(): void {
    const { output, folder, mode, choice } = this.#settings
    if (choice.singleFile) checkFile(output, mode, [], { form: null, mayHaveBad: false })
    else checkOutput(output, mode)
    makeFolder(folder.path)
    refuseHeld(folder.path)
  }
}
