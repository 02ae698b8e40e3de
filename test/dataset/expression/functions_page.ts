/** docs/functions.md, made from the catalogue. */
import { CATALOGUE } from '../../../dist/src/dataset/expression/catalogue.js'
import { DIFFERENCES } from './differences.js'

const INTRO = `# Functions of expressions

What expressions of data frames are made of. Meaning is Spark's, with ANSI on, but for what the last section lists.

- Names are Spark's, in camel case; the second column has Spark's own. Operators are methods: \`c.price.mul(c.qty).gt(10)\`.
- A null argument gives null, unless the table says otherwise. Arguments are evaluated from left to right, up to the first that is null.
- Arguments are converted as Spark does: whole numbers to bigint, decimal or double, text to what stands beside it. Everything else needs
  \`cast\`, or \`tryCast\`, which gives null for a value that does not fit.
- A literal takes the type of what it is compared with: \`c.day.ge('2024-01-01')\` compares dates, \`c.price.eq(0.81)\` exact decimals. Text that
  is not of that type is refused when the plan is built.
- An int that overflows, a division by zero, and a value that a type cannot hold are errors of their row, with the place of its record. The
  \`try…\` functions give null instead. A branch that a row does not take is not evaluated for it.
- Times are in UTC.
- A function of your own, in JavaScript, is \`udf(fn, type)\`: [datasets](datasets.md#your-own-functions) says how.
`

const cell = (text: string) => text.replaceAll('|', '\\|')

/** As biome lays tables out. */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => [...row[i]!].length)))
  const lines = rows.map((row) => row.map((text, i) => text + ' '.repeat(widths[i]! - [...text].length)))
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  )
  return lines.map((line) => `| ${line.join(' | ')} |\n`).join('')
}

export function functionsPage(): string {
  const parts = [INTRO]
  for (const [topic, entries] of Object.entries(CATALOGUE)) {
    const rows = entries.map(({ name, spark, signature, nulls, does }) => {
      const about = nulls === '' ? does : `${does} With null: ${nulls}.`
      return [`\`${name}\``, `\`${cell(spark)}\``, `\`${cell(signature)}\``, cell(about)]
    })
    parts.push(`## ${topic}\n`, table([['function', 'in Spark', 'takes and gives', 'meaning'], ...rows]))
  }
  parts.push('## Where we differ from Spark\n')
  for (const { reason } of DIFFERENCES) parts.push(`- ${reason}`)
  return `${parts.join('\n')}\n`
}
