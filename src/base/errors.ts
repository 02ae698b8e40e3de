/**
 * Every failure that a user may see: one class, one catalogue, permanent codes.
 *
 * The kind says who acts: `user` (the command, the job or its functions), `data` (the input's content), `resource` (memory,
 * disk, a worker; a retry may help), `bug` (runjob itself), `interrupted` (someone asked the run to stop). Errors cross threads
 * as JSON, because a structured clone drops the code, the hint and the class.
 */
import { homedir } from 'node:os'
import { didYouMean, likeness } from './suggest.js'
import { jsonOf, shown } from './text.js'

export type ErrorKind = 'user' | 'data' | 'resource' | 'bug' | 'interrupted'

/** The values in an error's texts. Plain JSON. */
export type ErrorParams = Record<string, unknown>

/**
 * Where it happened, as far as known. `offset` counts bytes of the decompressed file from 0, `line` its lines from 1; `row` its rows from 1, if
 * they are no text.
 */
export interface Where {
  job?: string
  /** Of a run that is no job's. */
  dataset?: string
  stage?: string
  task?: string
  /** Which input the file belongs to, in jobs with several. */
  input?: string
  file?: string
  offset?: number
  line?: number
  row?: number
  /** The partition of an earlier step's output that was being read. */
  partition?: number
  /** What made the row that is at fault: it is no record of a file. */
  operator?: string
  /** The row that a function got, shortened: where it was in the file is not known. */
  values?: string
  /** Key of the record that a later step got, or of the group being reduced; shortened. */
  key?: string
}

interface CatalogueEntry {
  kind: ErrorKind
  /** A usage error exits 2, an interruption 130, any other failure 1. */
  usage?: true
  /** Whether another attempt of the task may succeed. Default: for `resource` only. */
  retry?: boolean | ((p: ErrorParams) => boolean)
  /** One record is at fault, so --max-bad may skip it if this happens in a map. */
  badRecord?: true
  message: (p: ErrorParams) => string
  hint?: (p: ErrorParams, spell: SpellOptions) => string
}

/** Writes options of csv() the way the reader of the hint sets them: in a program, or as flags. */
export type SpellOptions = (options: Record<string, unknown>) => string

const asProgram: SpellOptions = (options) => {
  const said = Object.entries(options).map(([name, value]) => `${name}: ${literal(value)}`)
  return `csv({ ${said.join(', ')} })`
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'string') return String(value)
  const text = value.replaceAll('\\', '\\\\').replaceAll('\t', '\\t')
  return text.includes("'") ? `"${text}"` : `'${text}'`
}

const CATALOGUE = {
  // Inputs.
  INPUT_NOT_FOUND: {
    kind: 'user',
    message: (p) => `Input ${path(p)} does not exist.`,
    hint: (p) =>
      /^[a-z][\w+.-]*:\/\//i.test(String(p.path))
        ? 'Only files of this machine are read, by their paths: download it first.'
        : p.beside === undefined
          ? `Relative paths start at ${tilde(p.cwd)}. Quote globs so the shell leaves them alone.`
          : `It is a side file: runjob looked in the folder of the job's module, ${tilde(p.beside)}, and in ${tilde(p.cwd)}.`,
  },
  INPUT_EMPTY: {
    kind: 'user',
    message: (p) =>
      `Input ${path(p)} ${p.glob ? 'matches no file' : 'is a folder without input files'}${passedOver(p)}.`,
    hint: (p) =>
      p.hidden
        ? 'Names that start with "_" or "." are skipped. Use --all-files, or name the files themselves.'
        : p.outputs
          ? 'In a folder, outputs of earlier runs are skipped. Use --all-files, or name the outputs themselves.'
          : 'Names that start with "_" or "." are skipped, and so is everything that is neither a file nor a folder.',
  },
  INPUT_UNREADABLE: {
    kind: 'user',
    message: (p) => `Input ${path(p)} cannot be read${because(p)}.`,
    hint: (p) =>
      p.errno === undefined
        ? 'Fix that, or name the other inputs, one by one or as a glob.'
        : 'Check the permissions of the file and of the folders above it.',
  },
  INPUT_COMPRESSED: {
    kind: 'data',
    message: (p) => `Input ${path(p)} is ${p.what}, which runjob does not read.`,
    hint: (p) => text(p.hint, 'Unpack it first.'),
  },
  INPUT_BINARY: {
    kind: 'data',
    message: (p) => `Input ${path(p)} is ${p.what}, which is not text.`,
    hint: (p) => text(p.hint, 'To read its bytes as text anyway, use --encoding utf-8.'),
  },
  TEXT_ENCODING: {
    kind: 'data',
    message: (p) =>
      p.label ? `Input ${path(p)} looks like ${p.what} without a byte-order mark.` : `Input ${path(p)} is ${p.what}.`,
    hint: (p) =>
      p.label
        ? `Use --encoding ${p.label}, or encoding: '${p.label}' in the format; --encoding utf-8 if its zero bytes are intended.`
        : `Convert it first: iconv -f ${p.what} -t UTF-8 ${path(p)} | runjob <job> - reads it.`,
  },
  INPUT_CHANGED: {
    kind: 'user',
    message: (p) => `Input ${path(p)} changed during the run${because(p)}.`,
    hint: () =>
      'Only appending to an input is harmless. When nothing changes it any more, run again with --fresh to start over.',
  },

  // Outputs.
  OUTPUT_EXISTS: {
    kind: 'user',
    message: (p) => `Output ${path(p)} already exists.`,
    hint: () => 'Choose another folder, or a mode: --mode overwrite, append or ignore.',
  },
  OUTPUT_NOT_A_FOLDER: {
    kind: 'user',
    message: (p) => `Output ${path(p)} is not a folder.`,
    hint: () =>
      'The output is a folder of part files. Choose another path, or write one file with --single-file; -o - writes to standard output.',
  },
  OUTPUT_NOT_A_FILE: {
    kind: 'user',
    message: (p) => `Output ${path(p)} should be one file, but is ${p.what}.`,
    hint: (p) => text(p.help, 'Choose another path, or leave out --single-file to write a folder of parts.'),
  },
  OUTPUT_DIFFERENT: {
    kind: 'user',
    message: (p) => `Cannot append to ${path(p)}: it holds ${p.found}, but this run writes ${p.wanted}.`,
    hint: () => 'Choose another output, or use the options of the earlier run: --format, --gzip, --zstd.',
  },
  OUTPUT_UNSAFE: {
    kind: 'user',
    message: (p) => `Output ${path(p)} is refused: ${p.reason}.`,
    hint: () => 'Give the output a folder of its own, outside the input.',
  },
  OUTPUT_UNWRITABLE: {
    kind: 'user',
    message: (p) => `${path(p)} cannot be written${because(p)}.`,
    hint: (p) =>
      /name too long/.test(String(p.reason))
        ? 'Choose a shorter name: most filesystems allow 255 bytes, and the state of a run needs a few of them.'
        : 'Check the permissions of its folder.',
  },
  OUTPUT_UNREADABLE: {
    kind: 'user',
    message: (p) => `Output ${path(p)} cannot be read back${because(p)}.`,
    hint: () => 'A finished output contains a file _SUCCESS. Run it again.',
  },
  OUTPUT_BUSY: {
    kind: 'user',
    message: (p) => `Another run is writing ${path(p)}: process ${p.pid}${p.started ? `, started ${p.started}` : ''}.`,
    hint: () => 'Wait for it or stop it. Only one run at a time may write to an output.',
  },

  // State of an unfinished run.
  STATE_MISMATCH: {
    kind: 'user',
    message: (p) =>
      `An unfinished run of ${path(p)} cannot be continued: ${list(p.changes, '; ') || 'the job changed'}.`,
    hint: (p) =>
      p.command === 'same'
        ? `Undo the change to continue, or start over: runjob resume ${path(p)} --fresh`
        : p.command === 'other'
          ? 'Give the command as it was to continue, or this one with --fresh to start over.'
          : 'Undo the change to continue, or start over with --fresh; in a program, fresh: true.',
  },
  STATE_NOT_FOUND: {
    kind: 'user',
    message: (p) => `There is no unfinished run of ${path(p)}${p.output ? ', and no output' : ''}.`,
    hint: () => 'Name the output as the command did, from the same folder. A run that succeeds removes its state.',
  },
  STATE_NOT_RESUMABLE: {
    kind: 'user',
    message: (p) => `The unfinished run of ${path(p)} cannot be resumed from its state alone: ${p.reason}.`,
    hint: (p) => text(p.help, 'Start it the way it was started before, or remove its state with runjob clean.'),
  },
  STATE_CORRUPT: {
    kind: 'resource',
    retry: false,
    message: (p) => `The state of an earlier run in ${path(p)} cannot be read${because(p)}.`,
    hint: () => 'Start over with --fresh. Finished outputs are not affected.',
  },

  // The job and its parameters.
  JOB_NOT_FOUND: {
    kind: 'user',
    usage: true,
    message: (p) => `No job ${quote(p.name)}.${p.path ? ` ${path(p)} does not exist.` : ''}${known('Jobs', p.known)}`,
    hint: (p) => suggest(p, p.name) ?? 'A job is a name from the list or a path to a .ts, .js or .mjs module.',
  },
  JOB_INVALID: {
    kind: 'user',
    message: (p) =>
      isOfCall(p) ? ended(p.problem) : `The job${p.job ? ` ${quote(p.job)}` : ''} is not valid: ${ended(p.problem)}`,
    hint: (p) => text(p.help, isOfCall(p) ? 'Correct it where it is called.' : 'Correct it where the job is defined.'),
  },
  JOB_LOAD_FAILED: {
    kind: 'user',
    message: (p) => `The module ${path(p)} cannot be loaded${because(p)}.`,
    hint: (p) => text(p.help, 'The message comes from importing the module.'),
  },
  PARAM_UNKNOWN: {
    kind: 'user',
    usage: true,
    message: (p) => `No parameter ${quote(p.name)}.${known('Parameters', p.known) || ' There is none.'}`,
    hint: (p) => suggest(p, p.name) ?? 'The help lists all parameters.',
  },
  PARAM_INVALID: {
    kind: 'user',
    usage: true,
    message: (p) => `Parameter ${quote(p.name)} cannot be ${p.given ?? quote(p.value)}: ${p.problem}.`,
    hint: (p) => text(p.help, 'The help says what parameters take.'),
  },
  PARAM_MISSING: {
    kind: 'user',
    usage: true,
    message: (p) => `Parameter ${quote(p.name)} is missing${p.describe ? `: ${p.describe}` : ''}.`,
    hint: (p) => `Add --${p.name}.`,
  },
  OPTION_INVALID: {
    kind: 'user',
    usage: true,
    message: (p) =>
      p.given === undefined && (p.value === '' || p.value === undefined)
        ? `Option ${quote(p.name)}: ${ended(p.problem)}`
        : `Option ${quote(p.name)} cannot be ${p.given ?? quote(p.value)}: ${ended(p.problem)}`,
    hint: (p) => text(p.help, 'See runjob --help.'),
  },

  // Content of the inputs.
  COLUMN_UNKNOWN: {
    kind: 'user',
    message: (p) =>
      p.of === undefined
        ? `No column ${quote(p.name)}.${known('Columns', p.columns) || ' There are no columns.'}`
        : `${p.of === 'undefined' ? `Property ${quote(p.name)}, which the reduce reads, is undefined in every emitted value` : `No emitted value has the property ${quote(p.name)} that the reduce reads`}.${known('Properties', p.columns)}`,
    hint: (p, spell) => {
      const several = String(p.name).split(',')
      if (
        several.length > 1 &&
        Array.isArray(p.columns) &&
        several.every((name) => (p.columns as unknown[]).includes(name))
      )
        return 'Name one column here, not several.'
      const [, sorted, way] = /^(.+) (asc|desc)$/i.exec(String(p.name)) ?? []
      if (sorted !== undefined && Array.isArray(p.columns) && p.columns.includes(sorted)) {
        return `The order is a method: col(${quote(sorted)}).${way!.toLowerCase()}().`
      }
      const hint = dialectHint(p, spell) ?? suggest(p, p.name)
      if (hint !== undefined) return hint
      if (p.of !== undefined) {
        return 'Check the name in the reduce and what the map emits. For a missing value, emit null.'
      }
      if (!Array.isArray(p.columns) || p.columns.length !== 1) {
        return 'Names must match exactly, including upper and lower case.'
      }
      return `The file has one column. If its first line is a title, not a header, skip it: ${spell({ skip: 1 })}.`
    },
  },
  COLUMN_AMBIGUOUS: {
    kind: 'user',
    message: (p) =>
      p.name === ''
        ? `Columns without a name go by number${because({ detail: list(p.numbers, ', ') })}.`
        : `Several columns have the name ${quote(p.name)}${because({ detail: list(p.numbers, ', ') })}.`,
    hint: () => 'Use the number of the column you mean, such as "#2" for the second.',
  },
  DATASET_INVALID: {
    kind: 'user',
    message: (p) => `${p.expression === undefined ? '' : `${p.expression}: `}${ended(p.problem)}`,
    hint: (p) => text(p.hint, 'docs/functions.md lists what each function takes.'),
  },
  COLLECTION_INVALID: {
    kind: 'user',
    badRecord: true,
    message: (p) => ended(p.problem),
    hint: (p) => text(p.hint, 'docs/collections.md says what each method takes.'),
  },
  COLLECTION_EMPTY: {
    kind: 'data',
    message: (p) => `${p.method} of a collection without elements has no answer.`,
    hint: () => 'Ask first() whether there is one, or fold from a value: aggregateByKey().',
  },
  INT64_UNSAFE: {
    kind: 'data',
    badRecord: true,
    message: (p) => `Column ${p.column} has ${p.value}, a whole number that a JavaScript number does not hold exactly.`,
    hint: () =>
      "Ask for bigints: collect({ longs: 'bigint' }), or declare long({ js: 'bigint' }). Or cast it: cast('string') or cast('double'). In a file it has all its digits.",
  },
  TIMESTAMP_PRECISION: {
    kind: 'data',
    badRecord: true,
    message: (p) => `Column ${p.column} has ${p.value}, a time that a Date does not hold exactly.`,
    hint: () =>
      "Ask for microseconds: collect({ timestamps: 'micros' }), or declare timestamp({ js: 'micros' }). Or cast it: cast('string'). In a file it has its microseconds.",
  },
  COLUMN_EXTRA: {
    kind: 'data',
    message: (p) =>
      `A file has columns that the first file of its input lacks${because({ detail: list(p.names, ', ') })}.`,
    hint: (_, spell) =>
      `Name the columns to read: ${spell({ columns: ['a', 'b'], header: true })}. They are found in every file.`,
  },
  HEADER_MISSING: {
    kind: 'data',
    message: (p) => `${path(p)} has no header row${because(p)}.`,
    hint: (p, spell) =>
      typeof p.delimiter === 'string'
        ? `Set the delimiter and skip that line: ${spell({ delimiter: p.delimiter || ',', skip: p.skip })}.`
        : `For files without a header row, name the columns: ${spell({ columns: ['a', 'b'] })}.`,
  },
  CSV_BAD_QUOTE: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A quote is in the wrong place${because(p)}.`,
    hint: quoteHint,
  },
  CSV_UNCLOSED_QUOTE: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A quoted field does not end${because(p)}.`,
    hint: quoteHint,
  },
  CSV_SHORT_ROW: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A row has too few fields${because(p)}.`,
    hint: (_, spell) =>
      `Check the row and the delimiter. If rows may lack fields: ${spell({ raggedRows: 'fill' })}; use drop instead of fill to drop such rows.`,
  },
  CSV_LONG_ROW: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A row has too many fields${because(p)}.`,
    hint: (p, spell) =>
      / 1 column$/.test(String(p.detail))
        ? `If the first line is a title, not a header, skip it: ${spell({ skip: 1 })}. If some lines are comments: ${spell({ comment: '#' })}.`
        : `A field that holds the delimiter must be in quotes. If extra fields do not matter: ${spell({ raggedRows: 'fill' })}; use drop instead of fill to drop such rows.`,
  },
  CSV_BAD_NUMBER: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A field is not a number${because(p)}.`,
    hint: numberHint,
  },
  CSV_EMPTY_FIELD: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A required field is empty${because(p)}.`,
    hint: () => 'Fill it in, or skip such rows with --max-bad.',
  },
  CSV_BAD_TIME: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A field is not a time${because(p)}.`,
    hint: () =>
      'Times are ISO 8601, such as 2025-06-24T10:00:00Z (UTC if no zone is given), or seconds since 1970, up to the year 9999. --max-bad skips rows with other times.',
  },
  NUMBER_TOO_LARGE: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A number is too large${because(p)}.`,
    hint: (p) =>
      `Numbers are doubles: whole numbers are exact up to 2^53 (9007199254740992), and the largest is 1.8e308. Keep longer numbers, such as identifiers, as text${p.reader === 'jsonl' ? ", or read them with jsonl({ integers: 'bigint' })" : ', or sum them as bigint() in a job of your own'}.`,
  },
  CELL_INVALID: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A value is not of its column's type${because(p)}.`,
    hint: () =>
      'Give the column another type in the schema, such as nullable(string()), or skip such rows with --max-bad.',
  },
  PARTITION_INVALID: {
    kind: 'data',
    message: (p) => `A row has no folder to go into${because(p)}.`,
    hint: (p) =>
      `Filter such rows, or give the column another value.${/empty text/.test(because(p)) ? ' With --empty-as-null (emptyAsNull) an empty text goes where null goes.' : ''}`,
  },
  JSONL_BAD_RECORD: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A line is not JSON${because(p)}.`,
    hint: (p) =>
      p.isPart
        ? 'Its value seems to span several lines. Write one value per line (jq -c . file | runjob <job> -), or all values as one JSON array.'
        : 'JSON lines hold one complete JSON value per line.',
  },
  JSON_ARRAY_INVALID: {
    kind: 'data',
    message: (p) => `${path(p)} is read as one JSON array, but ${p.problem}.`,
    hint: () => 'If each line is an array of its own, use jsonl({ array: false }).',
  },
  GZIP_CORRUPT: {
    kind: 'data',
    message: (p) => `${path(p)} cannot be decompressed${because(p)}.`,
    hint: (p) => text(p.hint, 'Test it with gzip -t; it may have been cut off while it was copied.'),
  },
  ZSTD_CORRUPT: {
    kind: 'data',
    message: (p) => `${path(p)} cannot be decompressed${because(p)}.`,
    hint: (p) => text(p.hint, 'Test it with zstd -t; it may have been cut off while it was copied.'),
  },
  CODEC_MISSING: {
    kind: 'user',
    message: (p) => `This version of Node (${process.version}) cannot ${p.use} ${p.compression}.`,
    hint: () => 'Node 22.15 and later can, and older ones with the package zstd-napi installed; or write gzip: --gzip.',
  },
  BZIP2_CORRUPT: {
    kind: 'data',
    message: (p) => `${path(p)} cannot be decompressed${because(p)}.`,
    hint: (p) => text(p.hint, 'Test it with bzip2 -t; it may have been cut off while it was copied.'),
  },
  XZ_CORRUPT: {
    kind: 'data',
    message: (p) => `${path(p)} cannot be decompressed${because(p)}.`,
    hint: (p) => text(p.hint, 'Test it with xz -t; it may have been cut off while it was copied.'),
  },
  LZ4_CORRUPT: {
    kind: 'data',
    message: (p) => `${path(p)} cannot be decompressed${because(p)}.`,
    hint: (p) => text(p.hint, 'Test it with lz4 -t; it may have been cut off while it was copied.'),
  },
  SNAPPY_CORRUPT: {
    kind: 'data',
    message: (p) => `${path(p)} cannot be decompressed${because(p)}.`,
    hint: (p) =>
      text(
        p.hint,
        'Test it with snzip -dc; it may have been cut off while it was copied. Blocks without frames are not read.',
      ),
  },
  AVRO_CORRUPT: {
    kind: 'data',
    message: (p) => `${p.path ? path(p) : 'An Avro file'} is damaged${because(p)}.`,
    hint: () => 'Compare it with the file that it was copied from, or write it again.',
  },
  AVRO_UNSUPPORTED: {
    kind: 'data',
    message: (p) => `${p.path ? path(p) : 'An Avro file'} cannot be read${because(p)}.`,
    hint: () => 'Declare a schema of other columns, avro({ schema: { … } }), or write the file again in another way.',
  },
  PARQUET_CORRUPT: {
    kind: 'data',
    message: (p) => `${p.path ? path(p) : 'A Parquet file'} is damaged${because(p)}.`,
    hint: () => 'Compare it with the file that it was copied from, or write it again.',
  },
  PARQUET_UNSUPPORTED: {
    kind: 'data',
    message: (p) => `${p.path ? path(p) : 'A Parquet file'} cannot be read${because(p)}.`,
    hint: (p) =>
      text(p.help, 'Read other columns only, or write the file again in another way, for example with DuckDB.'),
  },
  SCHEMA_CONFLICT: {
    kind: 'data',
    message: (p) =>
      `Column ${quote(p.name)} is ${p.type} in ${path(p)}, but ${p.otherType} in ${p.other ? shown(String(p.other)) : 'the schema'}.`,
    hint: () => 'Declare a schema that both can be read as, or write one of them again.',
  },
  RECORD_TOO_LARGE: {
    kind: 'data',
    badRecord: true,
    message: (p) =>
      `A record${p.bytes ? ` of ${p.bytes} bytes` : ''} is too large${p.limit ? `: the limit is ${p.limit} bytes` : because(p)}.`,
    hint: () => 'A record must fit in memory. Check that the format, delimiter and line ends are right.',
  },

  ARITHMETIC_OVERFLOW: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A result is too large for its type${because(p)}.`,
    hint: () => 'Cast the operands to a larger type, or use tryAdd() and its like, which give null.',
  },
  DIVIDE_BY_ZERO: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A number is divided by zero${because(p)}.`,
    hint: () => 'Leave such rows out, or use tryDivide() or tryMod(), which give null.',
  },
  CAST_INVALID: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A value cannot be cast${because(p)}.`,
    hint: () => 'Leave such rows out, or use tryCast(), which gives null.',
  },
  ARGUMENT_INVALID: {
    kind: 'data',
    badRecord: true,
    message: (p) => `A function cannot take a value${because(p)}.`,
    hint: () =>
      'Leave such rows out, check the value first with when(), or use a function that gives null, such as tryFromJson().',
  },

  TOO_MANY_BAD_RECORDS: {
    kind: 'data',
    message: (p) =>
      `There ${p.bad === 1 ? 'is 1 bad record' : `are ${p.bad} bad records`}${p.records ? ` of ${p.records}` : ' so far'}, and --max-bad ${p.limit} allows no more.`,
    hint: (p) =>
      p.path === null
        ? 'Fix them, or allow more. With -o the output comes with a list of them, and a run that ends can be continued.'
        : `They are listed in ${path(p)}. Fix them, or allow more: the same command continues from there.`,
  },

  // User functions.
  USER_ERROR: {
    kind: 'user',
    retry: (p) => p.late !== true,
    badRecord: true,
    message: (p) =>
      p.late
        ? `A function of the job failed after it had returned: ${p.message}`
        : p.isFrames === true
          ? `The function ${p.function} failed: ${p.message}`
          : `${isListener(p.function) ? `The ${p.function} function` : p.function === 'build' ? "The dataset's build function" : isMethod(p.function) ? `The function of ${p.function}` : p.function ? `The job's ${p.function} function` : 'A function of the job'} failed: ${p.message}`,
    hint: (p) =>
      p.late
        ? 'It left a timer or a promise behind, which failed. Load what takes time in setup(), which may be async.'
        : isListener(p.function)
          ? 'It runs between tasks and must not throw. Once it is fixed, the same call continues where it stopped.'
          : p.state === null || p.function === 'build'
            ? 'Nothing was written. Fix the function, then run the same command.'
            : 'Nothing was written. Fix the function, then start over with --fresh: finished tasks came from the old code.',
  },
  FUNCTION_NOT_FOUND: {
    kind: 'user',
    message: (p) =>
      p.module === undefined
        ? `Workers cannot find the function ${p.function}: ${p.reason}.`
        : `Workers cannot find the function ${p.function}: it is number ${p.number} of what ${p.module} makes, and for them it makes ${p.found}.`,
    hint: (p) =>
      p.isLate === true
        ? 'It was made after an action, such as collect(), had begun: workers import the module up to there. Make functions before, at the top level of the module, or in a module of their own.'
        : 'Workers import the module again. Make functions at the top level of a module, or in the build of a dataset, not in a callback.',
  },
  GRAPH_DIFFERS: {
    kind: 'user',
    message: (p) =>
      `Workers find another function than the program's: in place of ${p.function}, which is ${p.declared}, ${p.module} makes ${text(p.found, 'one with another text')} for them.`,
    hint: () =>
      'Workers import the module again, and it must make the same functions in the same order, whatever the thread, the time or the environment.',
  },
  RESULT_INVALID: {
    kind: 'user',
    badRecord: true,
    message: (p) => `The function ${p.function} gives ${p.problem}.`,
    hint: () =>
      'It must give values of the type with which udf() declares it, as rows have them; null only if that is nullable(…).',
  },
  EMIT_LATE: {
    kind: 'user',
    message: (p) => `${p.what} was called after the function that it was given to had returned.`,
    hint: () =>
      'Later records would be lost, so emit before the function returns. Load what takes time in setup(), which may be async.',
  },
  EMIT_TYPE: {
    kind: 'user',
    badRecord: true,
    message: (p) =>
      p.codec === 'order'
        ? `order() returned ${article(p.type)}.`
        : `${p.function ? `The job's ${p.function} function` : 'A function of the job'} emitted ${article(p.type)} as ${p.what ?? 'key or value'}, but the job's ${codecNames(p)} is ${p.codec}${p.because ? `: ${p.because}` : ''}.`,
    hint: (p) =>
      p.codec === 'order'
        ? `It must return ${p.want}.`
        : isNoNumber(p.type)
          ? 'For a missing value, emit null. Number() and parseFloat() give NaN for text that is not a number, and a division by 0 gives Infinity: check before you emit, or skip such records with --max-bad.'
          : p.codec === 'number' && p.type === 'undefined'
            ? 'For a missing value, emit null; undefined often means a misspelt property.'
            : `Emit what the codec takes, or change the job's ${codecNames(p)}: json() takes most values.`,
  },
  COUNTER_INVALID: {
    kind: 'user',
    badRecord: true,
    message: (p) => `Counter ${quote(p.name)} cannot be increased by ${p.by}.`,
    hint: () => 'Counters hold whole numbers, at most 2^53. Emit other numbers as values, and add them up in a reduce.',
  },
  VALUES_READ_TWICE: {
    kind: 'user',
    message: () => 'A function read the values of a key a second time.',
    hint: () => 'Values can be read only once. Compute all answers in one loop, or collect the values if they are few.',
  },
  OUTPUT_UNKNOWN: {
    kind: 'user',
    message: (p) => `No output ${quote(p.name)}.${known('Named outputs', p.known) || ' The job has no named outputs.'}`,
    hint: (p) => suggest(p, p.name) ?? 'The job lists its named outputs under `outputs`.',
  },
  JOIN_GROUP_TOO_LARGE: {
    kind: 'data',
    message: (p) => `The right-hand rows of one key exceed the memory that a join may use${because(p)}.`,
    hint: () => 'Give more --memory, put the input with fewer rows per key on the right, or remove that key.',
  },
  WINDOW_TOO_LARGE: {
    kind: 'data',
    message: (p) => `The values of one frame exceed the memory that a window may use${because(p)}.`,
    hint: () =>
      'Give more --memory, or take the percentiles of groupBy(), which may have any number of values, and join them.',
  },

  // Workers and the machine.
  WORKER_DIED: {
    kind: 'resource',
    message: (p) =>
      `A worker died${typeof p.exitCode === 'number' ? ` with exit code ${p.exitCode}` : ''}${because(p)}.`,
    hint: () => 'The task is retried. If this keeps happening, the cause is in the code that the job loads.',
  },
  TASK_TIMEOUT: {
    kind: 'resource',
    message: (p) =>
      p.function === 'teardown'
        ? `The job's teardown function ran for more than ${p.limit}.`
        : `A task ran for more than ${p.limit ?? 'its time limit'}${p.function ? `; it was in the job's ${p.function} function, or had just left it` : ''}.`,
    hint: () => "Look for an endless loop in the job's functions, or raise --task-timeout.",
  },
  OUT_OF_MEMORY: {
    kind: 'resource',
    message: (p) => `Memory ran out${because(p)}.`,
    hint: () => "Give more --memory or use fewer --workers. A job's functions must not collect records.",
  },
  DISK_FULL: {
    kind: 'resource',
    retry: false,
    message: (p) => `No space left on the disk${p.path ? ` for ${path(p)}` : ''}${because(p)}.`,
    hint: (p) =>
      p.state === null
        ? 'Free some space, or set TMPDIR to a folder on a larger disk. Nothing is kept: the same command starts over.'
        : 'Free some space, then run the same command: it continues where it stopped.',
  },
  DISK_TOO_SMALL: {
    kind: 'resource',
    retry: false,
    message: (p) => `The run needs about ${p.need} of disk space for ${path(p)}, but only ${p.free} is free.`,
    hint: (p) =>
      p.state === null
        ? 'Free some space, or set TMPDIR to a folder on a larger disk. --no-disk-check runs anyway.'
        : 'Free some space, or put the output on a larger disk. --no-disk-check runs anyway: if the disk fills up, the run stops and can be continued.',
  },
  FILE_IO: {
    kind: 'resource',
    message: (p) => `${p.path === undefined ? 'A file' : path(p)} cannot be used${because(p)}.`,
    hint: () => 'The operating system says so. Check the disk, the permissions, and that the folder exists.',
  },
  RUN_MISSING: {
    kind: 'resource',
    message: (p) => `A run file is missing${p.path ? `: ${path(p)}` : ''}${because(p)}.`,
    hint: damageHint,
  },
  RUN_CORRUPT: {
    kind: 'resource',
    message: (p) => `A run file is damaged${p.path ? `: ${path(p)}` : ''}${because(p)}.`,
    hint: damageHint,
  },
  RUN_VERSION: {
    kind: 'user',
    message: (p) => `A run file comes from another version of runjob${p.path ? `: ${path(p)}` : ''}${because(p)}.`,
    hint: damageHint,
  },
  RUN_IO: {
    kind: 'resource',
    message: (p) => `A run file cannot be used${p.path ? `: ${path(p)}` : ''}${because(p)}.`,
    hint: () => 'Check the disk that holds the output.',
  },
  INTERRUPTED: {
    kind: 'interrupted',
    message: () => 'The run was interrupted.',
    hint: (p) =>
      p.state === null
        ? 'Nothing is kept; the same command starts over.'
        : 'The same command continues where it stopped.',
  },

  // Runjob itself.
  BATCH_TOO_SMALL: {
    kind: 'bug',
    message: (p) =>
      `A record (key ${p.keyBytes} bytes, value ${p.valueBytes} bytes) does not fit the batch it is read into.`,
    hint: reportHint,
  },
  BAD_ARGUMENT: {
    kind: 'bug',
    message: (p) => `A kernel was called with a wrong argument${because(p)}.`,
    hint: reportHint,
  },
  ADDON_MISSING: {
    kind: 'resource',
    retry: false,
    message: (p) => `The native part of runjob cannot be loaded${because(p)}.`,
    hint: () =>
      'Install runjob on this machine with the Node version that runs it. Compiling needs Python 3, make and a C++20 compiler.',
  },
  ACCOUNTING_MISMATCH: {
    kind: 'bug',
    message: (p) => `Records were lost or invented${because(p)}. The output was not committed.`,
    hint: reportHint,
  },
  INTERNAL: {
    kind: 'bug',
    message: (p) => `Unexpected error${because(p)}.`,
    hint: reportHint,
  },
} satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof CATALOGUE

const catalogue: Readonly<Record<ErrorCode, CatalogueEntry>> = CATALOGUE

export const ERROR_CODES: readonly ErrorCode[] = Object.keys(CATALOGUE) as ErrorCode[]

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(CATALOGUE, code)
}

/** A RunjobError as plain JSON. */
export interface ErrorJson {
  code: ErrorCode
  params: ErrorParams
  where: Where
  stack?: string
  userStack?: string
  cause?: { name: string; message: string; stack?: string }
}

const BRAND = Symbol.for('runjob.error')

/**
 * @example
 * throw new RunjobError('INPUT_NOT_FOUND', { path: 'logs/may', cwd: process.cwd() })
 */
export class RunjobError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly params: ErrorParams
  /** What to do about it. */
  hint: string
  where: Where
  /** For USER_ERROR: the stack of what the user's function threw. */
  readonly userStack: string | undefined

  /** A process may hold two copies of this package: either class recognises the errors of both. */
  static override [Symbol.hasInstance](value: unknown): value is RunjobError {
    try {
      return typeof value === 'object' && value !== null && BRAND in value
    } catch {
      // A user's proxy that throws.
      return false
    }
  }

  constructor(
    code: ErrorCode,
    params: ErrorParams = {},
    options: { cause?: unknown; where?: Where; userStack?: string | undefined } = {},
  ) {
    const entry = catalogue[code]
    super(messageFor(entry, params, options.where), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RunjobError'
    this.code = code
    this.kind = entry.kind
    this.params = params
    this.hint = hintFor(entry, params, asProgram)
    this.where = options.where ?? {}
    this.userStack = options.userStack
  }

  /** Whether another attempt of the same task may succeed. */
  get retryable(): boolean {
    const { retry = this.kind === 'resource' } = catalogue[this.code]
    return typeof retry === 'function' ? retry(this.params) : retry
  }

  /** Whether one record is at fault, and others may be fine. */
  get isBadRecord(): boolean {
    return (catalogue[this.code].badRecord ?? false) && this.params.noRow !== true
  }

  /** Rewrites the hint for readers who set the options of csv() in another way. */
  hintIn(spell: SpellOptions): this {
    this.hint = hintFor(catalogue[this.code], this.params, spell)
    return this
  }

  /** The same failure with more details. */
  withParams(params: ErrorParams): RunjobError {
    const { code, cause, where, userStack } = this
    const more = new RunjobError(code, { ...this.params, ...params }, { cause, where, userStack })
    if (this.stack !== undefined) more.stack = this.stack
    return more
  }

  /** Adds what is not known yet: the code closest to the failure knows best. */
  withWhere(where: Where): this {
    this.where = { ...where, ...this.where }
    this.message = messageFor(catalogue[this.code], this.params, this.where)
    return this
  }

  toJSON(): ErrorJson {
    const json: ErrorJson = { code: this.code, params: plain(this.params) as ErrorParams, where: this.where }
    if (this.stack !== undefined) json.stack = this.stack
    if (this.userStack !== undefined) json.userStack = this.userStack
    if (this.cause !== undefined) json.cause = describeCause(this.cause)
    return json
  }

  static {
    Object.defineProperty(RunjobError.prototype, BRAND, { value: true })
  }

  static fromJSON(json: ErrorJson): RunjobError {
    let cause: Error | undefined
    if (json.cause) {
      cause = new Error(json.cause.message)
      cause.name = json.cause.name
      cause.stack = json.cause.stack ?? `${json.cause.name}: ${json.cause.message}`
    }
    const error = new RunjobError(json.code, json.params, { cause, where: json.where, userStack: json.userStack })
    if (json.stack !== undefined) error.stack = json.stack
    return error
  }
}

/** @param params `noRow`: it is no row that --max-bad can skip, but what rows depend on */
function hintFor(entry: CatalogueEntry, params: ErrorParams, spell: SpellOptions): string {
  const hint = entry.hint?.(params, spell) ?? ''
  if (params.noRow !== true) return hint
  return `--max-bad skips rows, and this is none: it is the result of a group or window, or the condition of a join, and without it other rows would be wrong. ${hint}`.trimEnd()
}

/** Messages name the job if it is known. */
function messageFor(entry: CatalogueEntry, params: ErrorParams, where: Where = {}): string {
  return entry.message(where.job === undefined ? params : { job: where.job, ...params })
}

/**
 * Any thrown value as a RunjobError. Other errors become INTERNAL, with the original as cause: wrap errors of user functions
 * with userError() and errors of files with fileError() before they get here.
 */
export function toRunjobError(error: unknown): RunjobError {
  if (error instanceof RunjobError) return error
  return new RunjobError('INTERNAL', { detail: messageOf(error) }, { cause: error })
}

/** Wraps what a user's function threw. A RunjobError is kept: the function called into runjob, whose words are better. */
export function userError(error: unknown, functionName: string, where: Where = {}): RunjobError {
  if (error instanceof RunjobError) {
    // Which codecs apply depends on the function that emitted.
    const isNameless = error.code === 'EMIT_TYPE' && error.params.function === undefined
    const named = isNameless ? error.withParams({ function: functionName }) : error
    return named.withWhere({ ...where, ...error.where })
  }
  return new RunjobError(
    'USER_ERROR',
    { function: functionName, message: messageOf(error) },
    { cause: error, where, userStack: textOf(error, 'stack') },
  )
}

/** 2 for a mistake in the command itself, 130 for an interruption, 1 for everything else. */
export function exitCodeFor(error: unknown): number {
  if (!(error instanceof RunjobError)) return 1
  if (error.kind === 'interrupted') return 130
  return catalogue[error.code].usage ? 2 : 1
}

function describeCause(cause: unknown): { name: string; message: string; stack?: string } {
  const name = textOf(cause, 'name') ?? 'Error'
  const stack = textOf(cause, 'stack')
  return { name, message: messageOf(cause), ...(stack === undefined ? {} : { stack }) }
}

function textOf(error: unknown, property: 'name' | 'stack'): string | undefined {
  try {
    const text: unknown = error instanceof Error ? error[property] : undefined
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

// A user may throw anything, even an object whose toString() throws.
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message || error.name : error)
  } catch {
    return 'a value without a message'
  }
}

// JSON has neither bigints nor cycles, and an error must cross the thread whatever its parameters are.
function plain(value: unknown): unknown {
  try {
    return JSON.parse(jsonOf(value))
  } catch {
    return {}
  }
}

/** What a folder or glob without input files holds. */
function passedOver(p: ErrorParams): string {
  const parts = [
    p.hidden ? `${p.hidden} with names that start with "_" or "."` : '',
    p.special ? `${p.special} that are pipes, sockets or devices` : '',
    p.outputs ? `${p.outputs} written by earlier runs` : '',
  ].filter((part) => part !== '')
  return parts.length > 0 ? `: ${parts.join(' and ')} were skipped` : ''
}

/** ": reason", from `detail` (native code), `reason` or `problem`, without a final full stop. */
function because(p: ErrorParams): string {
  const reason = p.detail ?? p.reason ?? p.problem
  return reason === undefined || reason === null || reason === '' ? '' : `: ${String(reason).replace(/\.$/, '')}`
}

function path(p: ErrorParams): string {
  return shown(String(p.path))
}

/** Ends a sentence that may be a question. */
function ended(problem: unknown): string {
  return /[?.]$/.test(String(problem)) ? String(problem) : `${problem}.`
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `"${shown(value)}"` : shown(String(value))
}

/** A name in a list of names: in quotes if its ends, or commas in it, would be unclear. */
function listed(name: unknown): string {
  const text = String(name)
  return text === '' || text !== text.trim() || text.includes(',') ? quote(text) : shown(text)
}

const LISTED_NAMES = 40

function list(names: unknown, separator: string): string {
  if (!Array.isArray(names)) return ''
  const rest = names.length - LISTED_NAMES
  return names.slice(0, LISTED_NAMES).join(separator) + (rest > 0 ? `${separator}and ${rest} more` : '')
}

function known(what: string, names: unknown): string {
  const all = list(Array.isArray(names) ? names.map(listed) : names, ', ')
  return all && ` ${what}: ${all}.`
}

/** `string` -> "a string"; what has an article, or is a name, is kept. */
function article(type: unknown): string {
  return /^(string|number|bigint|boolean|function|symbol)$/.test(String(type)) ? `a ${type}` : String(type)
}

/** A reduce has codecs of its own for what it emits; their default is those of the map. */
function codecNames(p: ErrorParams): string {
  const isKey = String(p.what ?? '').startsWith('key')
  const isValue = String(p.what ?? '').startsWith('value')
  const names = p.function === 'reduce' ? ['outKey', 'outValue'] : ['key', 'value']
  return isKey ? names[0]! : isValue ? names[1]! : names.join(' and ')
}

function suggest(p: ErrorParams, name: unknown): string | undefined {
  const names = p.known ?? p.columns
  const given = typeof p.suggestion === 'string' ? p.suggestion : undefined
  const suggestion = given ?? (Array.isArray(names) ? didYouMean(String(name), names) : undefined)
  if (suggestion === undefined) return undefined
  const like = likeness(String(name), suggestion)
  return `Did you mean ${quote(suggestion)}?${like === null ? '' : ` ${like}`}`
}

const DELIMITERS = [';', '\t', '|', ',']

/** What the names of a file's columns tell about its dialect. */
function dialectHint(p: ErrorParams, spell: SpellOptions): string | undefined {
  const name = String(p.name)
  const columns = Array.isArray(p.columns) ? p.columns.map(String) : []
  const [first = ''] = columns
  if (columns.length === 1) {
    const delimiter = DELIMITERS.find((one) => first.includes(one))
    if (delimiter)
      return `The first line holds ${delimiter === '\t' ? 'tabs' : `"${delimiter}"`}: try ${spell({ delimiter })}.`
  }
  if (columns.some((column) => column !== name && column.trim() === name)) {
    return `There are blanks around the name: ${spell({ trim: true })} removes them.`
  }
  const quote = ["'", '`', '"'].find((one) => columns.includes(one + name + one))
  if (quote) return `The name is in quotes: ${spell({ quote })}.`
  const comment = /^[#%;]/.exec(first)?.[0]
  if (comment) return `The first line begins with "${comment}". If that is a comment: ${spell({ comment })}.`
  if (columns.length > 0 && columns.some((column) => /^[+-]?\d+([.,]\d+)?$/.test(column))) {
    return `The first row does not look like a header. For a file without one, name the columns: ${spell({ columns: columns.map((_, i) => (i === 0 ? name : `c${i + 1}`)) })}.`
  }
  return undefined
}

function quoteHint(_: ErrorParams, spell: SpellOptions): string {
  return `Quotes enclose a whole field and are doubled inside it. If quotes have no meaning: ${spell({ quote: null })}. If \\" stands for a quote: ${spell({ escape: '\\' })}.`
}

/** Which options would make the text a number. */
function numberHint(p: ErrorParams, spell: SpellOptions): string {
  const field = /"([\s\S]*)"$/.exec(String(p.detail))?.[1] ?? ''
  const text = field.trim()
  if (text === '' && field !== '')
    return `The field holds only blanks. To remove blanks around fields: ${spell({ trim: true })}.`
  const grouped = (separator: string, point: string) =>
    new RegExp(`^[+-]?\\d{1,3}(${separator}\\d{3})+(${point}\\d*)?$`).test(text)
  const say = (options: Record<string, unknown>) => `If that is a number: ${spell(options)}.`
  if (grouped(',', '\\.')) {
    const either = /^[+-]?\d{1,3},\d{3}$/.test(text)
      ? ` If its comma is the decimal point: ${spell({ decimal: ',' })}.`
      : ''
    return say({ thousands: ',' }) + either
  }
  if (/^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(text)) return say({ decimal: ',' })
  if (grouped('\\.', ',')) return say({ decimal: ',', thousands: '.' })
  for (const [thousands, form] of Object.entries({ ' ': '[ \u00a0\u202f\u2009]', "'": "['\u2019]", _: '_' })) {
    if (grouped(form, '\\.')) return say({ thousands })
    if (grouped(form, ',')) return say({ decimal: ',', thousands })
  }
  if (/\d/.test(text) && /[%\p{Sc}]|^[a-z]{2,3} |[\d.,] ?[a-z]{2,3}$/iu.test(text)) {
    return 'Units, percent signs and currencies are not part of a number: remove them in a map of your own.'
  }
  if (text !== '' && text.length <= 20 && !/\d/.test(text)) {
    return `If it stands for a missing value: ${spell({ missing: [text] })}.`
  }
  return 'Numbers look like -12.5 or 3e8; an empty field counts as missing.'
}

function tilde(path: unknown): string {
  const home = homedir()
  const whole = String(path ?? '.')
  if (whole === home) return '~'
  return home.length > 1 && whole.startsWith(`${home}/`) ? `~${whole.slice(home.length)}` : whole
}

/** A function among the options of a run: `onProgress`. */
function isListener(name: unknown): boolean {
  return /^on[A-Z]/.test(String(name))
}

/** A method that takes a function: `flatMap()`. */
function isMethod(name: unknown): boolean {
  return String(name).endsWith('()')
}

/** `sum(): …`: functions that jobs and data frames share know of neither. */
function isOfCall({ job, problem }: ErrorParams): boolean {
  return job === undefined && /^(?!defineJob)\w+\(\)/.test(String(problem))
}

function isNoNumber(type: unknown): boolean {
  return type === 'NaN' || type === 'Infinity' || type === '-Infinity'
}

function damageHint(p: ErrorParams): string {
  if (typeof p.redos !== 'number')
    return 'The task that wrote it runs again automatically. If that does not help, check the disk.'
  return `The task that wrote it ran again ${p.redos} times, and the file was damaged or missing each time. Check the disk that holds the output, and that nothing else writes there.`
}

function reportHint(): string {
  return 'This is a bug in runjob. Please report it with the command and this message.'
}
