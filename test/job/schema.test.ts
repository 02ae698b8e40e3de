/** Arguments are checked at every level: unknown names are refused by name, and so are values that have no use there. */

import { join as joinPath } from 'node:path'
import * as everything from 'runjob'
import {
  aggregate,
  byValue,
  col,
  count,
  csv,
  defineJob,
  explainJob,
  fields,
  grep,
  join,
  json,
  jsonl,
  lines,
  mapReduce,
  max,
  min,
  number,
  type RunjobError,
  runJob,
  sorted,
  step,
  string,
  sum,
  take,
  text,
  topK,
  tsv,
  tuple,
  unique,
  words,
} from 'runjob'
import * as testing from 'runjob/testing'
import { describe, expect, it } from 'vitest'
import { makerName } from '../../dist/src/base/schema.js'
import * as functions from '../../dist/src/dataset/functions.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

const { checkCombiner, runInMemory, runMap, runReduce } = testing

/** What users without a type checker may write. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point
type Any = any

const map = (_line: unknown, _emit: unknown) => {}
const plain = { name: 'wrong', input: text(), map }

function define(more: object): () => unknown {
  return () => defineJob({ ...plain, ...more } as never)
}

/** A job whose body comes from `define`, as far as making it. */
function bodyOf(body: unknown): () => unknown {
  const job = defineJob({ name: 'wrong', params: {}, define: () => body as never })
  return () => job.body({})
}

function param(spec: unknown, name = 'n'): () => unknown {
  return () => defineJob({ name: 'wrong', params: { [name]: spec as Any }, define: () => plain as never })
}

function expectInvalid(make: () => unknown, problem: string): void {
  expect(make).toThrow(expect.objectContaining({ code: 'JOB_INVALID' }))
  expect(make).toThrow(problem)
}

describe('an unknown property is refused', () => {
  it.each<[problem: string, make: () => unknown]>([
    ['unknown property "reducer"; did you mean "reduce"?', define({ reducer: sum() })],
    ['unknown property "mapper"; did you mean "map"?', define({ mapper: map })],
    ['unknown property "combiner"; did you mean "combine"?', define({ combiner: sum() })],
    ['unknown property "colour"; there are name, ', define({ colour: 1 })],
    ['params go with define', define({ params: {} })],
    [
      'unknown property "param"; did you mean "params"?',
      () => defineJob({ name: 'x', param: {}, define: () => plain } as Any),
    ],
    ['input is part of what define() returns', () => defineJob({ ...plain, define: () => plain } as Any)],
    ['unknown property "name"', bodyOf(plain)],
    ['unknown property "ouput"; did you mean "output"?', bodyOf({ input: text(), map, ouput: tsv() })],
    [
      'unknown property "ouput"; did you mean "output"?',
      bodyOf(mapReduce({ input: text(), map, ouput: tsv() } as Any)),
    ],
    [
      'step 2: unknown property "reducer"; did you mean "reduce"?',
      bodyOf({ input: text(), steps: [step({ map, reduce: sum() } as Any), step({ reducer: sum() } as Any)] }),
    ],
    ['reduce is part of a step', bodyOf({ input: text(), steps: [step({ map } as Any)], reduce: sum() })],
    ['step 1: it must be made by step({ … }), not an object', bodyOf({ input: text(), steps: [{ map }] })],
    [
      'map: there is no input "lft"; did you mean "left"?',
      bodyOf({ inputs: { left: text() }, map: { left: map, lft: map } }),
    ],
    [
      'parameter "n": unknown property "choises"; did you mean "choices"?',
      param({ type: 'string', describe: 'x', choises: [] }),
    ],
    ['text(): unknown option "exct"; did you mean "exact"?', () => text({ exct: true } as Any)],
    ['csv(): unknown option "delimeter"; did you mean "delimiter"?', () => csv({ delimeter: ';' } as Any)],
    ['jsonl(): unknown option "gzipped"; did you mean "gzip"?', () => jsonl({ gzipped: true } as Any)],
    ['tsv(): unknown option "escaped"; did you mean "escape"?', () => tsv({ escaped: false } as Any)],
    ['words(): unknown option "lowercas"; did you mean "lowercase"?', () => words({ lowercas: false } as Any)],
    ['fields(): unknown option "keys"; did you mean "key"?', () => fields({ keys: 'a' } as Any)],
    ['grep(): unknown option "ignorecase"; did you mean "ignoreCase"?', () => grep('x', { ignorecase: true } as Any)],
    ['byValue(): unknown option "desc"; did you mean "descending"?', () => byValue({ desc: true } as Any)],
    ['min(): unknown option "codec"; there is only as', () => min('a', { codec: string() } as Any)],
    ['topK(): unknown option "asc', () => topK(3, 'a', { asc: true } as Any)],
    ['join(): unknown option "typ"; did you mean "type"?', () => join({ typ: 'left' } as Any)],
  ])('%s', (problem, make) => expectInvalid(make, problem))
})

describe('a value of the wrong type is refused', () => {
  it.each<[problem: string, make: () => unknown]>([
    ['defineJob() takes a plain object, not undefined', () => (defineJob as Any)()],
    ['defineJob() takes a plain object, not a Map', () => (defineJob as Any)(new Map())],
    ['defineJob() takes a plain object, not an object of a class', () => (defineJob as Any)(new (class Job {})())],
    ['a job needs a name', () => defineJob({ input: text(), map } as Any)],
    ['name must be a name: text that is not empty, not 3', define({ name: 3 })],
    ['description must be text, not an array', define({ description: ['a'] })],
    ['examples must be a list of command lines, not "x"', define({ examples: 'x' })],
    ['summary must be "top", not "bottom"', define({ summary: 'bottom' })],
    ['inputNames must be a list of names, not "left"', define({ inputNames: 'left' })],
    ['inputNames has several names, but there is one input', define({ inputNames: ['left', 'right'] })],
    [
      'inputNames must be the names of its inputs, a and b',
      () =>
        defineJob({
          name: 'x',
          params: {},
          define: () => ({ inputs: { a: text(), b: text() }, map: { a: map, b: map } }),
        } as Any).body({}),
    ],
    ['map is missing', () => defineJob({ name: 'x', input: text() } as Any)],
    [
      'input must be a format that can be read: text(), csv(), jsonl(), parquet() or avro(), not tsv()',
      define({ input: tsv() }),
    ],
    ['input must be a format that can be read', define({ input: sum() })],
    [
      'input "b" must be a format that can be read: text(), csv(), jsonl(), parquet() or avro(), not tsv()',
      bodyOf({ inputs: { a: text(), b: tsv() }, map }),
    ],
    [
      'output must be a format that can be written: tsv(), csv(), jsonl(), text(), parquet() or avro(), not sum()',
      define({ output: sum() }),
    ],
    ['output "x" must be a format that can be written', define({ outputs: { x: 'tsv' } })],
    ['map must be a function or a native mapper such as words(), not sum()', define({ map: sum() })],
    ['map must be a function or a native mapper such as words(), not null', define({ map: null })],
    ['map must be a function or a native mapper such as words(), not a generator function', define({ *map() {} })],
    ['map must be a function or a native mapper such as words(), not an async function', define({ async map() {} })],
    ['reduce must be a function or a native reducer such as sum(), not words()', define({ reduce: words() })],
    ['reduce must be a function or a native reducer such as sum(), not null', define({ reduce: null })],
    [
      'reduce must be a function or a native reducer such as sum(), not an async function',
      define({ reduce: async () => {} }),
    ],
    ['combine must be a function or a native reducer such as sum(), not true', define({ reduce: map, combine: true })],
    ['key must be a codec such as string(), not "string"', define({ key: 'string' })],
    ['value must be a codec such as string(), not an object', define({ value: { spec: 'text' } })],
    ['partition must be "hash" or "range" or a function', define({ reduce: sum(), partition: 'random' })],
    ['partition must be "hash" or "range" or a function', define({ reduce: sum(), partition: async () => 1 })],
    [
      'order must be a function that is neither async nor a generator, not "asc"',
      define({ reduce: map, order: 'asc' }),
    ],
    ['sort must be "ascending" or "descending", not "desc"', define({ reduce: sum(), sort: 'desc' })],
    ['partitions must be a whole number from 1 to 65536, not "3"', define({ reduce: sum(), partitions: '3' })],
    ['setup must be a function, which may be async, not an object', define({ setup: {} })],
    ['setup must be a function, which may be async, not a generator function', define({ *setup() {} })],
    ['files must be a plain object of paths by name, not an array', define({ files: ['x'] })],
    ['files must be a plain object of paths by name, not an object', define({ files: { x: 3 } })],
    [
      'define must be a function that is neither async nor a generator, not an async function',
      () => defineJob({ name: 'x', params: {}, define: async () => plain } as Any),
    ],
    ['define() must return the body of the job, not undefined', bodyOf(undefined)],
    ['the body of the job must be a plain object, not a promise', bodyOf(Promise.resolve(plain))],
    ['the body of the job must be a plain object, not an array', bodyOf([plain])],
    ['type must be "string", "number", "integer" or "boolean", not "int"', param({ type: 'int', describe: 'x' })],
    ['type must be "string"', param({ describe: 'x' })],
    ['describe is missing', param({ type: 'string' })],
    ['default must be text, not 3', param({ type: 'string', describe: 'x', default: 3 })],
    ['default must be a whole number, not 1.5', param({ type: 'integer', describe: 'x', default: 1.5 })],
    [
      'default must be one of a, b, not "c"',
      param({ type: 'string', describe: 'x', default: 'c', choices: ['a', 'b'] }),
    ],
    ['choices are for the type "string"', param({ type: 'number', describe: 'x', choices: ['1'] })],
    ['choices must be a list of texts, not an empty array', param({ type: 'string', describe: 'x', choices: [] })],
    ['short must be one letter, not "nn"', param({ type: 'string', describe: 'x', short: 'nn' })],
    ['required must be true or false, not "yes"', param({ type: 'string', describe: 'x', required: 'yes' })],
    ['a required parameter has no default', param({ type: 'string', describe: 'x', required: true, default: 'a' })],
    ['a boolean cannot be positional', param({ type: 'boolean', describe: 'x', positional: true })],
    ['parameter "top words": its name becomes a flag', param({ type: 'string', describe: 'x' }, 'top words')],
    ['parameter "n": it must be a plain object, not "string"', param('string')],
    ['csv(): columns must be a list of names, not "a,b"', () => csv({ columns: 'a,b' } as Any)],
    ['csv(): header must be true or false, not "yes"', () => csv({ header: 'yes' } as Any)],
    ['csv(): columns must be a list of names, not null', () => csv({ columns: null } as Any)],
    ['text(): its options must be a plain object, not "utf8"', () => text('utf8' as Any)],
    ['words(): lowercase must be true or false, not "false"', () => words({ lowercase: 'false' } as Any)],
    ['fields() needs its key', () => (fields as Any)({})],
    ['fields(): its options must be a plain object, not "city"', () => fields('city' as Any)],
    ['grep(): the pattern must be text, not /re/i', () => grep(/re/i as Any)],
    ['topK(): k must be a whole number from 1 to', () => topK('3' as Any)],
    ['topK(): k must be a whole number from 1 to', () => topK(0)],
    ['take(): the count must be a number, not "10"', () => take('10' as Any)],
    ['min(): as must be a codec such as string(), not "string"', () => min('x', { as: 'string' } as Any)],
    ['max(): the column must be text that is not empty, not an object', () => max({ as: string() } as Any)],
    ['sum(): the column must be text that is not empty, not null', () => sum(null as Any)],
    ['sum() takes one argument, not 2', () => (sum as Any)('a', 'b')],
    ['sorted() takes no argument, not 1', () => (sorted as Any)('descending')],
    [
      'join(): type must be "inner", "left", "right", "full", "semi" or "anti", not "outer"',
      () => join({ type: 'outer' } as Any),
    ],
    ['aggregate(): it needs at least one aggregate', () => aggregate({})],
    ['aggregate(): the answers must be a plain object of aggregates by name, not sum()', () => aggregate(sum() as Any)],
    ['aggregate(): a must be an aggregate such as sum(), not unique()', () => aggregate({ a: unique() } as Any)],
    // Jobs have no expressions.
    ['aggregate(): a must be an aggregate such as sum()', () => aggregate({ a: sum(col('price').mul(2)) } as Any)],
    ['tuple() needs the codec of each part', () => tuple()],
    ['tuple(): part 2 must be a codec such as string(), not 3', () => tuple(string(), 3 as Any)],
    ['tuple(): part 1 must be a codec such as string(), not an array', () => tuple([string(), number()] as Any)],
  ])('%s', (problem, make) => expectInvalid(make, problem))
})

/** They make expressions and data frames, which say themselves what is wrong with them. */
const FRAME_FUNCTIONS = new Set([...Object.keys(functions), 'broadcast', 'col', 'lit', 'read', 'when'])

describe('a function that should have been called is named', () => {
  it.each<[problem: string, make: () => unknown]>([
    ['not sum, which must be called: sum()', define({ reduce: sum })],
    ['not words, which must be called: words()', define({ map: words })],
    ['not words, which must be called: words()', define({ map: { input: words } })],
    ['not csv, which must be called: csv()', define({ input: csv })],
    ['not text, which must be called: text()', bodyOf({ inputs: { a: text }, map })],
    ['not tsv, which must be called: tsv()', define({ output: tsv })],
    ['not jsonl, which must be called: jsonl()', define({ outputs: { x: jsonl } })],
    ['not number, which must be called: number()', define({ key: number })],
    ['not json, which must be called: json()', define({ outValue: json })],
    ['not sum, which must be called: sum()', define({ reduce: map, combine: sum })],
    ['not count, which must be called: count()', () => aggregate({ a: count } as Any)],
    ['not string, which must be called: string()', () => min('x', { as: string } as Any)],
    ['not string, which must be called: string()', () => tuple(string as Any)],
    ['not lines, which must be called: lines()', define({ setup: lines })],
    ['not sum, which must be called: sum()', define({ reduce: sum(), partition: sum })],
  ])('%s', (problem, make) => expectInvalid(make, problem))

  it('every function that makes a part of a job is known by its name', () => {
    const others = [
      'defineJob',
      'mapReduce',
      'step',
      'runJob',
      'explainJob',
      'runDataset',
      'defineDataset',
      'RunjobError',
      'descending',
      'csvOptions',
      'columnNames',
      'columnPairs',
      'refuseCsvParams',
    ]
    const makers = Object.entries(everything).filter(
      ([name, value]) => typeof value === 'function' && !others.includes(name) && !FRAME_FUNCTIONS.has(name),
    )
    expect(makers.map(([, value]) => makerName(value))).toEqual(makers.map(([name]) => name))
  })
})

it('a property that is undefined counts as absent, and frozen objects and objects without a prototype are objects', () => {
  const options = Object.freeze(Object.assign(Object.create(null), { delimiter: ';', header: undefined }))
  expect(csv(options).output).toMatchObject({ delimiter: ';' })
  expect(defineJob(Object.freeze({ ...plain, reduce: undefined, sort: undefined }) as never).name).toBe('wrong')
})

/** What throws whenever somebody looks at it. */
const hostile = () =>
  new Proxy(
    {},
    {
      get() {
        throw new Error('boom')
      },
      has() {
        throw new Error('boom')
      },
      ownKeys() {
        throw new Error('boom')
      },
      getPrototypeOf() {
        throw new Error('boom')
      },
    },
  )
const throwing = (name: string, rest: object = {}) =>
  Object.defineProperty({ ...rest }, name, {
    enumerable: true,
    get() {
      throw new Error('boom')
    },
  })

describe('what throws when it is read is refused', () => {
  it.each<[problem: string, make: () => unknown]>([
    ['"wrong" is not valid: map cannot be read: boom', () => defineJob(throwing('map', plain) as Any)],
    ['not valid: it cannot be read: boom', () => defineJob(hostile() as Any)],
    ['outputs.a cannot be read: boom', define({ outputs: throwing('a') })],
    ['reduce cannot be read: boom', define({ reduce: hostile() })],
    ['"wrong" is not valid: output cannot be read: boom', bodyOf(throwing('output', { input: text(), map }))],
    ['steps[0].step.map cannot be read: boom', bodyOf({ input: text(), steps: [step(throwing('map') as Any)] })],
    [
      'steps[1].step.key cannot be read: boom',
      bodyOf({
        input: text(),
        steps: (chain: Any) => chain.step({ map, reduce: sum() }).step(throwing('key', { reduce: sum() })),
      }),
    ],
    ['params.n.type cannot be read: boom', param(throwing('type'))],
    ['csv(): delimiter cannot be read: boom', () => csv(throwing('delimiter') as Any)],
    ['csv(): columns[0] cannot be read: boom', () => csv({ columns: [hostile()] } as Any)],
    ['fields(): it cannot be read: boom', () => fields(hostile() as Any)],
    ['aggregate(): total cannot be read: boom', () => aggregate(throwing('total') as Any)],
  ])('%s', (problem, make) => expectInvalid(make, problem))

  it('a chain that throws is a function of the job', () => {
    const steps = () => {
      throw new Error('boom')
    }
    const failed = expect.objectContaining({ code: 'USER_ERROR', params: { function: 'steps', message: 'boom' } })
    expect(bodyOf({ input: text(), steps })).toThrow(failed)
  })

  it('as options, and as a job', async () => {
    const base = { input: 'x', output: 'y' }
    for (const [options, problem] of [
      [throwing('mode', base), 'Option "options": mode cannot be read: boom.'],
      [{ ...base, params: throwing('n') }, 'Option "options": params.n cannot be read: boom.'],
      [hostile(), 'Option "options": it cannot be read: boom.'],
    ] as const) {
      for (const call of [runJob('wordcount', options as Any), explainJob('wordcount', options as Any)]) {
        expect(await failure(call)).toMatchObject({ code: 'OPTION_INVALID', message: problem })
      }
    }
    const error = await failure(runJob(hostile() as Any, base))
    expect(error.code).toBe('JOB_INVALID')
    expect(error.message).toContain('is expected, not an object that cannot be read')
  })

  it('and so is an argument more than a function takes', async () => {
    const more = Array.from({ length: 9 }, () => undefined)
    for (const [name, call] of Object.entries({ ...everything, ...testing })) {
      if (['RunjobError', 'tuple'].includes(name) || FRAME_FUNCTIONS.has(name) || typeof call !== 'function') continue
      const error = await failure((async () => (call as Any)(...more))())
      expect(error.message, name).toMatch(new RegExp(`${name}\\(\\) takes (no|one|2|3|4) arguments?, not 9`))
    }
    expectInvalid(() => (text as Any)({}, {}), 'text() takes one argument, not 2')
  })
})

describe('the options of a call', () => {
  const job = defineJob({
    name: 'j',
    input: text(),
    map: (line, emit) => emit(line, 1),
    reduce: (key, _, emit) => emit(key, 1),
  })
  const base = { input: 'a', output: 'b' }
  const run = (options: unknown) => failure(runJob('wordcount', options as Any))

  it.each<[problem: string, options: unknown]>([
    ['Option "options": they must be a plain object, not undefined.', undefined],
    ['Option "options": they must be a plain object, not "in.txt".', 'in.txt'],
    ['Option "inputs": there is no such option; did you mean "input"?', { inputs: 'a', output: 'b' }],
    ['Option "worker": there is no such option; did you mean "workers"?', { ...base, worker: 2 }],
    ['Option "output": the path of a folder is expected.', { input: 'a' }],
    ['Option "output" cannot be sum(): the path of a folder is expected.', { ...base, output: sum() }],
    ['Option "input" cannot be 3: a path that is not empty, a list of such paths', { ...base, input: 3 }],
    ['Option "input" cannot be an array: a path that is not empty, a list of such paths', { ...base, input: ['a', 3] }],
    ['Option "workers" cannot be "2": a whole number from 1 to 1024 is expected.', { ...base, workers: '2' }],
    ['Option "workers" cannot be null: a whole number', { ...base, workers: null }],
    ['Option "memory" cannot be NaN: a number or text is expected.', { ...base, memory: Number.NaN }],
    [
      'Option "memory" cannot be 512: that is 512 B, and a run needs at least 16 MB; did you mean 512MB?',
      { ...base, memory: 512 },
    ],
    ['Option "memory" cannot be 5: that is 5 B, and a run needs at least 16 MB.', { ...base, memory: 5 }],
    ['Option "memory" cannot be "10MB": that is 10.0 MB, and a run needs at least 16 MB.', { ...base, memory: '10MB' }],
    ['Option "input": wordcount has no input "inptu"; did you mean "input"?', { ...base, input: { inptu: 'a' } }],
    ['Option "input" cannot be "": a path', { ...base, input: '' }],
    ['Option "output" cannot be "a\\u0000b": the path of a folder', { ...base, output: 'a\0b' }],
    ['Option "mode" cannot be "overwite"', { ...base, mode: 'overwite' }],
    ['Option "fresh" cannot be "no": true or false is expected.', { ...base, fresh: 'no' }],
    ['Option "params" cannot be a Map: a plain object', { ...base, params: new Map() }],
    ['Option "signal" cannot be an object of a class', { ...base, signal: new AbortController() }],
    ['Option "onProgress" cannot be true: a function is expected.', { ...base, onProgress: true }],
  ])('of runJob: %s', async (problem, options) => {
    const error = await run(options)
    expect(error).toMatchObject({ code: 'OPTION_INVALID', kind: 'user' })
    expect(error.message).toContain(problem)
    expect(await failure(explainJob('wordcount', options as Any))).toMatchObject({ code: 'OPTION_INVALID' })
  })

  it.each<[problem: string, call: () => Promise<unknown>]>([
    ['Option "param": there is no such option; did you mean "params"?', () => runMap(job, [], { param: {} } as Any)],
    [
      'Option "steps": there is no such option; did you mean "step"?',
      () => runReduce(job, 'a', [], { steps: 1 } as Any),
    ],
    ['Option "the records of runMap()" cannot be "abc": an array is expected.', () => runMap(job, 'abc' as Any)],
    ['Option "the values of runReduce()" cannot be 1: an array is expected.', () => runReduce(job, 'a', 1 as Any)],
    ['Option "mode": there is no such option', () => runInMemory(job, 'a', { mode: 'error' } as Any)],
    ['Option "case": there is no such option; did you mean "cases"?', () => checkCombiner(job, [], { case: 3 } as Any)],
    ['Option "the values of a group" cannot be 1: an array', () => checkCombiner(job, [['a', 1]] as Any)],
  ])('of runjob/testing: %s', async (problem, call) => {
    const error = (await failure(call())) as RunjobError
    expect(error.code).toBe('OPTION_INVALID')
    expect(error.message).toContain(problem)
  })

  it.each<[given: string, job: unknown]>([
    ['undefined', undefined],
    ['a promise', Promise.resolve(job)],
    ['a function', () => job],
    ['an object', { default: job }],
    ['text()', text()],
  ])('a job that is %s is refused', async (given, wrong) => {
    for (const call of [runJob(wrong as Any, base), runMap(wrong as Any, []), runInMemory(wrong as Any, 'a')]) {
      const error = await failure(call)
      expect(error.code).toBe('JOB_INVALID')
      expect(error.message).toContain(`a job from defineJob() is expected, not ${given}`)
    }
  })
})

describe('a user’s mistake is not a bug in runjob', () => {
  it('a folder for temporary files that does not exist', async () => {
    const folder = temporaryFolder()
    const job = `import { defineJob, text } from 'runjob'
      export default defineJob({ name: 'j', input: text(), map: (line, emit) => emit(line, 1) })`
    writeFiles(folder, { 'job.mjs': job, 'in.txt': 'a\n' })
    const { code, stderr } = await runjob(['job.mjs', 'in.txt', '-o', 'out'], {
      cwd: folder,
      env: { TMPDIR: '/nowhere' },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('error FILE_IO: The folder for temporary files, /nowhere (TMPDIR), cannot be used')
  })

  it('a name that leaves no room for the name of the state', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.txt': 'a\n' })
    const options = (length: number) => ({
      input: joinPath(folder, 'in.txt'),
      output: joinPath(folder, 'x'.repeat(length)),
    })
    const error = await failure(runJob('wordcount', options(248)))
    expect(error.code).toBe('OUTPUT_UNWRITABLE')
    expect(error.message).toContain('its name is 1 bytes too long')
    await runJob('wordcount', options(247))
  })

  it('parameters that are not values, or have the name of an object’s own members', async () => {
    const job = defineJob({
      name: 'j',
      params: { n: { type: 'number', describe: 'x' }, constructor: { type: 'string', describe: 'x' } },
      define: () => ({
        input: text(),
        map: (line: string, emit: (key: string, value: number) => void) => emit(line, 1),
      }),
    })
    expect(Object.keys(job.body({}))).toEqual(['input', 'map'])
    for (const [given, n] of [
      ['a function', () => 1],
      ['1n', 1n],
      ['an object', {}],
      ['a symbol', Symbol('x')],
    ] as const) {
      expect(() => job.body({ n } as Any)).toThrow(`Parameter "n" cannot be ${given}: a number is expected.`)
    }
  })
})
