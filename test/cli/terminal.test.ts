import { describe, expect, it } from 'vitest'
import { openDataOutput, openTerminal, printable, wantsColor } from '../../dist/src/cli/terminal.js'
import { FakeStream } from './fakes.js'

describe('colours', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
  ])('for a terminal (%s) with %j: %s', (isTTY, env, wanted) => {
    expect(wantsColor({ isTTY }, env)).toBe(wanted)
  })
})

describe('standard output', () => {
  it('may be closed by a reader that has seen enough', async () => {
    const stream = new FakeStream()
    stream.failure = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    await openDataOutput(stream, {}).write('data')
  })

  it('may not fail otherwise', async () => {
    const stream = new FakeStream()
    stream.failure = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    await expect(openDataOutput(stream, {}).write('data')).rejects.toMatchObject({ code: 'FILE_IO' })
  })
})

describe('standard error', () => {
  it('may be gone', () => {
    const stream = new FakeStream(true)
    stream.failure = Object.assign(new Error('write EIO'), { code: 'EIO' })
    openTerminal(stream, {}).write('text')
  })

  it('draws in place on a terminal that can', () => {
    expect(openTerminal(new FakeStream(true), {}).canRedraw).toBe(true)
    expect(openTerminal(new FakeStream(true), { TERM: 'dumb' }).canRedraw).toBe(false)
    expect(openTerminal(new FakeStream(false), {}).canRedraw).toBe(false)
  })
})

describe('printable text', () => {
  it('spells out control characters', () => {
    expect(printable('a\tb\nc\rd\x1b[31m\x00\x9f é 漢')).toBe('a\\tb\\nc\\rd\\x1b[31m\\x00\\x9f é 漢')
  })
})
