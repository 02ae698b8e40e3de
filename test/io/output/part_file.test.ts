import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openPart } from '../../../dist/src/io/output/part_file.js'
import { code, temporaryFolder } from '../folder.js'

describe('part files', () => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `record ${i * 7919}\n`).join(''))

  test.each([false, true])('hold what was written, in any pieces (gzip: %s)', async (gzip) => {
    const folder = temporaryFolder()
    const files: Buffer[] = []
    for (const step of [1000, 65_536, 65_537, 1_048_576, 1_048_577, content.length]) {
      const path = join(folder, 'named', `part-${step}`)
      const part = openPart(path, gzip ? 'gzip' : null)
      const buffer = Buffer.alloc(step)
      for (let at = 0; at < content.length; at += step) {
        const end = Math.min(at + step, content.length)
        content.copy(buffer, 0, at, end)
        part.write(buffer.subarray(0, end - at))
        buffer.fill(0)
      }
      const { bytes } = await part.close()
      const written = readFileSync(path)
      expect(bytes).toBe(written.length)
      expect((gzip ? gunzipSync(written) : written).equals(content)).toBe(true)
      files.push(written)
    }
    for (const file of files) expect(file.equals(files[0]!)).toBe(true)
  })

  test.each([0, 1, 4095, 4096])('end %i bytes after what was written past the page cache', async (more) => {
    const path = join(temporaryFolder(), 'part')
    const bytes = content.subarray(0, 3 * 2 ** 20 + more)
    const part = openPart(path, null)
    part.write(bytes)
    expect(await part.close()).toMatchObject({ bytes: bytes.length })
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('may be empty', async () => {
    const folder = temporaryFolder()
    await openPart(join(folder, 'a'), null).close()
    const part = openPart(join(folder, 'a.gz'), 'gzip')
    part.write(new Uint8Array(0))
    await part.close()
    expect(readFileSync(join(folder, 'a')).length).toBe(0)
    expect(gunzipSync(readFileSync(join(folder, 'a.gz'))).length).toBe(0)
  })

  test('that are aborted are removed', async () => {
    const folder = temporaryFolder()
    const part = openPart(join(folder, 'a'), null)
    part.write(content)
    await part.abort()
    expect(readdirSync(folder)).toEqual([])
  })

  test('that cannot be created are an error in our words', () => {
    const folder = temporaryFolder()
    openPart(join(folder, 'a'), null)
    expect(() => openPart(join(folder, 'a', 'b'), null)).toThrow(expect.objectContaining(code('FILE_IO')))
  })

  test.skipIf(!existsSync('/dev/full'))('report a full disk', () => {
    const part = openPart('/dev/full', null)
    expect(() => part.write(content)).toThrow(expect.objectContaining(code('DISK_FULL')))
  })
})
