/** Rows in folders of their values, as Spark writes them: names, files, modes, and what is refused. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  csv,
  type DatasetOptions,
  date,
  defineDataset,
  double,
  int,
  jsonl,
  nullable,
  parquet,
  read,
  runDataset,
  string,
  timestamp,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { snapshot, temporaryFolder } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

const rows = csv({ schema: { id: int(), k: nullable(string()), n: nullable(int()) } })

function source(lines: readonly string[], header = 'id,k,n'): string {
  const path = join(temporaryFolder(), 'in.csv')
  writeFileSync(path, `${[header, ...lines].join('\n')}\n`)
  return path
}

/** Paths of the files with rows, sorted. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /part-/.test(name))
    .sort()
}

const out = () => join(temporaryFolder(), 'out')

const written = async (path: string, options: Partial<DatasetOptions<never>> = {}) => {
  const output = options.output ?? out()
  const dataset = defineDataset({ name: 'rows', build: ({ read }) => read(rows, path) })
  await runDataset(dataset, { partitionBy: ['k'], ...options, output })
  return output
}

describe('rows by their values', () => {
  it('are in one file a folder, in the order of the input, and come back', async () => {
    const path = source(['1,b,7', '2,a,7', '3,,8', '4,b,', '5,a,9'])
    const output = await written(path)
    expect(filesIn(output)).toEqual([
      'k=__HIVE_DEFAULT_PARTITION__/part-r-00000.jsonl',
      'k=a/part-r-00000.jsonl',
      'k=b/part-r-00000.jsonl',
    ])
    expect(readFileSync(join(output, 'k=b/part-r-00000.jsonl'), 'utf8')).toBe('{"id":1,"n":7}\n{"id":4,"n":null}\n')
    expect(await read(jsonl(), output).orderBy('id').collect()).toEqual([
      { id: 1, n: 7, k: 'b' },
      { id: 2, n: 7, k: 'a' },
      { id: 3, n: 8, k: null },
      { id: 4, n: null, k: 'b' },
      { id: 5, n: 9, k: 'a' },
    ])
  })

  it.each(['csv', 'tsv', 'parquet'] as const)('are read back from %s, by two columns', async (format) => {
    const path = source(['1,b,7', '2,a,7', '3,,8', '4,b,', '5,b,7'])
    const output = await written(path, { partitionBy: ['n', 'k'], format })
    const all = ['n=7/k=a', 'n=7/k=b', 'n=8/k=__HIVE_DEFAULT_PARTITION__', 'n=__HIVE_DEFAULT_PARTITION__/k=b']
    expect(filesIn(output)).toEqual(all.map((folder) => `${folder}/part-r-00000.${format}`))
    if (format !== 'parquet') return
    const back = await read(parquet(), output).orderBy('id').collect()
    expect(back).toEqual([
      { id: 1, n: 7, k: 'b' },
      { id: 2, n: 7, k: 'a' },
      { id: 3, n: 8, k: null },
      { id: 4, n: null, k: 'b' },
      { id: 5, n: 7, k: 'b' },
    ])
    const duck = await (await DuckDBInstance.create()).connect()
    const theirs = await duck.runAndReadAll(
      `select id, n::varchar as n from read_parquet('${output}/**/*.parquet', hive_partitioning = true) order by id`,
    )
    expect(theirs.getRowObjectsJson()).toEqual(back.map(({ id, n }) => ({ id, n: n === null ? null : String(n) })))
  })

  it('have folders named as in Spark', async () => {
    const texts = [
      'a b',
      'a/b',
      'ü',
      '100%',
      "it's",
      'x:y',
      '{z}',
      'q?',
      'a=b',
      '#',
      '"q"',
      '*',
      '[1]',
      '^',
      'back\\slash',
      '\x7f\x01',
    ]
    const path = join(temporaryFolder(), 'in.jsonl')
    writeFileSync(path, texts.map((k, id) => `${JSON.stringify({ id, k })}\n`).join(''))
    const output = out()
    await read(jsonl({ schema: { id: int(), k: string() } }), path)
      .write.partitionBy('k')
      .json(output)
    const names = [
      'a b',
      'a%2Fb',
      'ü',
      '100%25',
      'it%27s',
      'x%3Ay',
      '%7Bz}',
      'q%3F',
      'a%3Db',
      '%23',
      '%22q%22',
      '%2A',
      '%5B1%5D',
      '%5E',
    ]
    expect(readdirSync(output).sort()).toEqual(
      [...names, 'back%5Cslash', '%7F%01']
        .map((name) => `k=${name}`)
        .concat('_SUCCESS')
        .sort(),
    )
    const back = await read(jsonl({ schema: { id: int(), k: string() } }), output)
      .orderBy('id')
      .collect()
    expect(back.map(({ k }) => k)).toEqual(texts)
  })

  it('have values of any type in their names; both zeros are one', async () => {
    const path = source(
      [
        '1,2024-01-31,2024-01-31T12:34:56.5,-0.0',
        '2,2024-01-31,2024-01-31T12:34:56.5,0',
        '3,0001-01-01,1969-12-31,NaN',
      ],
      'id,day,at,x',
    )
    const typed = csv({ schema: { id: int(), day: date(), at: timestamp(), x: double() } })
    const output = out()
    await read(typed, path).write.partitionBy('day', 'at', 'x').json(output)
    expect(filesIn(output)).toEqual([
      'day=0001-01-01/at=1969-12-31 00%3A00%3A00/x=NaN/part-r-00000.jsonl',
      'day=2024-01-31/at=2024-01-31 12%3A34%3A56.5/x=0.0/part-r-00000.jsonl',
    ])
    expect((await read(jsonl(), output).collect()).length).toBe(3)
  })

  it('are the same files for any workers and memory, and large partitions have several', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i},${i % 2 === 0 ? 'often' : `k${i % 200}`},${i % 7}`)
    const path = source(lines)
    const tuning = { splitBytes: 40_000, fileBytes: 20_000 }
    const outputs = await Promise.all(
      [
        { workers: 1, memory: '512MB', partitions: 1 },
        { workers: 3, memory: '144MB', partitions: 7, [TUNING]: { ...tuning, collectorBytes: 50_000, mergeRuns: 3 } },
      ].map((config) => written(path, { format: 'csv', [TUNING]: tuning, ...config } as never)),
    )
    expect(snapshot(outputs[1]!)).toEqual(snapshot(outputs[0]!))
    const files = filesIn(outputs[0]!)
    expect(files.filter((name) => name.startsWith('k=often/')).length).toBeGreaterThan(2)
    expect(new Set(files.map((name) => name.split('/')[0])).size).toBe(101)
    const back = await read(csv(), outputs[0]!).collect()
    expect(back.length).toBe(20_000)
    const often = back.filter(({ k }) => k === 'often').map(({ id }) => Number(id))
    expect(often).toEqual(often.toSorted((a, b) => a - b))
  })

  describe('of which one folder has far more than others', () => {
    const CONFIGS = [
      { workers: 1, memory: '512MB', tuning: {} },
      { workers: 4, memory: '256MB', partitions: 5, tuning: {} },
      { workers: 1, memory: '48MB', partitions: 1, tuning: { collectorBytes: 30_000, mergeRuns: 3, heldBytes: 0 } },
      { workers: 4, memory: '192MB', tuning: { collectorBytes: 60_000, heldBytes: 100_000 } },
    ]
    /** Files of each folder in their order, each with its lines: the same for all workers and memory. */
    const filesOf = async (lines: readonly string[], mode: 'error' | 'append' = 'error', configs = CONFIGS) => {
      const path = source(lines)
      let first: Record<string, string> | null = null
      let output = ''
      for (const [i, { tuning, ...config }] of configs.entries()) {
        const all = { splitBytes: 10_000 * (i + 1), fileBytes: 20_000, ...tuning }
        output = await written(path, { format: 'csv', [TUNING]: all, ...config } as never)
        if (mode === 'append') {
          await written(path, { format: 'csv', [TUNING]: all, ...config, output, mode } as never)
        }
        first ??= snapshot(output)
        expect(snapshot(output), JSON.stringify(configs[i])).toEqual(first)
      }
      const files = filesIn(output)
      const rows = (name: string) => readFileSync(join(output, name), 'utf8').trim().split('\n').slice(1)
      const names = [...new Set(files.map((name) => name.split('/')[0]!))]
      const inFolder = (folder: string) => files.filter((name) => name.startsWith(`${folder}/`)).map(rows)
      return { output, folders: names.map((folder) => [folder, inFolder(folder)] as const) }
    }
    const expectRows = (folders: (readonly [string, string[][]])[], lines: readonly string[], times = 1) => {
      for (const [folder, files] of folders) {
        const k = folder.slice(2)
        const own = lines.filter((line) => line.split(',')[1] === k).map((line) => line.replace(`,${k},`, ','))
        expect(files.flat(), folder).toEqual(Array.from({ length: times }, () => own).flat())
      }
    }

    it('are divided among tasks there, into files of about equally many rows, and the small folders have one', async () => {
      const lines = Array.from({ length: 20_000 }, (_, i) => `${i},${i % 10 === 7 ? `k${i % 30}` : 'most'},${i % 7}`)
      const { folders } = await filesOf(lines)
      expectRows(folders, lines)
      expect(folders.map(([name, files]) => [name, files.length > 1])).toEqual([
        ['k=k17', false],
        ['k=k27', false],
        ['k=k7', false],
        ['k=most', true],
      ])
      const most = folders.at(-1)![1].map((rows) => rows.length)
      expect(most.length).toBeGreaterThan(5)
      expect(Math.max(...most) - Math.min(...most)).toBeLessThanOrEqual(1)
    })

    it('or are all in one folder', async () => {
      const lines = Array.from({ length: 10_000 }, (_, i) => `${i},only,${i % 7}`)
      const { folders, output } = await filesOf(lines)
      expectRows(folders, lines)
      expect(folders.map(([name]) => name)).toEqual(['k=only'])
      expect(filesIn(output).slice(0, 2)).toEqual(['k=only/part-r-00000.csv', 'k=only/part-r-00001.csv'])
    })

    it('and are none in a thousand even folders, which have one file each', async () => {
      const lines = Array.from({ length: 10_000 }, (_, i) => `${i},k${i % 1000},${i % 7}`)
      const { folders } = await filesOf(lines, 'error', CONFIGS.slice(0, 2))
      expectRows(folders, lines)
      expect(folders.length).toBe(1000)
      expect(folders.every(([, files]) => files.length === 1)).toBe(true)
    }, 120_000)

    it('and are appended behind the files that are there', async () => {
      const lines = Array.from({ length: 6000 }, (_, i) => `${i},${i % 10 === 0 ? 'few' : 'most'},${i % 7}`)
      const { folders } = await filesOf(lines, 'append')
      expectRows(folders, lines, 2)
    })

    it('and shares whose rows become long text have several files, which are read in order', async () => {
      const path = join(temporaryFolder(), 'in.jsonl')
      const ids = Array.from({ length: 30_000 }, (_, i) => i)
      writeFileSync(path, ids.map((id) => `{"k":"only","id":${id}}\n`).join(''))
      const name = 'a_name_that_is_far_longer_than_the_numbers_below_it'
      const output = out()
      const frame = read(jsonl({ schema: { k: string(), id: int() } }), path).withColumnRenamed('id', name as 'id')
      await frame.write.partitionBy('k').json(output, { [TUNING]: { fileBytes: 200_000 } } as never)
      expect(filesIn(output)).toContain('k=only/part-r-00000_00001.jsonl')
      expect((await read(jsonl(), output).collect()).map((row) => Number(row[name]))).toEqual(ids)
      await frame.write.mode('append').partitionBy('k').json(output)
      expect((await read(jsonl(), output).collect()).map((row) => Number(row[name]))).toEqual([...ids, ...ids])
    })
  })

  it('of hundreds of folders fit into little memory as Parquet', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `${i},k${i % 500},1`)
    const output = await written(source(lines), { format: 'parquet', memory: '48MB', workers: 1 })
    expect(filesIn(output).length).toBe(500)
    expect(await read(parquet(), output).count()).toBe(1000)
  })

  it('keep the order that they were sorted in', async () => {
    const path = source(['1,a,3', '2,b,1', '3,a,2', '4,a,1'])
    const output = out()
    const dataset = defineDataset({
      name: 'rows',
      build: ({ read: from }) => ({
        sorted: from(rows, path).orderBy('n').write.partitionBy('k'),
        plain: from(rows, path),
      }),
    })
    const report = await runDataset(dataset, { output })
    expect(readFileSync(join(output, 'sorted/k=a/part-r-00000.jsonl'), 'utf8')).toBe(
      '{"id":4,"n":1}\n{"id":3,"n":2}\n{"id":1,"n":3}\n',
    )
    expect(report.outputs).toMatchObject({ sorted: { recordsWritten: 4 }, plain: { recordsWritten: 4 } })
  })
})

describe('modes', () => {
  it('overwritePartitions replaces just the folders that the new rows have', async () => {
    const first = source(['1,a,1', '2,b,1', '3,c,1'])
    const output = await written(first)
    await written(source(['9,b,2', '10,d,2']), { output, mode: 'overwritePartitions' })
    expect(await read(jsonl(), output).orderBy('id').select('id', 'k').collect()).toEqual([
      { id: 1, k: 'a' },
      { id: 3, k: 'c' },
      { id: 9, k: 'b' },
      { id: 10, k: 'd' },
    ])
    const before = snapshot(output)
    await written(source(['9,b,2', '10,d,2']), { output, mode: 'overwritePartitions' })
    expect(snapshot(output)).toEqual(before)
  })

  it('overwritePartitions says which folders it may replace, and then which it did', async () => {
    const output = out()
    const command = (lines: readonly string[], by: string, ...more: string[]) => {
      const args = ['query', 'df', source(lines), '-o', output, '--mode', 'overwritePartitions', '--partition-by', by]
      return runjob([...args, ...more])
    }
    const planOf = async (...more: string[]) => (await command(['9,b,2'], 'k,n', '--explain', ...more)).stdout
    const foldersOf = ({ stdout }: { stdout: string }) => {
      const { replacedFolders, addedFolders } = JSON.parse(stdout)
      return { replacedFolders, addedFolders }
    }
    expect(await planOf()).toContain('in folders by k, n, replaces no folder: there is none')
    expect(foldersOf(await command(['1,a,1', '2,b,1'], 'k,n', '--json'))).toEqual({
      replacedFolders: [],
      addedFolders: ['k=a/n=1', 'k=b/n=1'],
    })
    expect(await planOf()).toContain('in folders by k, n, replaces those of k=a/n=1, k=b/n=1 that get rows')
    expect(await planOf('--analyze', '-q')).toContain('replaces those of k=a/n=1, k=b/n=1 that get rows')
    const done = await command(['9,b,1', '8,b,2', '7,c,1', '6,d,1', '5,e,1'], 'k,n', '--no-progress')
    expect(done.stderr).toMatch(/replaced +1 folder: k=b\/n=1\n +added +4 folders: k=b\/n=2, k=c\/n=1, k=d\/n=1, …\n/)
    expect(await planOf()).toContain('replaces those of 6 folders that get rows')
    expect(foldersOf(await command(['9,b,1', '8,f,2'], 'k,n', '--json'))).toEqual({
      replacedFolders: ['k=b/n=1'],
      addedFolders: ['k=f/n=2'],
    })
    const none = await runjob(['query', 'df', source(['1,a,1']), '-o', out(), '--partition-by', 'k', '--json'])
    expect(foldersOf(none)).toEqual({})
  })

  it('error, overwrite, ignore and append do what they do elsewhere', async () => {
    const path = source(['1,a,1', '2,b,1'])
    const output = await written(path, { format: 'parquet' })
    expect((await failure(written(path, { output }))).code).toBe('OUTPUT_EXISTS')
    await written(path, { output, format: 'parquet', mode: 'append' })
    expect(filesIn(output)).toEqual([
      'k=a/part-r-00000.parquet',
      'k=a/part-r-00001.parquet',
      'k=b/part-r-00000.parquet',
      'k=b/part-r-00001.parquet',
    ])
    await written(source(['1,z,1']), { output, format: 'parquet', mode: 'ignore' })
    expect(await read(parquet(), output).count()).toBe(4)
    await written(source(['1,z,1']), { output, format: 'parquet', mode: 'overwrite' })
    expect(filesIn(output)).toEqual(['k=z/part-r-00000.parquet'])
  })

  it.each(['append', 'overwritePartitions'] as const)('%s refuses an output of other partitions', async (mode) => {
    const path = source(['1,a,1'])
    const codeOf = async (output: string, options: object) =>
      (await failure(written(path, { output, mode, ...options }))).code
    expect(await codeOf(await written(path), { partitionBy: ['n'] })).toBe('OUTPUT_DIFFERENT')
    expect(await codeOf(await written(path), { partitionBy: ['k', 'n'] })).toBe('OUTPUT_DIFFERENT')
    expect(await codeOf(await written(path, { partitionBy: ['k', 'n'] }), {})).toBe('OUTPUT_DIFFERENT')
    expect(await codeOf(await written(path, { partitionBy: [] }), {})).toBe('OUTPUT_DIFFERENT')
    if (mode === 'append') expect(await codeOf(await written(path), { partitionBy: [] })).toBe('OUTPUT_DIFFERENT')
    expect(await codeOf(await written(path), { format: 'csv' })).toBe('OUTPUT_DIFFERENT')
  })

  it('replaces no folder with a file that no run wrote', async () => {
    const path = source(['1,a,1'])
    const output = await written(path)
    mkdirSync(join(output, 'k=b'))
    writeFileSync(join(output, 'k=b/notes.txt'), '')
    for (const mode of ['overwrite', 'overwritePartitions'] as const) {
      expect((await failure(written(path, { output, mode }))).code).toBe('OUTPUT_UNSAFE')
    }
    expect(existsSync(join(output, 'k=b/notes.txt'))).toBe(true)
  })
})

describe('the command', () => {
  it('takes the columns of a query, and says so in its plan', async () => {
    const path = source(['1,a,7', '2,b,8'])
    const output = out()
    const args = ['query', 'df', path, '-o', output, '--partition-by', 'n,k', '--quiet']
    expect((await runjob([...args, '--explain'])).stdout).toContain('in folders by n, k')
    expect((await runjob(args)).code).toBe(0)
    expect(filesIn(output)).toEqual(['n=7/k=a/part-r-00000.jsonl', 'n=8/k=b/part-r-00000.jsonl'])
  })
})

it('a query may say how each of its outputs is written', async () => {
  const path = source(['1,a,7', '2,b,8'])
  const output = out()
  const query = "({ rows: df.write.partitionBy('k'), all: df.write.partitionBy('n') })"
  expect((await runjob(['query', query, path, '-o', output, '--quiet'])).code).toBe(0)
  expect(filesIn(output).map((name) => name.replace(/\/part.*/, ''))).toEqual([
    'all/n=7',
    'all/n=8',
    'rows/k=a',
    'rows/k=b',
  ])
  const alone = out()
  expect((await runjob(['query', "df.write.partitionBy('k')", path, '-o', alone, '--quiet'])).code).toBe(0)
  expect(filesIn(alone).length).toBe(2)
  const listed = await runjob(['query', "[df.write.partitionBy('k')]", path])
  expect([listed.code, listed.stdout]).toEqual([1, ''])
})

describe('what has no folder', () => {
  const jsonRows = (values: readonly unknown[]) => {
    const path = join(temporaryFolder(), 'in.jsonl')
    writeFileSync(path, values.map((k, id) => `${JSON.stringify({ id, k })}\n`).join(''))
    return read(jsonl({ schema: { id: int(), k: nullable(string()) } }), path)
  }

  it('is an empty text, unless it may be null', async () => {
    const frame = jsonRows(['', null, 'a'])
    const error = await failure(frame.write.partitionBy('k').json(out()))
    expect([error.code, error.message]).toEqual([
      'PARTITION_INVALID',
      expect.stringContaining('the value of k is an empty text'),
    ])
    expect(error.hint).toContain('--empty-as-null')
    const output = out()
    await frame.write.partitionBy('k').json(output, { emptyAsNull: true })
    expect(filesIn(output)).toEqual(['k=__HIVE_DEFAULT_PARTITION__/part-r-00000.jsonl', 'k=a/part-r-00000.jsonl'])
  })

  it('is a text that means null, or has too long a name', async () => {
    for (const text of ['__HIVE_DEFAULT_PARTITION__', 'x'.repeat(254)]) {
      const error = await failure(jsonRows([text]).write.partitionBy('k').json(out()))
      expect([error.code, error.hint]).toEqual([
        'PARTITION_INVALID',
        'Filter such rows, or give the column another value.',
      ])
    }
  })

  it('is refused before anything is read', async () => {
    const path = source(['1,a,1'])
    const of = async (options: object) => {
      const { code, message } = await failure(written(path, options))
      return `${code} ${message}`
    }
    expect(await of({ partitionBy: ['q'] })).toMatch(/^COLUMN_UNKNOWN No column "q". Columns: id, k, n/)
    expect(await of({ partitionBy: ['k', 'k'] })).toMatch(/k is there twice/)
    expect(await of({ partitionBy: ['id', 'k', 'n'] })).toMatch(/no column is left for the files/)
    expect(await of({ singleFile: true, output: join(temporaryFolder(), 'x.jsonl') })).toMatch(
      /rows by k go into folders/,
    )
    expect(await of({ output: join(temporaryFolder(), 'k=1', 'out') })).toMatch(/rows by k would go into k=1\/k=…/)
    expect(await of({ partitionBy: [], mode: 'overwritePartitions' })).toMatch(/an output has no partitions/)
    const lists = read(jsonl({ schema: { id: int() } }), source(['{"id":1}'], '{"id":0}')).withColumn('b', (c) =>
      c.id.cast('string').cast('binary'),
    )
    expect((await failure(lists.write.partitionBy('b').json(out()))).message).toMatch(/no folder is named after b/)
    const own = ["df.write.partitionBy('k')", path, '-o', out(), '--quiet', '--partition-by']
    const other = await runjob(['query', ...own, 'n'])
    expect(other.code).toBe(2)
    expect(other.stderr).toContain('Option "--partition-by" cannot be "n": query says itself by which columns: k')
    expect((await runjob(['query', ...own, 'k'])).code).toBe(0)
    const job = await runjob(['wordcount', path, '-o', out(), '--partition-by', 'k'])
    expect([job.code, job.stderr]).toEqual([2, expect.stringContaining('wordcount is a job')])
  })
})
