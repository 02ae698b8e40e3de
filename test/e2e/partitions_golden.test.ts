/** The folders that Spark writes rows into, where its answers are. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { col, int, jsonl, list, nullable, read, string } from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folder.js'
import { GOLDEN_PATH } from '../helpers/golden.js'

interface Line {
  id?: string
  table?: string
  columns?: [string, string][]
  rows?: unknown[][]
  partitionBy?: string[]
  folders?: string[]
  error?: string
}

/** Where we differ on purpose. */
const DIFFERENT: Record<string, string> = {
  'partition.002': 'a text that would be read back as null is refused',
  'partition.007': '-0.0 and 0.0 are one value, as everywhere: one folder',
  'partition.013': 'bytes name no folders: they need not be text',
}

const lines: Line[] = existsSync(GOLDEN_PATH)
  ? readFileSync(GOLDEN_PATH, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : []
const tables = new Map(lines.filter(({ id }) => id === undefined).map((line) => [line.table, line]))
const cases = lines.filter(({ partitionBy, id }) => partitionBy && !(id! in DIFFERENT))

/** A double is text and bits. */
const jsonOf = (value: unknown, type: string) => {
  if (type === 'double' && typeof value === 'string') return value.split('/')[0]!
  return value
}

describe.skipIf(cases.length === 0)('folders of values', () => {
  it.each(cases.map((one) => [one.id!, one] as const))(
    'are those of Spark: %s',
    async (_, { table, partitionBy, folders }) => {
      const { columns, rows } = tables.get(table)!
      const path = join(temporaryFolder(), 'in.jsonl')
      const output = join(temporaryFolder(), 'out')
      const objects = rows!.map((row) =>
        Object.fromEntries(columns!.map(([name, type], i) => [name, jsonOf(row[i], type)])),
      )
      writeFileSync(path, objects.map((object) => `${JSON.stringify(object)}\n`).join(''))
      // A column of text takes the text of any value.
      const schema = columns!.map(([name, type]) => [name, type === 'array<int>' ? list(int()) : nullable(string())])
      const texts = read(jsonl({ schema: Object.fromEntries(schema) }), path)
      const casts = columns!
        .filter(([, type]) => type !== 'array<int>')
        .map(([name, type]) => [name, col(name).cast(type as 'int')])
      const written = texts
        .withColumns(Object.fromEntries(casts) as never)
        .write.partitionBy(...(partitionBy as never[]))
      if (folders === undefined) {
        await expect(written.json(output)).rejects.toMatchObject({
          code: expect.stringMatching(/PARTITION_INVALID|DATASET_INVALID/),
        })
        return
      }
      // Spark takes empty texts for null in silence.
      await written.json(output, { emptyAsNull: true })
      expect(foldersIn(output)).toEqual(folders.toSorted())
    },
  )
})

function foldersIn(output: string): string[] {
  const files = readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('part-'))
  return [...new Set(files.map((name) => name.slice(0, name.lastIndexOf('/'))))].sort()
}
