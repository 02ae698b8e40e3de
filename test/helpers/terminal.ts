/** A program in a terminal of its own, and someone who types. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

/** util-linux's `script` makes the terminal; elsewhere it has other options. */
export const hasTerminals = process.platform === 'linux' && existsSync('/usr/bin/script')

const PATIENCE_MS = 30_000

export class TerminalSession {
  /** The exit code. */
  readonly ended: Promise<number | null>
  readonly #child: ReturnType<typeof spawn>
  #text = ''
  #seen = 0
  #wake = () => {}

  constructor(command: string, cwd: string, env: Record<string, string> = {}) {
    this.#child = spawn('/usr/bin/script', ['-qefc', `stty cols 100; exec ${command}`, '/dev/null'], {
      cwd,
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout!.setEncoding('utf8').on('data', (more: string) => {
      this.#text += more
      this.#wake()
    })
    this.ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys)
  }

  /** Waits for a text after the last one that was waited for. @returns what came before it, without control sequences */
  async until(wanted: string): Promise<string> {
    const end = Date.now() + PATIENCE_MS
    for (;;) {
      const plain = withoutControls(this.#text)
      const at = plain.indexOf(wanted, this.#seen)
      if (at >= 0) {
        const before = plain.slice(this.#seen, at)
        this.#seen = at + wanted.length
        return before
      }
      const left = end - Date.now()
      if (left <= 0) throw new Error(`${JSON.stringify(wanted)} never came after ${JSON.stringify(plain)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, left)
      })
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal does not show
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\r/g, '')
}
