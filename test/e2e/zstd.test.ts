/** Outputs in zstd, written by Node.js or, if it cannot, by a stand-in for the package that can. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runJob } from 'runjob'
import { expect, it } from 'vitest'
import { readOutput } from '../../dist/src/io/output/read_back.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

const env = { NODE_PATH: join(import.meta.dirname, '../helpers/packages') }
const LINES = Array.from({ length: 120_000 }, (_, i) => `line ${String(i).padStart(12, '0')}`)

it('parts, one file and data appended to it are frames that can be read back', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': `${LINES.join('\n')}\n`, 'more.txt': 'more\n', 'empty.txt': '' })
  const sort = async (...args: string[]) => {
    const { code, stderr } = await runjob(['sort', ...args, '--zstd', '-q'], { cwd: folder, env })
    expect(code, stderr).toBe(0)
  }
  await sort('in.txt', '-o', 'parts', '--partitions', '3')
  expect(readdirSync(join(folder, 'parts')).filter((name) => name.endsWith('.txt.zst'))).toHaveLength(3)
  await sort('in.txt', '-o', 'one.zst', '--single-file', '--partitions', '3')
  await sort('more.txt', '-o', 'one.zst', '--single-file', '--mode', 'append')
  await sort('empty.txt', '-o', 'empty')
  const linesOf = async (name: string) => {
    const keys: unknown[] = []
    const record = { key: 'string', value: { columns: [] } } as const
    for await (const [key] of readOutput(join(folder, name), { kind: 'text' }, record as never, 'zstd')) keys.push(key)
    return keys
  }
  expect(await linesOf('parts')).toEqual(LINES)
  expect(await linesOf('one.zst')).toEqual([...LINES, 'more'])
  expect(await linesOf('empty')).toEqual([])
  const again = await runjob(['distinct', 'one.zst', 'parts/part-r-00000.txt.zst', '-o', '-', '-q'], {
    cwd: folder,
    env,
  })
  expect(again.stdout).toBe(`${[...LINES, 'more'].join('\n')}\n`)
})

it.skipIf('zstdCompressSync' in (await import('node:zlib')))(
  'is refused before anything is read where nothing writes it',
  async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.txt': 'a\n' })
    const options = { input: join(folder, 'in.txt'), output: join(folder, 'out'), compress: 'zstd' as const }
    expect(await failure(runJob('sort', options))).toMatchObject({ code: 'CODEC_MISSING' })
  },
)
