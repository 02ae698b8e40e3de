/** read() yields what a job emitted: every codec and format, whichever code wrote it. */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'
import { caseCount, SUITE_TIMEOUT_MS } from '../helpers/soak.js'
import { codecs, formats, readBack, toPlain } from './read_back_jobs.js'

const SEED = 20_261_129

const special = fc.string({
  unit: fc.constantFrom('a', ' ', '1', '\\', '\t', '\n', '\r', '"', ',', ';', '#', 'é', '😀', '\0', '\ufeff', '\u2028'),
  maxLength: 6,
})
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x))
const bytes = fc.uint8Array({ maxLength: 6 })
const jsonValue = fc.oneof(
  special,
  finite,
  fc.constant(null),
  fc.boolean(),
  fc.array(fc.oneof(special, finite), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'b', 'é'), fc.oneof(special, finite), { noNullPrototype: true }),
)

const values: Record<string, fc.Arbitrary<unknown>> = {
  string: special,
  number: finite,
  bigint: fc.bigInt(),
  bytes,
  json: jsonValue,
  'tuple of text and number': fc.tuple(special, finite),
  'nested tuple': fc.tuple(bytes, fc.tuple(special, fc.bigInt())),
}

const setup = fc
  .record({
    key: fc.constantFrom(...Object.keys(codecs)),
    value: fc.constantFrom(...Object.keys(codecs)),
    format: fc.constantFrom(...Object.keys(formats).filter((name) => name !== 'text')),
    by: fc.constantFrom('map', 'kernels', 'reduce'),
  })
  .chain((params) =>
    fc.record({
      params: fc.constant(params),
      records: fc.array(fc.tuple(values[params.key]!, values[params.value]!), { maxLength: 40, size: 'max' }),
    }),
  )

it(
  'read() gives back what was emitted',
  async () => {
    await fc.assert(
      fc.asyncProperty(setup, async ({ params, records }) => {
        const folder = temporaryFolder()
        const lines = records.map(([k, v]) => `${JSON.stringify({ k: toPlain(k), v: toPlain(v) })}\n`)
        writeFiles(folder, { 'in.jsonl': lines.join('') })
        const output = join(folder, 'out')
        const result = await run(readBack as never, join(folder, 'in.jsonl'), {
          output,
          params,
          partitions: 2,
          workers: 1,
        })
        const read: unknown[] = []
        for await (const record of result.read()) read.push(record)
        const sort = (list: readonly unknown[]) => list.map((one) => JSON.stringify(toPlain(one))).sort()
        expect(sort(read)).toEqual(sort(records))
      }),
      { seed: SEED, numRuns: caseCount(40, 3000) },
    )
  },
  SUITE_TIMEOUT_MS,
)

it.each(Object.keys(codecs).filter((name) => !name.includes('tuple')))(
  'text gives back keys of the codec %s',
  async (key) => {
    const folder = temporaryFolder()
    // Anything without a line end: text has no escapes.
    const keys = fc
      .sample(values[key]!, { seed: SEED, numRuns: 60 })
      .filter((value) => !(typeof value === 'string' && /^$|\n/.test(value)))
      .filter((value) => !(value instanceof Uint8Array && value.includes(10)))
    const lines = keys.map((k) => `${JSON.stringify({ k: toPlain(k), v: '' })}\n`)
    writeFiles(folder, { 'in.jsonl': lines.join('') })
    const params = { key, value: 'string', format: 'text', by: 'map' }
    const result = await run(readBack as never, join(folder, 'in.jsonl'), { output: join(folder, 'out'), params })
    const read: unknown[] = []
    for await (const [k, v] of result.read()) {
      expect(v).toBeUndefined()
      read.push(k)
    }
    expect(read.map(toPlain)).toEqual(keys.map(toPlain))
  },
)

it.each(['map', 'kernels', 'reduce'])('text that no UTF-8 can hold is refused, not changed (%s)', async (by) => {
  const folder = temporaryFolder()
  for (const [i, text] of ['half \ud83d', `${'long '.repeat(20)}\udc00`, 'é\ud800'].entries()) {
    writeFiles(folder, { 'in.jsonl': `${JSON.stringify({ k: text, v: 'v' })}\n` })
    const params = { key: 'string', value: 'string', format: 'tsv', by }
    const output = join(folder, `out-${i}`)
    expect((await failure(run(readBack as never, join(folder, 'in.jsonl'), { output, params }))).code).toBe('EMIT_TYPE')
  }
})
