/**
 * Runs what the documents say: every `sh` block runs and every `ts` and `js` block compiles, in page order, in a folder where
 * runjob is installed and `examples/` exists. A `text` block is what the block before it prints on standard output. A `ts` or
 * `js` block names its file in its first line, and runs if a `text` block follows. Blocks in other languages are only for
 * readers.
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const documents = [
  'README.md',
  'jobs/README.md',
  'examples/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
]
const pages = [
  ...documents,
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'native/README.md',
  'bench/README.md',
]

const MINUTE = 60_000

interface Block {
  language: string
  code: string
  /** Of the line with the opening fence, from 1. */
  line: number
}

// vitest refuses a suite without tests, and most pages for contributors have nothing to run.
describe.each(documents.filter((document) => blocksOf(read(document)).some(isTested)))('%s', (document) => {
  const blocks = blocksOf(read(document))
  let folder: string

  beforeAll(async () => {
    folder = createFolder()
    const names = blocks.filter(isModule).map((block) => writeExample(folder, block))
    if (names.length > 0) await compile(folder, names)
  }, 2 * MINUTE)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  blocks.forEach((block, i) => {
    const next = blocks[i + 1]
    const expected = next?.language === 'text' ? next.code : undefined
    if (block.language === 'sh') {
      test(
        `line ${block.line} does what it says: ${block.code.split('\n', 1)[0]}`,
        async () => {
          const printed = await run(folder, 'bash', ['-euo', 'pipefail', '-c', block.code])
          if (expected !== undefined) expect(printed).toBe(expected)
        },
        MINUTE,
      )
    } else if (isModule(block) && expected !== undefined) {
      test(
        `line ${block.line} prints what it says: ${fileNameOf(block)}`,
        async () => {
          const script = join('js', fileNameOf(block).replace(/ts$/, 'js'))
          expect(await run(folder, process.execPath, [script])).toBe(expected)
        },
        MINUTE,
      )
    }
  })
})

test(
  'the examples in docstrings of the public surface compile and run',
  async () => {
    const folder = createFolder()
    try {
      cpSync(join(root, 'examples/books'), join(folder, 'books'), { recursive: true })
      const known = Object.keys(await import(pathToFileURL(join(root, 'dist/src/index.js')).href))
      const examples = [
        ...[
          'src/run/run.ts',
          'src/run/run_dataset.ts',
          'src/base/errors.ts',
          'src/dataset/define.ts',
          'src/dataset/read.ts',
        ],
        ...publicJobFiles(),
      ].flatMap((path) => docstringExamples(path))
      expect(examples.length).toBeGreaterThan(3)
      for (const [i, { code }] of examples.entries()) {
        writeFileSync(join(folder, `example_${i}.ts`), moduleOf(code, known))
      }
      await compile(
        folder,
        examples.map((_, i) => `example_${i}.ts`),
      )
      for (const [i, { path, code }] of examples.entries()) {
        const ran = run(folder, process.execPath, [join('js', `example_${i}.js`)])
        if (code.startsWith('throw ')) await expect(ran, path).rejects.toThrow('RunjobError')
        else await ran
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  2 * MINUTE,
)

test(
  'the examples of datasets compile',
  async () => {
    const folder = createFolder()
    try {
      await compile(
        folder,
        exampleNames().map((name) => join('examples', name)),
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  2 * MINUTE,
)

test('the page of examples has each of them, and runs the command in its first line', () => {
  const page = read('examples/README.md')
  const names = exampleNames()
  expect([...page.matchAll(/^\| \[(\w+)\]/gm)].map(([, name]) => `${name}.ts`).sort()).toEqual(names)
  const commands = names.map((name) =>
    read(`examples/${name}`)
      .split('\n', 1)[0]!
      .replace(/^.*: {3}/, ''),
  )
  expect(commands.filter((command) => !page.includes(`npx ${command} `))).toEqual([])
})

test('links between the pages are valid', () => {
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)]
      .map(([, target = '']) => join(dirname(page), target))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${page} -> ${target}`),
  )
  expect(dead).toEqual([])
})

test('the files that the pages name exist', () => {
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/`((?:src|native|test|jobs)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page} names ${path}`),
  )
  expect(missing).toEqual([])
})

test('the scripts that the pages name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name))
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

test('the README lists the options of the command line and the ready-made jobs, all and no others', async () => {
  const readme = read('README.md')
  const help = await run(root, process.execPath, ['dist/src/cli/main.cjs', '--help'])
  const optionsIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, option]) => option).sort()
  expect(optionsIn(readme, /^\| (?:`-\w`, )?`(--[\w-]+)/gm)).toEqual(optionsIn(help, /^ {2}(?:-\w, )?(--[\w-]+)/gm))

  const jobs = readdirSync(join(root, 'jobs'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replace('.ts', '').replaceAll('_', '-'))
    .sort()
  expect(optionsIn(readme, /^\| `([a-z-]+)` *\|.*`runjob /gm)).toEqual(jobs)
  expect(optionsIn(read('jobs/README.md'), /^\| \[([a-z-]+)\]/gm)).toEqual(jobs)
})

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(({ 1: language = '', 2: code = '', index }) => ({
    language,
    code,
    line: markdown.slice(0, index).split('\n').length,
  }))
}

function isTested(block: Block): boolean {
  return block.language === 'sh' || isModule(block)
}

function isModule({ language }: Block): boolean {
  return language === 'ts' || language === 'js'
}

function fileNameOf({ code, line }: Block): string {
  const name = /^\/\/ ([\w.-]+\.[cm]?[tj]s)\n/.exec(code)?.[1]
  if (!name) throw new Error(`the module in line ${line} does not name its file`)
  return name
}

function writeExample(folder: string, block: Block): string {
  const name = fileNameOf(block)
  writeFileSync(join(folder, name), block.code)
  return name
}

/** A folder as a user's project: runjob installed, the examples copied. */
function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-docs-'))
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/runjob'))
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(folder, 'bin'))
  const main = join(root, 'dist/src/cli/main.cjs')
  writeFileSync(join(folder, 'bin/runjob'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 })
  // What npx does in a project, without the second it takes to look around.
  writeFileSync(join(folder, 'bin/npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
  return folder
}

async function compile(folder: string, files: string[]): Promise<void> {
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    allowJs: true,
    types: ['node'],
    outDir: 'js',
    rootDir: '.',
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  await run(folder, join(root, 'node_modules/.bin/tsc'), ['-p', '.'])
}

/** @returns standard output */
async function run(folder: string, command: string, args: string[]): Promise<string> {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}`, LC_ALL: 'C' }
  try {
    return (await promisify(execFile)(command, args, { cwd: folder, env })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${(error as Error).message}\n${stdout}${stderr}`)
  }
}

/** The files of datasets in examples/. */
function exampleNames(): string[] {
  return readdirSync(join(root, 'examples'))
    .filter((name) => name.endsWith('.ts'))
    .sort()
}

function publicJobFiles(): string[] {
  return readdirSync(join(root, 'src/job'))
    .sort()
    .map((name) => join('src/job', name))
}

function docstringExamples(path: string): { path: string; code: string }[] {
  return [...read(path).matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(([comment]) => {
    const lines = comment
      .replace(/\*\/$/, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\* ?/, ''))
    const start = lines.findIndex((line) => line.trim() === '@example')
    if (start < 0) return []
    const end = lines.findIndex((line, i) => i > start && /^@\w/.test(line))
    const code = lines
      .slice(start + 1, end < 0 ? undefined : end)
      .join('\n')
      .trim()
    return [{ path: relative(root, join(root, path)), code }]
  })
}

/** An example as a module: names of the public surface are imported, and a lone property gets an object around it. */
function moduleOf(code: string, known: string[]): string {
  const used = known.filter((name) => new RegExp(`\\b${name}[(.]`).test(code))
  const isProperty = /^\w+:/.test(code)
  const body = isProperty ? `export const example: Record<string, (params: any) => unknown> = {\n${code}\n}` : code
  return `import { ${used.join(', ')} } from 'runjob'\n${body}\nexport {}\n`
}
