/** Answers that are the same are read as the same, however they lie in files. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readOrderedRows } from '../../bench/measure/answer.js'
import { temporaryFolder } from '../helpers/folder.js'

it('rows in order: in one file that is read in several blocks, in parts, without a line end at the end', () => {
  const row = (i: number) => `${i},${i % 7}\n`
  const rows = Array.from({ length: 600_000 }, (_, i) => row(i)).join('')
  const middle = rows.indexOf('\n300000,') + 1
  const one = join(temporaryFolder(), 'one.csv')
  writeFileSync(one, `a,b\n${rows}`)
  const cut = join(temporaryFolder(), 'cut.csv')
  writeFileSync(cut, `a,b\n${rows.slice(0, -1)}`)
  const parts = temporaryFolder()
  writeFileSync(join(parts, 'part-r-00000.csv'), `a,b\n${rows.slice(0, middle)}`)
  writeFileSync(join(parts, 'part-r-00001.csv'), `a,b\n${rows.slice(middle)}`)
  const answer = readOrderedRows(one)
  expect(answer).toMatchObject({ kind: 'digest', records: 600_000 })
  expect(readOrderedRows(parts)).toEqual(answer)
  expect(readOrderedRows(cut)).toEqual(answer)
})
