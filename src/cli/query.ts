/** `runjob query`: one expression over files, and its rows as a table, as lines, or as an output. */
import { RunjobError } from '../base/errors.js'
import type { Row } from '../kernels/rows.js'
import { RowDecoder } from '../run/rows.js'
import { renderTable } from '../run/table.js'
import { queryHelp } from './help.js'
import type { Host, Printer, Streams } from './host.js'
import { createSharedCommand, parseOptions, type SharedOptions, usageError } from './options.js'
import { inFlags } from './report_error.js'
import { runParsed, STDOUT, toRunOptions } from './run_job.js'
import type { DataOutput } from './terminal.js'

/** Rows that a table shows. */
const TABLE_ROWS = 20

export async function runQueryCommand(argv: readonly string[], host: Host, streams: Streams): Promise<void> {
  const { shared: options, operands } = parseOptions(createSharedCommand(), null, argv)
  if (options.version) return streams.data.write(`${host.version()}\n`)
  if (options.help) return streams.data.write(queryHelp(streams.data))
  const [expression, ...paths] = operands
  if (expression === undefined || expression.trim() === '') throw usageError('query', '', 'the expression is missing')
  const isPrinted = options.output === undefined
  const invocation = { options: { ...options, output: options.output ?? STDOUT }, params: {}, input: null }
  const ofRows = optionOfRows(options)
  const found = await host.evaluate(expression, paths, toRunOptions(invocation, STDOUT), ofRows)
  if ('value' in found) {
    if (ofRows !== null) throw withoutMeaning(ofRows)
    // Such as show(), which has printed what there is.
    if (found.value === undefined) return
    return streams.data.write(`${textOf(found.value)}\n`)
  }
  const isShown = isPrinted && options.format === undefined && host.stdout.isTTY === true && !options.explain
  const isTable = isShown && found.hasColumns
  const printer = isTable ? tablePrinter(streams.data) : isPrinted ? linePrinter(streams.data) : undefined
  try {
    await runParsed(found.dataset, invocation, ['query', ...argv], host, streams, printer)
  } catch (error) {
    throw inFlags(error, found.dataset)
  }
}

function linePrinter({ writeBytes }: DataOutput): Printer {
  return { onRecords: writeBytes, end: async () => {} }
}

/** Prints the first rows, and how many there are. */
function tablePrinter(data: DataOutput): Printer {
  let decoder = new RowDecoder([], 'shown')
  const rows: Row[] = []
  let total = 0
  return {
    onColumns: (columns) => {
      decoder = new RowDecoder(columns, 'shown')
    },
    onRecords: async (bytes) => {
      const more = decoder.push(bytes)
      total += more.length
      for (const row of more.slice(0, TABLE_ROWS - rows.length)) rows.push(row)
      return true
    },
    end: () => data.write(renderTable(decoder.columns, rows, { width: data.width, total })),
  }
}

/** The first given option that concerns rows; a query may also be a value, such as `await df.count()`. */
function optionOfRows({ output, format, explain }: SharedOptions): string | null {
  return output !== undefined ? '--output' : format !== undefined ? '--format' : explain ? '--explain' : null
}

function withoutMeaning(option: string): RunjobError {
  return new RunjobError('DATASET_INVALID', {
    problem: `the query is a value, not a data frame, so ${option} has no meaning`,
    hint: 'An action such as collect() or count() gives a value; leave it out to get the rows.',
  })
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_, part) => jsonPart(part), 2) ?? String(value)
}

/** As in outputs of JSON lines, where JSON has no word for it. */
function jsonPart(part: unknown): unknown {
  if (typeof part === 'bigint' || (typeof part === 'number' && !Number.isFinite(part))) return String(part)
  if (part instanceof Map || part instanceof Set) return [...part]
  return part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part
}
