/** Every way for a function to die, in every function: the right error, the old output unchanged, and no worker left. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { node } from '../helpers/run.js'

const RUNJOB = new URL('../../dist/src/index.js', import.meta.url).href
const JOBS = fileURLToPath(new URL('../engine/attempt_jobs.ts', import.meta.url))

const CODES = {
  throw: 'USER_ERROR',
  reject: 'JOB_INVALID',
  exit: 'WORKER_DIED',
  hoard: 'OUT_OF_MEMORY',
  loop: 'TASK_TIMEOUT',
}

// A leftover worker would keep this process alive: it must end on its own.
const SCRIPT = `
import { runJob } from ${JSON.stringify(RUNJOB)}
const [job, way, input, output] = process.argv.slice(2)
for (const role of ['map', 'combine', 'reduce']) {
  const options = { input, output, mode: 'overwrite', fresh: true, params: { way, role }, retries: 0, workers: 2, memory: '128MB' }
  const taskTimeout = way === 'loop' ? '1s' : '5min'
  const error = await runJob(job, { ...options, taskTimeout }).then(() => ({ code: 'none' }), (error) => error)
  console.log(role, error.code, error.where?.task)
}
`

describe.each(Object.entries(CODES))('a function that dies by %s', (way, code) => {
  it(`ends the run with ${code}, whichever it is`, { timeout: 120_000 }, async () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'in.txt': 'a\ndie\nb\n',
      'job.ts': `export { mortal as default } from ${JSON.stringify(JOBS)}`,
      'run.mjs': SCRIPT,
      'out/_SUCCESS': '',
      'out/part-r-00000.tsv': 'old\t1\n',
    })
    const paths = ['in.txt', 'out'].map((name) => join(folder, name))
    const { stdout, stderr } = await node([join(folder, 'run.mjs'), join(folder, 'job.ts'), way, ...paths])
    // It is not certain which task a time limit hits first: the limit is short.
    const task = (name: string) => (way === 'loop' ? 's\\d-[mr]00000' : name)
    const lines = [`map ${code} s0-m00000`, `combine ${code} s0-m00000`, `reduce ${code} ${task('s1-r00000')}`]
    expect(stdout, stderr).toMatch(new RegExp(`^${lines.join('\n')}\n$`))
    expect(readFileSync(join(folder, 'out/part-r-00000.tsv'), 'utf8')).toBe('old\t1\n')
  })
})
