/** Standard output and standard error as the command line sees them: colours, width, streams that may go away. */
import { RunjobError } from '../base/errors.js'
import { require } from '../base/packages.js'

const pc = require('picocolors') as typeof import('picocolors')

export type Colors = ReturnType<typeof pc.createColors>

/** The part of a Node stream that is used here. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Where people read: progress, notes, summaries, errors. */
export interface Terminal {
  /** A line can be drawn again in place. */
  readonly canRedraw: boolean
  readonly colors: Colors
  /** Columns of the window as it is now. */
  width(): number
  /** Never fails: whoever read this stream may be gone, and the job goes on without them. */
  write(text: string): void
}

const defaultWidth = 80

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; without either, a terminal has colours and a pipe has none. */
export function wantsColor(stream: Pick<OutputStream, 'isTTY'>, env: Environment): boolean {
  const force = env.FORCE_COLOR
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (env.NO_COLOR) return false
  return stream.isTTY === true && env.TERM !== 'dumb'
}

export function createColors(enabled: boolean): Colors {
  return pc.createColors(enabled)
}

export function openTerminal(stream: OutputStream, env: Environment): Terminal {
  // A hang-up makes every write to the old terminal fail (EIO); a closed pipe gives EPIPE.
  stream.on('error', () => {})
  return {
    canRedraw: stream.isTTY === true && env.TERM !== 'dumb',
    colors: createColors(wantsColor(stream, env)),
    width: () => stream.columns || defaultWidth,
    write: (text) => {
      stream.write(text)
    },
  }
}

/** Where programs read. */
export interface DataOutput {
  readonly colors: Colors
  readonly width: number
  /**
   * Resolves once the text has left the process. A reader that has seen enough (`| head`) is not an error: what is
   * left is dropped.
   *
   * @throws FILE_IO for everything else, such as a full disk
   */
  write(text: string): Promise<void>
}

export function openDataOutput(stream: OutputStream, env: Environment): DataOutput {
  // Each write hears of its own failure; without a listener the same failure would end the process as well.
  stream.on('error', () => {})
  return {
    colors: createColors(wantsColor(stream, env)),
    width: stream.columns || defaultWidth,
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          if (!error || readerIsGone(error)) resolve()
          else reject(new RunjobError('FILE_IO', { path: 'Standard output', detail: error.message }, { cause: error }))
        })
      }),
  }
}

function readerIsGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
}

/** Text from data, fit for one line of a terminal: control characters, which could move the cursor, are spelled out. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => {
    if (c === '\t') return '\\t'
    if (c === '\n') return '\\n'
    if (c === '\r') return '\\r'
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
