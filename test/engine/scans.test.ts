/** Files as rows of typed columns, and back to text, through the engine: splits, bad rows, headers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Format, RowOperator, SinkFormat } from '../../dist/src/plan/plan.js'
import type { Column } from '../../dist/src/plan/type.js'
import { temporaryFolder } from '../helpers/folder.js'
import { CSV, column, files, JSONL, runRows, sink, stage } from '../helpers/row_plans.js'

interface Config {
  format: Format
  columns: Column[]
  operators?: RowOperator[]
  sink?: SinkFormat
  splitBytes?: number
  maxBad?: number
}

/** What the parts hold, one after another, and what was put aside. */
async function run(
  contents: Record<string, string>,
  { format, columns, operators = [], sink: written = { kind: 'jsonl' }, splitBytes = 64, maxBad = 0 }: Config,
) {
  const folder = temporaryFolder()
  const stages = [stage('scan', [files('input', format, columns, ...operators)], sink(columns, written))]
  const dir = join(folder, 'bad')
  const { text, result } = await runRows({ stages, inputs: { input: Object.values(contents) } }, folder, {
    tuning: { splitBytes },
    badRecords: maxBad === 0 ? null : { limit: { count: maxBad }, dir, path: join(folder, 'bad.jsonl') },
  })
  const bad = result.quarantine.flatMap((name) =>
    readFileSync(join(dir, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  )
  return { text, bad, result }
}

const numbers = Array.from({ length: 200 }, (_, n) => n)

it('CSV becomes JSON lines in the order of the input, whatever the splits, and files may order columns as they like', async () => {
  const contents = {
    'a.csv': `n,s\n${numbers.map((n) => `${n},"row\n${n}"\n`).join('')}`,
    'b.csv': `s,extra,n\n${numbers.map((n) => `text,,${n}\n`).join('')}`,
  }
  const expected = [
    ...numbers.map((n) => JSON.stringify({ n, s: `row\n${n}` })),
    ...numbers.map((n) => JSON.stringify({ n, s: 'text' })),
  ]
  const columns = [column('n', 'long'), column('s', 'string')]
  for (const splitBytes of [64, 1000, 1 << 20]) {
    const { text } = await run(contents, { format: CSV, columns, splitBytes })
    expect(text).toBe(`${expected.join('\n')}\n`)
  }
})

it('JSON lines keep their structs', async () => {
  const lines = numbers.map((n) => ({ n, o: { s: n % 2 === 0 ? `a,${n}` : null } }))
  const columns = [column('n', 'long'), column('o', { type: 'struct', fields: [column('s', 'string')] })]
  const contents = {
    'a.jsonl': lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  }
  const { text } = await run(contents, { format: JSONL, columns, splitBytes: 300 })
  expect(text).toBe(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
})

it('bad rows are put aside with their place', async () => {
  const content = `n,s\n${numbers.map((n) => `${n % 50 === 7 ? 'x' : n},s\n`).join('')}`
  const columns = [column('n', 'long'), column('s', 'string')]
  const { text, bad, result } = await run({ 'a.csv': content }, { format: CSV, columns, maxBad: 10 })
  expect(text.split('\n').length - 1).toBe(196)
  expect(bad).toHaveLength(4)
  for (const { code, offset } of bad) {
    expect(code).toBe('CELL_INVALID')
    expect(content.slice(offset, offset + 3)).toBe('x,s')
  }
  expect(result.stages[0]).toMatchObject({ recordsIn: 200, recordsOut: 196, recordsQuarantined: 4 })
  await expect(run({ 'a.csv': content }, { format: CSV, columns })).rejects.toMatchObject({
    code: 'CELL_INVALID',
    where: { offset: content.indexOf('x') },
  })
})

it('a file without a column is refused by name', async () => {
  await expect(run({ 'a.csv': 'a,b\n1,2\n' }, { format: CSV, columns: [column('c', 'long')] })).rejects.toMatchObject({
    code: 'COLUMN_UNKNOWN',
  })
})
