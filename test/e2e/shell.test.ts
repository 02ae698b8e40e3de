/** A session of `runjob shell` in a terminal. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { hasTerminals, TerminalSession } from '../helpers/terminal.js'

const main = resolve('dist/src/cli/main.cjs')
let session: TerminalSession | undefined
afterEach(() => session?.kill())

function open(folder: string, args: string, env: Record<string, string> = {}): TerminalSession {
  session = new TerminalSession(`${process.execPath} ${main} shell ${args}`, folder, { RUNJOB_HISTORY: '', ...env })
  return session
}

const sales = 'region,amount\nnorth,120\nsouth,45\nnorth,10\n'

describe.skipIf(!hasTerminals)('a session', () => {
  test('shows rows, awaits promises, keeps names, and ends', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales })
    const shell = open(folder, 'sales.csv --workers 1')
    await shell.until('df is sales.csv')
    shell.type('df.filter(c => c.region.eq("north"))\r')
    await shell.until('│ north  │ 120    │')
    await shell.until('2 rows')
    shell.type('df.count()\r')
    await shell.until('\n3\n')
    shell.type('const rows = await df.groupBy("region").agg({ n: count() }).collect()\r')
    shell.type('rows.map(({ region, n }) => region + "=" + n).join(" ")\r')
    await shell.until("'north=2 south=1'")
    shell.type('df.select({\r')
    await shell.until('... ')
    shell.type('much: col("amount").cast("long").gt(100) }).limit(1)\r')
    await shell.until('│ true    │')
    shell.type('.exit\r')
    expect(await shell.ended).toBe(0)
  })

  test('finds functions of its cells again, whatever else these do', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales })
    const shell = open(folder, 'sales.csv --workers 2')
    await shell.until('runjob> ')
    shell.type('const least = 40; "first"\r')
    await shell.until("'first'")
    shell.type('const { length } = await df.collect(), half = 20; "second"\r')
    await shell.until("'second'")
    shell.type('nonsense()\r')
    await shell.until('nonsense is not defined')
    shell.type('{ const inBlock = udf((a) => a, string()); "third" }\r')
    await shell.until("'third'")
    shell.type('const isLarge = udf(function (amount) {\r')
    await shell.until('... ')
    shell.type('return amount > least }, boolean()); "fourth"\r')
    await shell.until("'fourth'")
    // Tab evaluates what stands before it.
    shell.type('df.filter(c => udf((a) => a > 5, boolean())(c.amount)).select("am\t')
    await shell.until('select("amount')
    shell.type('").filter(c => isLarge(c.amount)).count()\r')
    await shell.until('\n2\n')
    shell.type('(await df.filter(c => udf((a) => a > 100, boolean())(c.amount)).collect()).length\r')
    await shell.until('\n1\n')
    shell.type('const late = udf((a) => a > length, boolean()); df.filter(c => late(c.amount)).count()\r')
    await shell.until('length is not defined')
    shell.type('await df.count(); await df.filter(c => udf((a) => a > 100, boolean())(c.amount)).count()\r')
    await shell.until('error FUNCTION_NOT_FOUND')
  })

  test('shows the first elements of collections, whose functions are in its cells', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales })
    const shell = open(folder, 'sales.csv --workers 2')
    await shell.until('runjob> ')
    shell.type('const amounts = df.rows().map((row) => [row.region, Number(row.amount)])\r')
    shell.type('amounts.reduceByKey((a, b) => a + b).sortByKey(false)\r')
    await shell.until("[ [ 'south', 45 ], [ 'north', 130 ] ]")
    shell.type('amounts.map(([, amount]) => amount).reduce((a, b) => a + b)\r')
    await shell.until('\n175\n')
    shell.type('df.rows().mapp((row) => row)\r')
    await shell.until('Did you mean map()?')
  })

  test('completes columns and methods', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales, 'log.jsonl': '{"user":{"name":"a"},"status":200}\n' })
    const shell = open(folder, 'sales.csv log.jsonl')
    await shell.until('inputs are all 2')
    shell.type('df.filter(c => c.reg\t')
    await shell.until('c => c.region')
    shell.type('.eq("south"))\r')
    await shell.until('1 row')
    await shell.until('> ')
    shell.type('inputs[1].groupBy("sta\t')
    await shell.until('groupBy("status')
    shell.type('").agg({ n: count() }).\r')
    await shell.until('... ')
    shell.type('orderBy("n\t')
    await shell.until('orderBy("n')
    shell.type('")\r')
    await shell.until('1 row')
    await shell.until('> ')
    // Tab evaluates the data frame, but must not show it.
    shell.type('df.dropDup\t')
    expect(await shell.until('df.dropDuplicates')).not.toContain('rows')
    shell.type('()\r')
    expect(await shell.until('3 rows')).not.toContain(' rows')
  })

  test('says what is wrong, and goes on', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales })
    const shell = open(folder, 'sales.csv')
    await shell.until('> ')
    shell.type('df.select("amout")\r')
    await shell.until('error COLUMN_UNKNOWN: No column "amout"')
    await shell.until('Did you mean "amount"?')
    shell.type('df.fliter(c => c.region)\r')
    await shell.until('TypeError: df.fliter is not a function\n  hint: Did you mean filter()?')
    shell.type('nonsense\r')
    await shell.until('ReferenceError: nonsense is not defined')
    shell.type('const later = read.csv("missing.csv").count()\r')
    await shell.until('error INPUT_NOT_FOUND: Input missing.csv does not exist.')
    shell.type('df.count()\r')
    await shell.until('\n3\n')
    shell.type('\x04')
    expect(await shell.ended).toBe(0)
  })

  test('survives Ctrl-C, which stops a query, a promise or a loop', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales })
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const shell = open(folder, 'sales.csv')
    await shell.until('> ')
    // Nobody writes into the pipe.
    shell.type('let outcome; setTimeout(() => console.log("be" + "gun"), 100); ')
    shell.type('read.text("pipe").collect().catch(({ code }) => { outcome = code })\r')
    await shell.until('begun')
    shell.type('\x03')
    await shell.until('stopped')
    // The action, not only the waiting for it.
    shell.type('outcome\r')
    await shell.until("'INTERRUPTED'")
    shell.type('setTimeout(() => console.log("wai" + "ting"), 100); new Promise(() => {})\r')
    await shell.until('waiting')
    shell.type('\x03')
    await shell.until('stopped')
    shell.type('console.log("loops"); for (;;);\r')
    await shell.until('\nloops')
    shell.type('\x03')
    await shell.until('stopped')
    shell.type('df.count()\r')
    await shell.until('\n3\n')
    shell.type('\x04')
    expect(await shell.ended).toBe(0)
  })

  test('survives Ctrl-C in the middle of a print', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': sales })
    const shell = open(folder, 'sales.csv')
    await shell.until('> ')
    for (let i = 0; i < 8; i++) {
      shell.type(`console.log("loop", ${i}); for (;;) console.log("x".repeat(${i}))\r`)
      await shell.until(`\nloop ${i}\n`)
      shell.type('\x03')
      await shell.until('stopped')
    }
    shell.type('console.log({ a: 1 }); console.error("%s", "b"); df.count()\r')
    await shell.until('\n{ a: 1 }\nb\n3\n')
    shell.type('\x04')
    expect(await shell.ended).toBe(0)
  })

  test('keeps what was typed', async () => {
    const folder = temporaryFolder()
    const history = join(folder, 'history')
    const shell = open(folder, '', { RUNJOB_HISTORY: history })
    await shell.until('read.csv(path)')
    shell.type('40 + 2\r')
    await shell.until('\n42\n')
    shell.type('.exit\r')
    expect(await shell.ended).toBe(0)
    expect(existsSync(history) && readFileSync(history, 'utf8')).toContain('40 + 2')
  })

  test('is refused with an input that does not exist', async () => {
    const shell = open(temporaryFolder(), 'missing/')
    await shell.until('error INPUT_NOT_FOUND')
    expect(await shell.ended).toBe(1)
  })
})
