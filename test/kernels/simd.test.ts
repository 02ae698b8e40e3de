/** The same answers at every level of SIMD that this machine has (native/base/simd.h). */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { Random } from '../helpers/random.js'

const LEVELS = ['portable', 'avx2', 'avx512']
const SEED = 20

/** Runs in a separate process, because the level is detected once. Prints the level, and all records of three mappers. */
const PROGRAM = `
import { kernels } from ${JSON.stringify(new URL('../../dist/src/kernels/addon.js', import.meta.url).href)}
import { ensureLowercaseTable } from ${JSON.stringify(new URL('../../dist/src/kernels/unicode.js', import.meta.url).href)}
import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
ensureLowercaseTable()
const text = readFileSync(0)
const csv = { op: 'fields', delimiter: ';', quote: '"', keys: [0], values: [{ kind: 'bytes', columns: [1] }], skipHeader: false, skipBom: false }
const answers = [{ op: 'words', lowercase: true }, { op: 'lines' }, csv].map((op) => {
  const layout = op === csv ? ['bytes'] : []
  const collector = kernels.createCollector({ mode: 'append', aggregates: [], layout, partitionBy: 'hash', partitions: 1, descending: false, prefixGrouping: false })
  const mapper = kernels.createMapper(op, collector)
  // At every offset of a chunk from a block of 64 bytes.
  for (let at = 0, size = 1; at < text.length; at += size, size = (size * 7) % 1009) {
    mapper.push(text.subarray(at, at + size), Infinity, at + size >= text.length)
  }
  const cursor = collector.sorted()
  const hash = createHash('sha256')
  const format = { kind: 'tsv', key: 'bytes', layout, raw: [], escape: true }
  for (let part = cursor.format(format, 65536); part.length > 0; part = cursor.format(format, 65536)) hash.update(part)
  return [mapper.recordsOut, hash.digest('hex')]
})
console.log(JSON.stringify({ simd: kernels.build.simd, answers }))
`

test('words, lines and fields are the same at every level, and the requested level is used', () => {
  const here = kernels.build.simd
  const text = randomRows()
  const results = LEVELS.slice(0, LEVELS.indexOf(here) + 1).map((level) => {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      input: text,
      env: { ...process.env, RUNJOB_SIMD: level },
      encoding: 'utf8',
    })
    return { level, ...(JSON.parse(output) as { simd: string; answers: [number, string][] }) }
  })
  for (const { level, simd, answers } of results) {
    expect(simd).toBe(level)
    expect(answers, `${level}, seed ${SEED}`).toEqual(results[0]!.answers)
  }
  expect(results[0]!.answers[1]![0]).toBeGreaterThan(10_000)
})

/** Rows of two fields, some quoted, some with line ends inside, of all lengths from none to three blocks of 64 bytes. */
function randomRows(): Buffer {
  const random = new Random(SEED)
  const field = (): string => {
    const text = 'aB é\u00a0\tΣz'.repeat(25).slice(0, random.below(10) === 0 ? random.below(200) : random.below(12))
    return random.below(4) === 0 ? `"${text}""\n;${text}"` : text
  }
  return Buffer.from(Array.from({ length: 12_000 }, () => `${field()};${field()}`).join('\n'))
}
