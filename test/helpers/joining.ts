/** The moment when the parts of an output become one file. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Calls `act` once, as soon as a run in this process has begun to join the file. The run lets other events in after each block. */
export function whenJoining(output: string, act: () => void): void {
  const joined = join(dirname(output), `.${basename(output)}.runjob/joined`)
  let isOver = false
  const look = () => {
    if (isOver) return
    if (existsSync(joined)) act()
    else setImmediate(look)
  }
  look()
  onTestFinished(() => {
    isOver = true
  })
}
