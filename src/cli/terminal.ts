/** Standard output and standard error for the command line: colours, width, streams that may close. */
import pc from 'picocolors'
import { RunjobError } from '../base/errors.js'

export type Colors = ReturnType<typeof pc.createColors>

/** The part of a Node stream that is used here. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Output for people: progress, notes, summaries, errors. */
export interface Terminal {
  /** Whether a line can be redrawn in place. */
  readonly canRedraw: boolean
  readonly colors: Colors
  /** Columns of the window at this moment. */
  width(): number
  /** Never fails: if the reader of this stream is gone, the job continues without it. */
  write(text: string): void
}

const defaultWidth = 80

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; without either, a terminal has colours and a pipe does not. */
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

/** Output for programs. */
export interface DataOutput {
  readonly colors: Colors
  readonly width: number
  /**
   * Resolves once the text has left the process. It is no error if the reader has seen enough (`| head`): the rest is
   * dropped.
   *
   * @throws FILE_IO for everything else, such as a full disk
   */
  write(text: string): Promise<void>
  /** The same for bytes. @returns false once the reader is gone */
  writeBytes(bytes: Uint8Array): Promise<boolean>
}

export function openDataOutput(stream: OutputStream, env: Environment): DataOutput {
  // Each write gets its own failure; without a listener the same failure would also end the process.
  stream.on('error', () => {})
  const write = (data: string | Uint8Array) =>
    new Promise<boolean>((resolve, reject) => {
      stream.write(data, (error) => {
        if (!error || readerIsGone(error)) resolve(!error)
        else reject(new RunjobError('FILE_IO', { path: 'Standard output', detail: error.message }, { cause: error }))
      })
    })
  return {
    colors: createColors(wantsColor(stream, env)),
    width: stream.columns || defaultWidth,
    write: async (text) => {
      await write(text)
    },
    writeBytes: write,
  }
}

function readerIsGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
}

/** Text from data, safe for one line of a terminal: control characters, which could move the cursor, are escaped. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => {
    if (c === '\t') return '\\t'
    if (c === '\n') return '\\n'
    if (c === '\r') return '\\r'
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
