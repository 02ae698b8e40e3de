/** Files that are one JSON array: with any chunks, each element is a line at its own place. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { forEachChunk } from '../../../dist/src/io/input/chunks.js'
import type { InputFile } from '../../../dist/src/io/input/input_file.js'
import { inspectFile } from '../../../dist/src/io/input/inputs.js'
import { LineDecoder } from '../../../dist/src/io/input/lines.js'
import { code, PLAIN, temporaryFolder, writeFiles } from '../folder.js'

function fileOf(content: string | Buffer, array: boolean | null = null): InputFile {
  const folder = temporaryFolder()
  writeFiles(folder, { 'a.json': content })
  return inspectFile(join(folder, 'a.json'), { ...PLAIN, array }) as InputFile
}

/** Lines that are not blank, and where they begin. */
async function elements(file: InputFile, chunkBytes: number): Promise<[line: string, offset: number][]> {
  const found: [string, number][] = []
  const decoder = new LineDecoder({
    exact: false,
    atFileStart: true,
    onLine: (line) => {
      if (line.trim() !== '') found.push([line.trim(), decoder.lineStart() + line.length - line.trimStart().length])
    },
  })
  await forEachChunk(file, 0, file.sizeBytes, { chunkBytes }, (chunk, last) =>
    decoder.push(chunk, Number.POSITIVE_INFINITY, last),
  )
  return found
}

async function inEveryChunk(content: string, array: boolean | null = null): Promise<[string, number][]> {
  const file = fileOf(content, array)
  const whole = await elements(file, 1 << 20)
  for (let chunkBytes = 1; chunkBytes <= Buffer.byteLength(content); chunkBytes++) {
    expect(await elements(file, chunkBytes), `chunks of ${chunkBytes} bytes`).toEqual(whole)
  }
  return whole
}

describe('the elements of an array', () => {
  test.each<[string, string, unknown[]]>([
    ['in several lines', '[\n  {"n": 1},\n  {"n": [2,\n 3]}\n]\n', [{ n: 1 }, { n: [2, 3] }]],
    ['in one line', '[{"n":1},{"n":2}]', [{ n: 1 }, { n: 2 }]],
    ['after a byte-order mark', '\ufeff[{"n":1},\r\n{"n":2}]\r\n', [{ n: 1 }, { n: 2 }]],
    ['with brackets, quotes and commas in strings', '[\n"a],[\\"b","\\\\", "{"\n,"x"]', ['a],["b', '\\', '{', 'x']],
    ['of every type', '[1,\n"é",null,true,[],{},[1,[2]],-0.5e3]', [1, 'é', null, true, [], {}, [1, [2]], -500]],
    ['none', '[ ]', []],
    ['none, in several lines', ' [\n\n] \n', []],
  ])('are records: %s', async (_, content, expected) => {
    expect(JSON.parse(content.replace(/^\ufeff/, ''))).toEqual(expected)
    const found = await inEveryChunk(content)
    expect(found.map(([line]) => JSON.parse(line))).toEqual(expected)
  })

  test('begin where the file has them, even if they are not JSON', async () => {
    const content = '[\n {"n":1},\n {"n":},\n "a\nb",\n {"n":4}\n]'
    const found = await inEveryChunk(content)
    expect(found.map(([line]) => line.slice(0, 4))).toEqual(['{"n"', '{"n"', '"a\rb', '{"n"'])
    const bytes = ['{"n":1}', '{"n":}', '"a\nb"', '{"n":4}'].map((element) => content.indexOf(element))
    expect(found.map(([, offset]) => offset)).toEqual(bytes)
  })

  test('that are missing between commas or after the last one are not JSON, and not skipped', async () => {
    for (const content of ['[1,\n,2]', '[\n,1]', '[1,\n]']) {
      const lines = (await inEveryChunk(content)).map(([line]) => line)
      const bad = lines.filter((line) => {
        try {
          JSON.parse(line)
          return false
        } catch {
          return true
        }
      })
      expect(bad.length, content).toBe(1)
    }
  })
})

describe('an array', () => {
  test.each([
    ['that is cut off', '[\n{"n":1},\n{"n":2'],
    ['without its closing bracket', '[\n{"n":1}\n'],
    ['that ends within a string', '[\n"a'],
    ['of nothing', '[\n'],
    ['that is followed by text', '[\n1]x'],
    ['that is followed by another one', '[\n1]\n[2]'],
    ['that is followed by a bracket', '[\n1]]'],
    ['with a brace too few', '[\n{"n":{}]'],
  ])('%s is an error in any chunks', async (_, content) => {
    for (let chunkBytes = 1; chunkBytes <= content.length; chunkBytes++) {
      const failing = elements(fileOf(content), chunkBytes)
      await expect(failing, `chunks of ${chunkBytes} bytes`).rejects.toMatchObject(code('JSON_ARRAY_INVALID'))
    }
  })

  test('that is promised but absent is an error', async () => {
    await expect(elements(fileOf('{"n":1}\n', true), 100)).rejects.toMatchObject(code('JSON_ARRAY_INVALID'))
  })

  test('a line is not an array, unless it holds objects and is the only one', async () => {
    for (const content of ['[1,2]\n[3]\n', '[1,2]', '[{"n":1}]\n[{"n":2}]\n']) {
      expect(fileOf(content).form, content).toMatchObject({ array: false })
    }
    expect(fileOf('[{"n":1}]\n\n').form).toMatchObject({ array: true })
  })
})
