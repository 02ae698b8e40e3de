/** Help: general, for one job, and the list of ready-made jobs. */
import { Argument, type Command, type Option } from 'commander'
import type { AnyJob } from '../job/define.js'
import type { Runnable } from '../run/load.js'
import { describeParam, flagName } from './flags.js'
import { createJobCommand, createSharedCommand } from './options.js'
import type { Colors } from './terminal.js'

/** The layout of help. */
export interface HelpStyle {
  width: number
  colors: Colors
}

type JobHelp = Pick<Runnable, 'name' | 'description' | 'examples' | 'params' | 'inputNames'>

/** Wider lines are hard to read. */
const maxWidth = 100

/** Help for `runjob` itself. */
export function generalHelp(style: HelpStyle): string {
  const command = createSharedCommand()
    .usage('<job> <input...> [options]')
    .description(
      'Runs a batch job over files on this machine. A job is a ready-made one (see `runjob list`) or a .ts or .js module, ' +
        'which may also hold a dataset. ' +
        'An input is a file, a folder, a quoted glob, or - for standard input.',
    )
  const more = [
    section('Commands:', style, [
      ['runjob list', 'ready-made jobs'],
      ["runjob query '<expression>' [input...]", 'one question about files (see `runjob query --help`)'],
      ['runjob shell [input...]', 'a session of such questions, with completion (see `runjob shell --help`)'],
      ['runjob schema <file>', 'the columns of a file, as a schema to paste'],
      ['runjob status <output>', 'show what is there: an output, or the progress of its unfinished run'],
      ['runjob resume <output>', 'continue a run that stopped'],
      ['runjob clean <output>', 'remove the state of a run that stopped'],
      ['runjob help <job>', "a job's own options and examples"],
    ]),
    section('Examples:', style, [
      ['runjob wordcount books/ -o counts', 'count the words of all files under books/'],
      ['runjob stats sales.csv --header --by city --of price -o prices', 'prices by city'],
      ['runjob ./my_job.ts logs/ -o result', 'run a job of your own'],
    ]),
  ]
  return `${[render(command, style).trimEnd(), ...more].join('\n\n')}\n`
}

/** Help for `runjob query`. */
export function queryHelp(style: HelpStyle): string {
  const command = createSharedCommand()
    .usage("query '<expression>' [input...] [options]")
    .description(
      'Answers one question about files. The expression is TypeScript: `df` is the first input as a data frame, `inputs` are all of them, ' +
        'and all names of the package are in scope. Its rows go to a table on a terminal, to JSON lines in a pipe, or to the output -o.',
    )
  const examples = section('Examples:', style, [
    [`runjob query 'df.groupBy("path").count()' access.jsonl`, 'rows by path'],
    [`runjob query 'df.filter(c => c.qty.cast("int").gt(3))' orders.csv -o large`, 'rows into a folder'],
    [`runjob query 'df.join(inputs[1], "id")' orders.csv customers.csv`, 'two files'],
  ])
  return `${render(command, style).trimEnd()}\n\n${examples}\n`
}

/** Help for `runjob shell`. */
export function shellHelp(style: HelpStyle): string {
  const command = createSharedCommand()
    .usage('shell [input...] [options]')
    .description(
      "A session for questions about files: Node's own, in which `df` is the first input as a data frame, `inputs` are all of them, and all " +
        'names of the package are in scope. A data frame shows its first rows, and a promise is awaited. Tab completes names of columns and ' +
        'methods, Ctrl-C stops what runs, and .exit or Ctrl-D ends the session. What is typed is kept in ~/.runjob_history, or in the file ' +
        'that RUNJOB_HISTORY names; if that is empty, nowhere.',
    )
  const examples = section('Examples:', style, [
    ['runjob shell sales.csv', 'df is sales.csv'],
    ['runjob shell "logs/*.jsonl" users.parquet', 'df are all logs, inputs[1] the users'],
  ])
  return `${render(command, style).trimEnd()}\n\n${examples}\n`
}

/** Help for one job: its parameters, inputs and examples. `typedName`: its name or path, as on the command line. */
export function jobHelp(job: JobHelp, typedName: string, style: HelpStyle): string {
  const command = createJobCommand(job)
  const usage = [typedName]
  for (const [name, spec] of Object.entries(job.params)) {
    if (!spec.positional) continue
    const term = spec.required ? `<${flagName(name)}>` : `[${flagName(name)}]`
    usage.push(term)
    command.addArgument(new Argument(term, describeParam(spec)))
  }
  if (job.inputNames.length === 1) {
    usage.push('<input...>')
    command.addArgument(new Argument('<input...>', 'files, folders, quoted globs, or - for standard input'))
  } else {
    for (const name of job.inputNames) {
      usage.push(`<${flagName(name)}>`)
      const path = `a file, a folder or a quoted glob (or --${flagName(name)}, which may be repeated)`
      command.addArgument(new Argument(`<${flagName(name)}>`, path))
    }
  }
  command.usage(`${usage.join(' ')} [options]`).description(job.description)
  const text = render(command, style).trimEnd()
  if (job.examples.length === 0) return `${text}\n`
  return `${text}\n\n${style.colors.bold('Examples:')}\n${job.examples.map((line) => `  ${line}\n`).join('')}`
}

/** Names and descriptions of the ready-made jobs, one per line. */
export function jobList(jobs: readonly Pick<AnyJob, 'name' | 'description'>[], colors: Colors): string {
  const width = Math.max(0, ...jobs.map((job) => job.name.length))
  return jobs.map((job) => `${colors.bold(job.name.padEnd(width))}  ${job.description}\n`).join('')
}

function section(title: string, style: HelpStyle, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([term]) => term.length))
  return `${style.colors.bold(title)}\n${rows.map(([term, text]) => `  ${term.padEnd(width)}  ${text}\n`).join('')}`.trimEnd()
}

function render(command: Command, style: HelpStyle): string {
  command.configureHelp({
    helpWidth: Math.min(style.width, maxWidth),
    styleTitle: (title) => style.colors.bold(title),
    optionTerm: (option) => optionTerm(command, option),
  })
  command.configureOutput({ getOutHasColors: () => style.colors.isColorSupported })
  return command.helpInformation()
}

/** A switch that is on by default is shown with the flag that turns it off: `--lowercase, --no-lowercase`. */
function optionTerm(command: Command, option: Option): string {
  const other = command.options.find((o) => o !== option && o.attributeName() === option.attributeName())
  return other && option.negate ? `${other.flags}, ${option.flags}` : option.flags
}
