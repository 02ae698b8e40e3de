/** For memory.test.ts: every line under one key, and functions that do what the parameter says. */
import { defineJob, mapReduce, string, text } from 'runjob'

export default defineJob({
  name: 'memory',
  params: { what: { type: 'string', required: true, describe: 'all, first or leak' } },
  define: ({ what }) => {
    const hoard: string[] = []
    return mapReduce({
      input: text(),
      value: string(),
      map(line, emit) {
        if (what === 'leak') for (let i = 0; i < 1000; i++) hoard.push(`${line}${i}${hoard.length}`)
        emit('every line', line)
      },
      reduce(key, lines, emit) {
        let count = 0
        for (const _ of lines) {
          count++
          if (what === 'first') break
        }
        emit(key, String(count))
      },
    })
  },
})
