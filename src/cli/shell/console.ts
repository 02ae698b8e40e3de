/**
 * The console of a session. Ctrl-C may end a cell at any place, also in the middle of what Node's streams do: such a stream waits for ever for the
 * end of a write, so that nothing of the session was seen any more. This one writes by itself, and has nothing that could be half done.
 */
import { Console } from 'node:console'
import { writeSync } from 'node:fs'
import { hasErrno } from '../../base/files.js'

/** @param fd of the terminal */
export function sessionConsole(fd: number, useColors: boolean): Console {
  const stream = {
    isTTY: true,
    write: (text: string) => writeAll(fd, Buffer.from(text)),
  } as unknown as NodeJS.WritableStream
  return new Console({ stdout: stream, stderr: stream, colorMode: useColors, ignoreErrors: false })
}

function writeAll(fd: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      // The terminal is behind.
      if (!hasErrno(error, 'EAGAIN')) throw error
    }
  }
  return true
}
