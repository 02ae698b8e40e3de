import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkOutput, commitOutput, recoverOutput } from '../../../dist/src/io/output/commit.js'
import { removeJournal } from '../../../dist/src/io/output/journal.js'
import { resolveOutput, stateDirOf } from '../../../dist/src/io/output/place.js'
import { code, temporaryFolder, writeFiles } from '../folder.js'

/** All files below a folder, with their content. */
function contentOf(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  const walk = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(path, entry.name))
      else files[relative(folder, join(path, entry.name))] = readFileSync(join(path, entry.name), 'utf8')
    }
  }
  walk(folder)
  return Object.fromEntries(Object.entries(files).sort())
}

/** A folder for an output, with parts for it in its state folder. */
function setUp(existing: Record<string, string> | null, parts: Record<string, string> = { 'part-r-00000.tsv': 'new' }) {
  const folder = temporaryFolder()
  const output = join(folder, 'out')
  const from = join(stateDirOf(output), 'parts')
  if (existing) {
    mkdirSync(output)
    writeFiles(output, existing)
  }
  writeFiles(from, parts)
  return { folder, output, from, state: stateDirOf(output) }
}

const old = { 'part-r-00000.tsv': 'old0', 'part-r-00001.tsv': 'old1', _SUCCESS: '' }

describe('preparing', () => {
  test('an output that does not exist, or an empty folder, may be written in every mode', () => {
    for (const existing of [null, {}]) {
      const { output } = setUp(existing)
      for (const mode of ['error', 'overwrite', 'append', 'ignore'] as const)
        expect(checkOutput(output, mode)).toBe('run')
    }
  })

  test('an existing output is refused, replaced, extended or kept, by mode', () => {
    const { output } = setUp(old)
    expect(() => checkOutput(output, 'error')).toThrow(expect.objectContaining(code('OUTPUT_EXISTS')))
    expect(checkOutput(output, 'overwrite')).toBe('run')
    expect(checkOutput(output, 'append')).toBe('run')
    expect(checkOutput(output, 'ignore')).toBe('skip')
  })

  test('ignore does not accept an unfinished output as finished', () => {
    const { output } = setUp({ 'part-r-00000.tsv': 'x' })
    expect(() => checkOutput(output, 'ignore')).toThrow(expect.objectContaining(code('OUTPUT_EXISTS')))
  })

  test('a file, or a link to nothing, is OUTPUT_NOT_A_FOLDER', () => {
    const folder = temporaryFolder()
    writeFiles(folder, { file: 'x' })
    symlinkSync('nowhere', join(folder, 'link'))
    for (const name of ['file', 'link']) {
      const output = resolveOutput(name, folder)
      expect(() => checkOutput(output, 'overwrite')).toThrow(expect.objectContaining(code('OUTPUT_NOT_A_FOLDER')))
    }
  })

  test('overwrite does not replace a folder with files that no job wrote', () => {
    const foreign = [{ 'notes.txt': 'mine' }, { 'named/notes.txt': 'mine' }, { 'a/b/part-r-00000.tsv': 'deep' }]
    for (const files of foreign) {
      const { output } = setUp({ ...old, ...files })
      expect(() => checkOutput(output, 'overwrite')).toThrow(expect.objectContaining(code('OUTPUT_UNSAFE')))
      expect(checkOutput(output, 'append')).toBe('run')
    }
    const { output } = setUp({ ...old, 'named/part-r-00000.csv.gz': 'x', '.crc': '' })
    expect(checkOutput(output, 'overwrite')).toBe('run')
  })

  test('the root, home, the current folder and all folders above are OUTPUT_UNSAFE', () => {
    for (const output of ['/', homedir(), process.cwd(), join(process.cwd(), '..')]) {
      expect(() => checkOutput(resolveOutput(output, '/'), 'overwrite')).toThrow(
        expect.objectContaining(code('OUTPUT_UNSAFE')),
      )
    }
  })

  test('an output that is or holds an input is OUTPUT_UNSAFE, by any path', () => {
    const { folder, output } = setUp(old)
    symlinkSync('.', join(folder, 'link'))
    for (const input of [join(output, 'part-r-00000.tsv'), join(folder, 'link/out/part-r-00001.tsv'), output]) {
      expect(() => checkOutput(output, 'append', [input])).toThrow(expect.objectContaining(code('OUTPUT_UNSAFE')))
    }
    writeFiles(folder, { outside: 'x', 'out-2': 'x' })
    expect(checkOutput(output, 'append', [join(folder, 'outside'), join(folder, 'out-2')])).toBe('run')
  })

  test('an output that is a link to a folder means that folder', () => {
    const folder = realpathSync(temporaryFolder())
    mkdirSync(join(folder, 'disk/out'), { recursive: true })
    symlinkSync('disk/out', join(folder, 'out'))
    const output = resolveOutput('out', folder)
    expect(output).toBe(join(folder, 'disk/out'))
    expect(stateDirOf(output)).toBe(join(folder, 'disk/.out.runjob'))
  })
})

describe('committing', () => {
  test('puts the parts in place with an empty _SUCCESS', () => {
    for (const existing of [null, {}]) {
      for (const mode of ['error', 'overwrite', 'append', 'ignore'] as const) {
        const { output, from } = setUp(existing, { 'part-r-00000.tsv': 'new', 'named/part-r-00000.csv': 'n' })
        commitOutput(from, output, mode, 'this run')
        expect(contentOf(output)).toEqual({ _SUCCESS: '', 'named/part-r-00000.csv': 'n', 'part-r-00000.tsv': 'new' })
        expect(existsSync(from)).toBe(false)
      }
    }
  })

  test('creates the folders above the output', () => {
    const folder = temporaryFolder()
    const output = join(folder, 'a/b/out')
    const from = join(folder, 'parts')
    writeFiles(from, { 'part-r-00000.tsv': 'new' })
    commitOutput(from, output, 'error', 'this run')
    expect(existsSync(join(output, '_SUCCESS'))).toBe(true)
  })

  test('replaces the old output in mode overwrite, and leaves nothing else', () => {
    const { output, from, state } = setUp({ ...old, 'named/part-r-00000.csv': 'gone' })
    commitOutput(from, output, 'overwrite', 'this run')
    expect(contentOf(output)).toEqual({ _SUCCESS: '', 'part-r-00000.tsv': 'new' })
    expect(readdirSync(state)).toEqual(['commit.json'])
  })

  test('continues the numbers in mode append', () => {
    const { output, from, state } = setUp(
      { ...old, 'part-m-00007.tsv': 'old7', 'named/part-r-00003.csv': 'n3', 'mine.txt': 'kept' },
      {
        'part-r-00000.tsv': 'new0',
        'part-r-00002.tsv': 'new2',
        'named/part-r-00000.csv': 'n',
        'more/part-r-00000.csv': 'm',
      },
    )
    commitOutput(from, output, 'append', 'this run')
    expect(contentOf(output)).toEqual({
      _SUCCESS: '',
      'mine.txt': 'kept',
      'more/part-r-00000.csv': 'm',
      'named/part-r-00003.csv': 'n3',
      'named/part-r-00004.csv': 'n',
      'part-m-00007.tsv': 'old7',
      'part-r-00000.tsv': 'old0',
      'part-r-00001.tsv': 'old1',
      'part-r-00008.tsv': 'new0',
      'part-r-00010.tsv': 'new2',
    })
    expect(readdirSync(state)).toEqual(['commit.json'])
  })

  test('replaces just the innermost folders of values that the new parts have, in mode overwritePartitions', () => {
    const { output, from, state } = setUp(
      {
        _SUCCESS: '',
        'a=1/b=1/part-r-00000.tsv': 'old11',
        'a=1/b=2/part-r-00000.tsv': 'old12',
        'a=1/b=2/part-r-00001.tsv': 'old12',
        'a=2/b=1/part-r-00000.tsv': 'old21',
        'named/c=1/part-r-00000.tsv': 'old1',
        'named/c=2/part-r-00000.tsv': 'old2',
      },
      {
        'a=1/b=2/part-r-00000.tsv': 'new12',
        'a=3/b=1/part-r-00000.tsv': 'new31',
        'named/c=2/part-r-00000.tsv': 'new2',
      },
    )
    commitOutput(from, output, 'overwritePartitions', 'this run')
    expect(contentOf(output)).toEqual({
      _SUCCESS: '',
      'a=1/b=1/part-r-00000.tsv': 'old11',
      'a=1/b=2/part-r-00000.tsv': 'new12',
      'a=2/b=1/part-r-00000.tsv': 'old21',
      'a=3/b=1/part-r-00000.tsv': 'new31',
      'named/c=1/part-r-00000.tsv': 'old1',
      'named/c=2/part-r-00000.tsv': 'new2',
    })
    expect(readdirSync(state)).toEqual(['commit.json'])
    expect(recoverOutput(output)).toBe('this run')
  })

  test('keeps old parts as the same files, without copying', () => {
    const { output, from } = setUp(old)
    const { ino } = statSync(join(output, 'part-r-00000.tsv'))
    commitOutput(from, output, 'append', 'this run')
    expect(statSync(join(output, 'part-r-00000.tsv')).ino).toBe(ino)
  })

  test('refuses, and keeps its parts, if an output has appeared meanwhile', () => {
    const { output, from } = setUp(old)
    for (const mode of ['error', 'ignore'] as const) {
      expect(() => commitOutput(from, output, mode, 'this run')).toThrow(expect.objectContaining(code('OUTPUT_EXISTS')))
    }
    expect(contentOf(output)).toEqual(contentOf(setUp(old).output))
    expect(existsSync(join(from, 'part-r-00000.tsv'))).toBe(true)
  })

  test('makes the same folder twice', () => {
    const [first, second] = [setUp(null), setUp(null)]
    for (const { output, from } of [first, second]) commitOutput(from, output, 'error', 'this run')
    expect(contentOf(first!.output)).toEqual(contentOf(second!.output))
  })
})

describe('recovery after a crash', () => {
  const journal = (state: string) =>
    writeFileSync(join(state, 'commit.json'), JSON.stringify({ from: 'parts', run: 'this run' }))
  const done = { _SUCCESS: '', 'part-r-00000.tsv': 'new' }

  test('does nothing if there was no commit', () => {
    const { output, from } = setUp(old)
    expect(recoverOutput(output)).toBe(null)
    expect(recoverOutput(join(output, 'never'))).toBe(null)
    expect(existsSync(from)).toBe(true)
  })

  test('before the old output is moved away: nothing has happened, and the commit can be made again', () => {
    const { output, from, state } = setUp(old)
    writeFiles(from, { _SUCCESS: '' })
    journal(state)
    expect(recoverOutput(output)).toBe(null)
    expect(contentOf(output)['part-r-00000.tsv']).toBe('old0')
    commitOutput(from, output, 'overwrite', 'this run')
    expect(contentOf(output)).toEqual(done)
  })

  test('between the two renames: the new output is put in place', () => {
    const { output, from, state } = setUp(old)
    writeFiles(from, { _SUCCESS: '' })
    journal(state)
    renameSync(output, join(state, 'replaced'))
    expect(recoverOutput(output)).toBe('this run')
    expect(contentOf(output)).toEqual(done)
    expect(readdirSync(state)).toEqual(['commit.json'])
  })

  test('after both renames: the rest of the old output is removed', () => {
    const { output, from, state } = setUp(old)
    writeFiles(from, { _SUCCESS: '' })
    journal(state)
    renameSync(output, join(state, 'replaced'))
    renameSync(from, output)
    expect(recoverOutput(output)).toBe('this run')
    expect(contentOf(output)).toEqual(done)
    expect(readdirSync(state)).toEqual(['commit.json'])
    expect(recoverOutput(output)).toBe('this run')
    removeJournal(state)
    expect(recoverOutput(output)).toBe(null)
  })

  test('while the old output is being removed: the rest is removed', () => {
    const { output, from, state } = setUp(null)
    writeFiles(from, { _SUCCESS: '' })
    journal(state)
    renameSync(from, output)
    expect(recoverOutput(output)).toBe('this run')
    expect(readdirSync(state)).toEqual(['commit.json'])
  })

  test('knows a run that had appended to nothing, or to an empty folder', () => {
    for (const existing of [null, {}]) {
      const { output, from, state } = setUp(existing)
      commitOutput(from, output, 'append', 'this run')
      expect(readdirSync(state)).toEqual(['commit.json'])
      expect(recoverOutput(output)).toBe('this run')
      expect(contentOf(output)).toEqual(done)
    }
  })

  test('works after the whole folder was moved', () => {
    const { folder, output, from, state } = setUp(old)
    writeFiles(from, { _SUCCESS: '' })
    journal(state)
    renameSync(output, join(state, 'replaced'))
    const elsewhere = join(temporaryFolder(), 'moved')
    renameSync(folder, elsewhere)
    expect(recoverOutput(join(elsewhere, 'out'))).toBe('this run')
    expect(contentOf(join(elsewhere, 'out'))).toEqual(done)
    mkdirSync(folder)
  })

  test('restores the old output if the new one was removed', () => {
    const { output, from, state } = setUp(old)
    journal(state)
    renameSync(output, join(state, 'replaced'))
    renameSync(from, join(state, 'taken'))
    recoverOutput(output)
    expect(contentOf(output)).toEqual(contentOf(setUp(old).output))
  })

  test('an unreadable journal is STATE_CORRUPT', () => {
    const { output, state } = setUp(old)
    writeFileSync(join(state, 'commit.json'), '{"from"')
    expect(() => recoverOutput(output)).toThrow(expect.objectContaining(code('STATE_CORRUPT')))
  })
})
