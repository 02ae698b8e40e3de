/** Collections as a user runs them: scripts, datasets, queries; a run that is killed and continues. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import { node, runjob, tunedRunjob } from '../helpers/run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TUNED_MAIN = fileURLToPath(new URL('../soak/tuned_runjob.mjs', import.meta.url))

/** A project in which runjob is installed. */
function project(files: Record<string, string>): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/runjob'))
  writeFiles(folder, { 'in.txt': 'b a\nb c\n', ...files })
  return folder
}

describe('a script', () => {
  it('counts words, and folds with functions that are made after its first action', async () => {
    const folder = project({
      'main.mjs': `import { read } from 'runjob'
        const words = read.text('in.txt').flatMap((line) => line.split(' '))
        const counts = words.map((word) => [word, 1]).reduceByKey((a, b) => a + b)
        console.log(JSON.stringify(await counts.collect()))
        console.log(await words.reduce((a, b) => a + b))
        await words.foreach((word) => console.log(word))
        console.log(await words.map((word) => word).count().catch((error) => error.code))`,
    })
    const { stdout, stderr } = await node(['main.mjs'], { cwd: folder })
    expect({ stdout, stderr }).toEqual({
      stdout: '[["a",1],["b",2],["c",1]]\nbabc\nb\na\nb\nc\nFUNCTION_NOT_FOUND\n',
      stderr: '',
    })
  })

  it('may be CommonJS', async () => {
    const folder = project({
      'main.cjs': `const { read } = require('runjob')
        const lengths = read.text('in.txt').map((line) => line.length)
        lengths.collect().then((list) => console.log(list))`,
    })
    expect(await node(['main.cjs'], { cwd: folder })).toMatchObject({ stdout: '[ 3, 3 ]\n', stderr: '' })
  })
})

describe('a query', () => {
  it('may be a collection, or ask for its elements', async () => {
    const folder = project({})
    const query = (...args: string[]) => runjob(['query', ...args], { cwd: folder })
    const words = 'df.flatMap(line => line.split(" ")).filter(word => word !== "a" && word < "c")'
    expect(await query(words, 'in.txt')).toMatchObject({ stdout: '"b"\n"b"\n', code: 0 })
    expect((await query(`${words}.countByKey()`, 'in.txt')).stderr).toContain(
      'countByKey() needs pairs [key, value], not "b".',
    )
    expect((await query(`${words}.keyBy(word => word).countByKey()`, 'in.txt')).stdout).toContain('"b",\n    2')
    const odd = await query('df.map(() => [NaN, 1 / 0, -1 / 0, 2n]).first()', 'in.txt')
    expect(JSON.parse(odd.stdout)).toEqual(['NaN', 'Infinity', '-Infinity', '2'])
    const inside = await query('({ counts: await df.lines().keyBy(line => line).countByKey() })', 'in.txt')
    expect(JSON.parse(inside.stdout)).toEqual({
      counts: [
        ['b a', 1],
        ['b c', 1],
      ],
    })
    expect((await query(`df.lines().sortBy(line => line, false)`, 'in.txt', '--format', 'text')).stdout).toBe(
      'b c\nb a\n',
    )
    expect((await query('df.rows()', 'in.txt')).stdout).toBe('{"value":"b a"}\n{"value":"b c"}\n')
  })
})

describe('elements as rows', () => {
  it('are what a query may ask for, there and back', async () => {
    const folder = project({ 'sales.csv': 'city,amount\nRome,2\nOslo,1\nRome,3\n' })
    const query = (...args: string[]) => runjob(['query', ...args], { cwd: folder })
    const made = 'df.map((row) => [row.city, Number(row.amount)]).toDF({ city: string(), n: long() })'
    const counted = `${made}.groupBy("city").agg({ n: sum("n") })`
    expect(await query(counted, 'sales.csv')).toMatchObject({
      stdout: '{"city":"Oslo","n":1}\n{"city":"Rome","n":5}\n',
      code: 0,
    })
    const csv = await query(`${made}.filter(c => c.n.gt(1))`, 'sales.csv', '--format', 'csv', '-o', '-')
    expect(csv.stdout).toBe('city,n\nRome,2\nRome,3\n')
    const groups = 'df.groupBy("city").mapGroups(({ city }, rows) => [city, [...rows].length])'
    expect((await query(groups, 'sales.csv')).stdout).toBe('["Oslo",1]\n["Rome",2]\n')
    const wrong = await query(made.replace('Number(row.amount)', 'row.amount'), 'sales.csv')
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('toDF(): the field "n" is "2", and is declared as bigint')
    expect(wrong.stderr).toMatch(/at: .*sales\.csv, a row with {"city":"Rome","amount":"2"} \(/)
    expect(wrong.stdout).toBe('')
  })

  it('go on after a run was killed', async () => {
    const folder = project({
      'in.txt': Array.from({ length: 2000 }, (_, i) => `${i}\n`).join(''),
      'sums.mjs': `import { existsSync } from 'node:fs'
        import { defineDataset, long, string, sum } from 'runjob'
        const wait = new Int32Array(new SharedArrayBuffer(4))
        export default defineDataset({
          name: 'sums',
          build: ({ read }) => read.text('in.txt')
            .map((line) => [Number(line) % 7, Number(line)])
            .toDF({ key: long(), n: long() })
            .groupBy('key')
            .agg({ n: sum('n') })
            .map((row) => {
              while (!existsSync('gate')) Atomics.wait(wait, 0, 0, 5)
              return [String(row.key), row.n]
            })
            .toDF({ key: string(), n: long() }),
        })`,
    })
    const tuning = { splitBytes: 1000, holdMs: 0, heldBytes: 0 }
    const args = ['sums.mjs', '--format', 'csv', '-o', 'out', '--no-progress']
    const child = spawn(process.execPath, [TUNED_MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, RUNJOB_TUNING: JSON.stringify(tuning) },
      stdio: 'ignore',
    })
    while (!existsSync(join(folder, '.out.runjob/runs'))) await sleep(20)
    await sleep(1000)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    expect(existsSync(join(folder, 'out'))).toBe(false)
    writeFiles(folder, { gate: '' })
    const resumed = await tunedRunjob(args, tuning, { cwd: folder })
    expect(resumed).toMatchObject({ code: 0 })
    expect(resumed.stderr).toContain('resuming: ')
    const sums = Array.from({ length: 7 }, () => 0)
    for (let i = 0; i < 2000; i++) sums[i % 7]! += i
    expect(textOf(join(folder, 'out'))).toBe(`key,n\n${sums.map((sum, key) => `${key},${sum}\n`).join('')}`)
  })
})

describe('a dataset', () => {
  it('ranks pages by the links to them', async () => {
    const folder = temporaryFolder()
    const links = readFileSync(join(root, 'examples/links.txt'), 'utf8')
    const { code } = await runjob(['examples/page_rank.ts', '--rounds', '5', '-o', join(folder, 'out')], { cwd: root })
    expect(code).toBe(0)
    const found = linesOf(join(folder, 'out')).map((line) => JSON.parse(line) as [string, number])
    const expected = [...ranksOf(links, 5)].sort(([, a], [, b]) => b - a)
    expect(found.map(([page]) => page)).toEqual(expected.map(([page]) => page))
    for (const [i, [, rank]] of found.entries()) expect(rank).toBeCloseTo(expected[i]![1], 12)
  })

  it('is stopped by an error of a function, with its place', async () => {
    const folder = project({
      'words.ts': `import { defineDataset } from 'runjob'
        export default defineDataset({
          name: 'words',
          build: ({ read }) => read.text('in.txt').map((line): number => { throw new RangeError(line) }),
        })`,
    })
    const { code, stderr } = await runjob(['words.ts', '-o', 'out', '--no-progress'], { cwd: folder })
    expect(code).toBe(1)
    expect(stderr).toContain('USER_ERROR: The function of map() failed: b a')
    expect(stderr).toContain('in.txt')
    expect(stderr).toContain('words.ts:4')
    expect(stderr).toContain('(dataset words, stage output')
  })

  it('continues after it was killed', async () => {
    const count = 2000
    const folder = project({
      'in.txt': Array.from({ length: count }, (_, i) => `${i}\n`).join(''),
      'sums.mjs': `import { existsSync } from 'node:fs'
        import { defineDataset } from 'runjob'
        const wait = new Int32Array(new SharedArrayBuffer(4))
        export default defineDataset({
          name: 'sums',
          build: ({ read }) => read.text('in.txt')
            .map((line) => [Number(line) % 7, Number(line)])
            .reduceByKey((a, b) => a + b)
            .map(([key, sum]) => {
              while (!existsSync('gate')) Atomics.wait(wait, 0, 0, 5)
              return key + ':' + sum
            }),
        })`,
    })
    const tuning = { splitBytes: 1000, holdMs: 0, heldBytes: 0 }
    const args = ['sums.mjs', '--format', 'text', '-o', 'out', '--no-progress']
    const child = spawn(process.execPath, [TUNED_MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, RUNJOB_TUNING: JSON.stringify(tuning) },
      stdio: 'ignore',
    })
    while (!existsSync(join(folder, '.out.runjob/runs'))) await sleep(20)
    await sleep(1000)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    expect(existsSync(join(folder, 'out'))).toBe(false)
    writeFiles(folder, { gate: '' })
    const resumed = await tunedRunjob(args, tuning, { cwd: folder })
    expect(resumed).toMatchObject({ code: 0 })
    expect(resumed.stderr).toContain('resuming: ')
    const sums = Array.from({ length: 7 }, () => 0)
    for (let i = 0; i < count; i++) sums[i % 7]! += i
    expect(textOf(join(folder, 'out'))).toBe(sums.map((sum, key) => `${key}:${sum}\n`).join(''))
  })
})

function ranksOf(text: string, rounds: number): Map<string, number> {
  const links = new Map<string, Set<string>>()
  for (const line of new Set(text.trim().split('\n'))) {
    const [from, to] = line.split(' ') as [string, string]
    links.set(from, (links.get(from) ?? new Set()).add(to))
  }
  let ranks = new Map([...links.keys()].map((page) => [page, 1]))
  for (let round = 0; round < rounds; round++) {
    const sums = new Map<string, number>()
    for (const [page, targets] of links) {
      const rank = ranks.get(page)
      if (rank === undefined) continue
      for (const target of targets) sums.set(target, (sums.get(target) ?? 0) + rank / targets.size)
    }
    ranks = new Map([...sums].map(([page, sum]) => [page, 0.15 + 0.85 * sum]))
  }
  return ranks
}
