#!/usr/bin/env node
// Lets processes and threads start faster: runs a small job and small queries, and keeps what V8 compiled for them (src/base/library.ts).
// npm's install script, because it fits one version of Node only. Without it everything works, so it never fails.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker } from 'node:worker_threads'

const folder = join(dirname(fileURLToPath(import.meta.url)), 'dist/src/cjs')
const require = createRequire(import.meta.url)

if (isMainThread) {
  // A clone has nothing to compile before its first build.
  if (existsSync(folder)) await tryToCompile()
} else {
  const library = require(join(folder, 'library.cjs'))
  library.load('engine/task/worker')
  process.on('exit', () => library.writeCache())
}

async function tryToCompile() {
  let runs
  try {
    for (const name of readdirSync(folder)) if (/\.cache(\.part)?$/.test(name)) rmSync(join(folder, name))
    runs = mkdtempSync(join(tmpdir(), 'runjob-compile-'))
    await compile(runs)
  } catch (error) {
    console.error(`runjob: it will start more slowly, because its code could not be compiled ahead: ${error.message}`)
  } finally {
    process.exitCode = 0
    if (runs) rmSync(runs, { recursive: true, force: true })
  }
}

/** @param runs a folder for inputs and outputs */
async function compile(runs) {
  const library = require(join(folder, 'library.cjs'))
  const { main } = library.load('cli/process')
  // The engine's threads start here: each also knows what those before it compiled.
  const threads = []
  require('node:worker_threads').Worker = class extends Worker {
    constructor(_, options) {
      super(new URL(import.meta.url), options)
      threads.push(this)
    }
  }
  const write = (name, text) => {
    writeFileSync(join(runs, name), text)
    return join(runs, name)
  }
  let count = 0
  /** @returns its output */
  const run = async (...argv) => {
    const output = join(runs, `out-${count++}`)
    await main([...argv, '-o', output, '--quiet'])
    if (process.exitCode !== 0) throw new Error(`"runjob ${argv.join(' ')}" failed`)
    return output
  }
  const rows = ['one,1\n', 'two,2\n', 'one,3\n']
  // The main thread reads small files by itself, and threads the others.
  for (const count of [3, 300_000]) {
    const fish = write('fish.csv', `name,count\n${Array.from({ length: count }, (_, i) => rows[i % 3]).join('')}`)
    await run('wordcount', write('fish.txt', 'one fish two fish\n'.repeat(count / 3)))
    await run('query', "(await df.count(), df.groupBy('name').agg({ n: count() }))", fish)
    const parquet = await run('query', 'df', fish, '--format', 'parquet')
    await run(
      'query',
      "df.filter(c => c.name.lt('two')).groupBy('name').agg({ n: count() }).orderBy('n')",
      count === 3 ? fish : parquet,
    )
  }
  library.writeCache()
  for (const thread of threads) if (thread.threadId > 0) await endOf(thread)
}

/** Ends a thread that waits for another run. */
function endOf(thread) {
  return new Promise((resolve) => {
    thread.ref()
    thread.on('exit', resolve)
    thread.postMessage({ type: 'end' })
  })
}
