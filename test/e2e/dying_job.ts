/** Counts lines, and kills the whole run at the line `the end` unless it has done so before. */
import { existsSync, writeFileSync } from 'node:fs'
import { defineJob, mapReduce, sum, text } from 'runjob'

export default defineJob({
  name: 'dying',
  params: { marker: { type: 'string', required: true, describe: 'file that says that it died' } },
  define: ({ marker }) =>
    mapReduce({
      input: text(),
      map(line: string, emit: (key: string, value: number) => void) {
        if (line === 'the end' && !existsSync(marker)) {
          writeFileSync(marker, '')
          process.kill(process.pid, 'SIGKILL')
        }
        emit(line, 1)
      },
      reduce: sum(),
    }),
})
