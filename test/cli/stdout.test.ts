/** `-o -`: records on standard output, everything else elsewhere. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { runjob } from '../helpers/run.js'

const INDEX = new URL('../../dist/src/index.js', import.meta.url).href
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))

function prepare() {
  const folder = temporaryFolder()
  const tmp = join(folder, 'tmp')
  mkdirSync(tmp)
  writeFiles(folder, { 'in.txt': 'b a\nb', 'sales.csv': 'city,n\nOslo,1\nRome,x\n' })
  const runIn = (args: string[]) => runjob(args, { cwd: folder, env: { TMPDIR: tmp } })
  return { folder, runIn, left: () => [...readdirSync(tmp), ...readdirSync(folder)].sort() }
}

const LEFT = ['in.txt', 'sales.csv', 'tmp']

describe('-o -', () => {
  it('prints the records, in order, with one header, and leaves nothing', async () => {
    const { runIn, left } = prepare()
    const plain = await runIn(['sort', 'in.txt', '-o', '-', '--partitions', '3'])
    expect(plain).toMatchObject({ code: 0, stdout: 'b\nb a\n' })
    expect(plain.stderr).toContain('standard output')
    const stats = ['stats', 'sales.csv', '--by', 'city', '--of', 'n', '-o', '-', '--max-bad', '1']
    const rows = await runIn([...stats, '--partitions', '4'])
    expect(rows).toMatchObject({ code: 0, stdout: 'city,count,sum,min,mean,max\nOslo,1,1,1,1,1\n' })
    expect(rows.stderr).toContain('CSV_BAD_NUMBER')
    expect(await runIn(['wordcount', 'in.txt', '-o', '-', '-q'])).toEqual({
      code: 0,
      stdout: 'a\t1\nb\t2\n',
      stderr: '',
    })
    expect(left()).toEqual(LEFT)
  })

  it('prints nothing where the run fails', async () => {
    const { runIn, left } = prepare()
    const failed = await runIn(['stats', 'sales.csv', '--by', 'city', '--of', 'n', '-o', '-'])
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toContain('CSV_BAD_NUMBER')
    expect(left()).toEqual(LEFT)
  })

  it('keeps nothing, so no hint says that something continues or starts over', async () => {
    const { folder, runIn } = prepare()
    const job = `import { defineJob, text } from ${JSON.stringify(INDEX)}
export default defineJob({ name: 'wrong', input: text(), map() { throw new Error('boom') } })`
    writeFiles(folder, { 'wrong.mjs': job })
    const failed = await runIn(['wrong.mjs', 'in.txt', '-o', '-'])
    expect(failed.stderr).toContain('hint: Nothing was written. Fix the function, then run the same command.')
  })

  it('prints nothing where a teardown fails, and blames the function that did', async () => {
    const { folder, runIn } = prepare()
    const job = (name: string, body: string) =>
      `import { defineJob, mapReduce, sum, text } from ${JSON.stringify(INDEX)}\nexport default defineJob({ name: '${name}', ${body} })`
    const body = 'input: text(), map(line, emit) { emit(line, 1) }, reduce: sum()'
    writeFiles(folder, {
      'late.mjs': job('late', `${body}, teardown() { throw new Error('too late') }`),
      'wrong.mjs': job('wrong', `define() { throw new TypeError('no such thing') }`),
    })
    const late = await runIn(['late.mjs', 'in.txt', '-o', '-', '-q'])
    expect(late).toMatchObject({ code: 1, stdout: '' })
    expect(late.stderr).toContain("error USER_ERROR: The job's teardown function failed: too late")
    const wrong = await runIn(['wrong.mjs', 'in.txt', '-o', '-', '-q'])
    expect(wrong.stderr).toContain("error USER_ERROR: The job's define function failed: no such thing")
  })

  it('prints the lines that grep finds in the format that was asked for', async () => {
    const { folder, runIn } = prepare()
    writeFiles(folder, { 'odd.txt': Buffer.from('a,"b\tc\r\nno\na\xe9\\\n', 'latin1') })
    const asked = async (pattern: string, format: string) => {
      await runIn(['grep', pattern, 'odd.txt', '-o', 'found', '--format', format, '--single-file', '-q'])
      const found = readFileSync(join(folder, 'found'), 'latin1')
      rmSync(join(folder, 'found'))
      return found
    }
    for (const pattern of ['a', '^a.']) {
      expect(await asked(pattern, 'text')).toBe('a,"b\tc\r\na\xe9\\\n')
      expect(await asked(pattern, 'csv')).toBe('key\n"a,""b\tc"\na\xe9\\\n')
      expect(await asked(pattern, 'tsv')).toBe('a,"b\\tc\na\xe9\\\\\n')
      expect(Buffer.from(await asked(pattern, 'jsonl'), 'latin1').toString()).toBe(
        '{"key":"a,\\"b\\tc"}\n{"key":"a\ufffd\\\\"}\n',
      )
    }
  })

  it('prints compressed bytes, and reads standard input', () => {
    const { folder } = prepare()
    const args = [MAIN, 'wordcount', '-', '-o', '-', '--gzip', '-q']
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, input: 'x y x' })
    expect(status).toBe(0)
    expect(gunzipSync(stdout).toString()).toBe('x\t2\ny\t1\n')
  })

  it('ends quietly when its reader has seen enough', () => {
    const { folder } = prepare()
    writeFiles(folder, { 'long.txt': 'some line of text\n'.repeat(200_000) })
    const line = `"${process.execPath}" "${MAIN}" sort long.txt -o - | head -1; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8' })
    expect(stdout).toBe('some line of text\n0\n')
    expect(stderr).not.toMatch(/error|EPIPE/)
  })

  it.skipIf(!existsSync('/dev/full'))('fails where standard output cannot take them', () => {
    const { folder } = prepare()
    const line = `"${process.execPath}" "${MAIN}" wordcount in.txt -o - > /dev/full`
    const { status, stderr } = spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toContain('error FILE_IO: Standard output')
  })

  it.each([['--json'], ['--top', '3'], ['--mode', 'overwrite'], ['--keep-state'], ['--gzip', '--zstd']])(
    'refuses %s',
    async (...more) => {
      const { runIn } = prepare()
      const refused = await runIn(['wordcount', 'in.txt', '-o', '-', ...more])
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toContain('error OPTION_INVALID')
    },
  )

  it('is refused if standard input is a folder, from which Node reads nothing', () => {
    const { folder, left } = prepare()
    const stdin = openSync(folder, 'r')
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'wordcount', '-', '-o', '-'], {
      cwd: folder,
      env: { ...process.env, TMPDIR: join(folder, 'tmp') },
      stdio: [stdin, 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    expect(stderr).toContain('error INPUT_UNREADABLE')
    expect(stderr).toContain('it is a folder')
    expect(status).toBe(1)
    expect(left()).toEqual(LEFT)
  })

  it('says where no temporary folder can be made', async () => {
    const { folder } = prepare()
    const env = { TMPDIR: join(folder, 'nowhere') }
    const failed = await runjob(['wordcount', 'in.txt', '-o', '-'], { cwd: folder, env })
    expect(failed.code).not.toBe(0)
    expect(failed.stderr).not.toContain('INTERNAL')
    expect(failed.stderr).toContain('nowhere')
  })
})

it.each(['/dev/stdout', '/dev/fd/1', '/dev/null'])(
  '%s is not an output, and the hint says what to use',
  async (path) => {
    const { runIn } = prepare()
    const folder = await runIn(['wordcount', 'in.txt', '-o', path])
    expect(folder).toMatchObject({ code: 1, stdout: '' })
    expect(folder.stderr).toContain(`error OUTPUT_NOT_A_FOLDER: Output ${path}`)
    expect(folder.stderr).toContain('-o - writes to standard output')
    const file = await runIn(['wordcount', 'in.txt', '-o', path, '--single-file'])
    expect(file.stderr).toContain(`error OUTPUT_NOT_A_FILE: Output ${path}`)
    expect(file.stderr).toContain('-o - writes to standard output')
  },
)

it('a profile inside the output is refused: it would keep the next run from replacing it', async () => {
  const { runIn } = prepare()
  for (const profile of ['out', 'out/profile', 'out --explain']) {
    const refused = await runIn(['wordcount', 'in.txt', '-o', 'out', '--profile', ...profile.split(' ')])
    expect(refused.stderr).toContain('error OPTION_INVALID')
    expect(refused.code).toBe(2)
  }
})
