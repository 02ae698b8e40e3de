// Which files hold a word.    runjob inverted-index docs/ -o index
import { basename } from 'node:path'
import { defineJob, string, text } from 'runjob'

export default defineJob({
  name: 'inverted-index',
  description: 'For each word, the names of the files that contain it.',
  examples: ['runjob inverted-index docs/ -o index'],
  input: text(),
  value: string(),
  map(line, emit, ctx) {
    const file = basename(ctx.inputPath)
    for (const word of line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) emit(word, file)
  },
  // Files come in input order, so equal names are adjacent: keeping one of each is enough.
  combine: keepChanges,
  reduce(word, files, emit) {
    emit(word, [...new Set(files)].sort().join(' '))
  },
})

function keepChanges(word: string, files: Iterable<string>, emit: (word: string, file: string) => void): void {
  let last: string | undefined
  for (const file of files) {
    if (file !== last) emit(word, file)
    last = file
  }
}
