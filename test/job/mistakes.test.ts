/** Common mistakes in a job, as the type checker reports them: in few words, at the property that is wrong, and named. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { node } from '../helpers/run.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** The error must be at the text between `‹` and `›`; then follows what its first line must say. */
const MISTAKES: [code: string, says: RegExp][] = [
  [
    "defineJob({ name: 'x', input: text(), map: words(), ‹reducer›: sum() })",
    /'reducer' .*Did you mean to write 'reduce'/,
  ],
  ["defineJob({ ‹nane›: 'x', input: text(), map: words(), reduce: sum() })", /'nane' does not exist/],
  ["defineJob({ name: 'x', input: text(), map: words(), reduce: ‹sum› })", /is not assignable to type .*ReduceFn/],
  [
    "defineJob({ name: 'x', input: text(), map: ‹words›, reduce: sum() })",
    /=> NativeMapper<string>' is not assignable/,
  ],
  ["defineJob({ name: 'x', input: ‹text›, map: words(), reduce: sum() })", /is not assignable to type 'Input</],
  [
    "defineJob({ name: 'x', input: text(), map: words(), reduce: sum(), output: ‹tsv› })",
    /not assignable to type 'Output'/,
  ],
  [
    "defineJob({ name: 'x', input: text(), ‹key›: number, map: words(), reduce: sum() })",
    /not assignable to type 'Codec</,
  ],
  ["defineJob({ name: 'x', input: text(), *‹map›(line) { yield [line, 1] }, reduce: sum() })", /=> Generator</],
  [
    "defineJob({ name: 'x', input: text(), async ‹map›(line, emit) { emit(line, 1) }, reduce: sum() })",
    /=> Promise<void>/,
  ],
  ["defineJob({ name: 'x', input: text(), map: ‹(line) =>› line.split(' '), reduce: sum() })", /=> string\[\]' is not/],
  [
    "defineJob({ name: 'x', input: text(), map: words(), ‹reduce›: (key) => [key, 1] })",
    /=> \(string \| number\)\[\]' is not/,
  ],
  [
    "defineJob({ name: 'x', input: text(), map: (line, emit) => emit(‹line.length›, 1), reduce: sum() })",
    /'number' .*'string'/,
  ],
  [
    "defineJob({ name: 'x', input: text(), value: json<{ amount: number }>(), map: () => {}, ‹reduce›: sum('amuont') })",
    /"amuont"/,
  ],
  [
    "defineJob({ name: 'x', input: csv({ columns: ['city', 'price'] }), map: (row, emit) => emit(row.‹prise›, 1) })",
    /'prise' .*Did you mean 'price'/,
  ],
  [
    "defineJob({ name: 'x', input: csv({ columns: ['a', 'b'] }), map: fields({ key: 'a' }), ‹reduce›: sum('c') })",
    /"c"/,
  ],
  [
    "defineJob({ name: 'x', ‹inputs›: { left: csv() }, map: { left: fields({ key: 'a' }), rigth: fields({ key: 'a' }) }, reduce: join() })",
    /'rigth'/,
  ],
  [
    "defineJob({ name: 'x', params: { n: { type: 'integer', describe: '', ‹defualt›: 1 } }, define: () => ({ input: text(), map: words(), reduce: sum() }) })",
    /'never'/,
  ],
  [
    "defineJob({ name: 'x', params: { n: { type: 'integer', describe: '' } }, define: ({ ‹m› }) => ({ input: text(), map: words(), reduce: sum() }) })",
    /'m' does not exist/,
  ],
  [
    "defineJob({ name: 'x', params: {}, define: () => mapReduce({ input: text(), map: words(), ‹reducer›: sum() }) })",
    /Did you mean to write 'reduce'/,
  ],
  [
    "defineJob({ name: 'x', input: text(), map: words(), reduce: sum(), ‹partition›: 'ranges' })",
    /Did you mean '"range"'/,
  ],
  [
    "defineJob({ name: 'x', input: text(), steps: (chain) => chain.step({ map: words(), reduce: sum() }).step({ map: ([word, n], emit) => emit(‹n›, 1), reduce: sum() }) })",
    /'number' .*'string'/,
  ],
  [
    "defineJob({ name: 'x', input: text(), steps: [step({ map: words(), ‹reducer›: sum() })] })",
    /Did you mean to write 'reduce'/,
  ],
  ["void runJob('wordcount', { ‹inputs›: 'a', output: 'b' })", /Did you mean to write 'input'/],
]
const IMPORTS = `import { csv, defineJob, fields, join, json, mapReduce, number, runJob, step, sum, text, tsv, words } from 'runjob'\n`

test('a mistake is an error at its place, and its first line is short', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/runjob'))
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  const compilerOptions = { target: 'es2023', module: 'nodenext', strict: true, noEmit: true, types: ['node'] }
  writeFiles(folder, {
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
    ...Object.fromEntries(MISTAKES.map(([code], i) => [`m${i}.ts`, `${IMPORTS}${code.replace(/[‹›]/g, '')}\n`])),
  })
  const { stdout } = await node([join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'], {
    cwd: folder,
  })
  const errors = stdout.split('\n').filter((line) => /^m\d/.test(line))
  const wrong: string[] = []
  for (const [i, [code, says]] of MISTAKES.entries()) {
    const at = `m${i}.ts(2,${code.indexOf('‹') + 1}): `
    const own = errors.filter((line) => line.startsWith(`m${i}.ts`))
    const error = own.find((line) => line.startsWith(at)) ?? own.join('\n')
    if (!error.startsWith(at) || !says.test(error) || error.length > 300) wrong.push(`${code}\n${at}${says}\n${error}`)
  }
  expect(wrong.join('\n\n')).toBe('')
})
