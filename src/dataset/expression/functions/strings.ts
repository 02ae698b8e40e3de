/** Functions of text and of binary. */
import { type Expression, isNullable } from '../../../plan/expression.js'
import { type Type, typeText } from '../../../plan/type.js'
import { type Operand, settled, typeOf } from '../coercion.js'
import { refuse } from '../fault.js'
import { call, type FunctionEntry, literalText, plain, taken } from './entry.js'

function int(value: number): Expression {
  return { op: 'literal', value, type: 'integer' }
}

function splitPart([s, separator, part]: Operand[]): Expression {
  const text = literalText(taken(separator!, 'string', 'separator'))
  const at = taken(part!, 'integer', 'part')
  if (text === null) return refuse('separator must be a literal')
  if (at.op !== 'literal' || typeof at.value !== 'number' || at.value === 0) {
    return refuse('part must be a literal, and not 0')
  }
  // An empty separator separates nothing: no text has this match.
  const pattern = text === '' ? '(?!)' : text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  const value = taken(s!, 'string', 's')
  const list: Type = { type: 'array', element: 'string', containsNull: false }
  const parts = call('split', [value, { op: 'literal', value: pattern, type: 'string' }, int(-1)], list)
  const index = at.value > 0 ? int(at.value - 1) : call('add', [call('size', [parts], 'integer'), at], 'integer')
  const found = call('get', [parts, index], 'string', true)
  const present = call('coalesce', [found, { op: 'literal', value: '', type: 'string' }], 'string', false)
  if (!isNullable(value)) return present
  return call('case', [call('isNotNull', [value], 'boolean', false), present], 'string', true)
}

/** The pattern must be a literal, because it is compiled when the plan is built. */
function checkPattern(args: Expression[]): void {
  const pattern = args[1]!
  if (pattern.op !== 'literal') refuse('the regular expression must be a literal, not computed for each row')
  const text = literalText(pattern)
  if (text === null) return
  try {
    new RegExp(text, 'u')
  } catch (error) {
    refuse(
      `the regular expression is not valid (${(error as Error).message})`,
      'It is one of JavaScript, with flag u: in it, only syntax characters are escaped.',
    )
  }
}

function groupsIn(pattern: string): number {
  return new RegExp(`${pattern}|`, 'u').exec('')!.length - 1
}

/** @param joins whether lists of text are taken, too */
function textOf(operand: Operand, param: string, joins: boolean): Expression {
  const type = typeOf(operand)
  if (joins && type !== undefined && typeof type === 'object' && type.type === 'array') {
    if (type.element !== 'string') refuse(`takes text and lists of text, not ${typeText(type)}`)
    return settled(operand)
  }
  return taken(operand, 'string', param)
}

function test(name: string, spark: string, does: string): FunctionEntry {
  return plain({ name, spark, params: { s: 'string', t: 'string' }, gives: 'boolean', does })
}

function trim(name: string, spark: string, where: string): FunctionEntry {
  return plain({
    name,
    spark,
    params: { s: 'string', characters: 'string' },
    defaults: [undefined],
    gives: 'string',
    does: `Without spaces (U+0020), or any of \`characters\`, ${where}.`,
  })
}

function pad(name: string, spark: string, where: string): FunctionEntry {
  return plain({
    name,
    spark,
    params: { s: 'string', length: 'integer', pad: 'string' },
    defaults: [' '],
    gives: 'string',
    does: `With \`pad\` ${where} up to that many characters; what is longer is cut at its end.`,
  })
}

export const STRINGS: FunctionEntry[] = [
  {
    name: 'length',
    spark: 'length',
    signature: '(s: string or binary) -> int',
    nulls: '',
    does: 'The count of characters (code points) of text, of bytes of binary.',
    least: 1,
    most: 1,
    resolve: ([s]) => call('length', [typeOf(s!) === 'binary' ? settled(s!) : taken(s!, 'string', 's')], 'integer'),
  },
  plain({
    name: 'substring',
    spark: 'substring',
    params: { s: 'string', from: 'integer', length: 'integer' },
    defaults: [2_147_483_647],
    gives: 'string',
    does: 'So many characters, from the first (1) on; a negative `from` counts from the end.',
  }),
  {
    name: 'left',
    spark: 'left',
    signature: '(s: string, length: int) -> string',
    nulls: '',
    does: 'The first characters.',
    least: 2,
    most: 2,
    resolve: ([s, length]) =>
      call('substring', [taken(s!, 'string', 's'), int(1), taken(length!, 'integer', 'length')], 'string'),
  },
  {
    name: 'right',
    spark: 'right',
    signature: '(s: string, length: int) -> string',
    nulls: '',
    does: 'The last characters.',
    least: 2,
    most: 2,
    resolve([s, length]) {
      const count = taken(length!, 'integer', 'length')
      const isNone = call('le', [count, int(0)], 'boolean')
      const from = call('case', [isNone, int(1), call('negate', [count], 'integer')], 'integer', isNullable(count))
      const kept = call('greatest', [count, int(0)], 'integer', false)
      // `greatest` skips a null count, but the place to start from is null then, too.
      return call('substring', [taken(s!, 'string', 's'), from, kept], 'string')
    },
  },
  {
    name: 'octetLength',
    spark: 'octet_length',
    signature: '(s: string or binary) -> int',
    nulls: '',
    does: 'The count of bytes: of text, of its UTF-8.',
    least: 1,
    most: 1,
    resolve: ([s]) => call('length', [taken(s!, 'binary', 's')], 'integer'),
  },
  {
    name: 'bitLength',
    spark: 'bit_length',
    signature: '(s: string or binary) -> int',
    nulls: '',
    does: 'The count of bits, eight for each byte.',
    least: 1,
    most: 1,
    resolve: ([s]) => call('multiply', [call('length', [taken(s!, 'binary', 's')], 'integer'), int(8)], 'integer'),
  },
  {
    name: 'space',
    spark: 'space',
    signature: '(n: int) -> string',
    nulls: '',
    does: 'So many spaces.',
    least: 1,
    most: 1,
    resolve: ([n]) =>
      call('repeat', [{ op: 'literal', value: ' ', type: 'string' }, taken(n!, 'integer', 'n')], 'string'),
  },
  {
    name: 'splitPart',
    spark: 'split_part',
    signature: '(s: string, separator: string, part: int) -> string',
    nulls: '',
    does: 'A part between separators, both literals: the first is 1, the last -1. Beyond the ends: empty.',
    least: 3,
    most: 3,
    resolve: splitPart,
  },
  {
    name: 'concat',
    spark: 'concat',
    signature: '(s: string, …) -> string',
    nulls: '',
    does: 'All one after another.',
    least: 1,
    most: Infinity,
    resolve: (args) =>
      call(
        'concat',
        args.map((arg) => textOf(arg, 's', false)),
        'string',
      ),
  },
  {
    name: 'concatWs',
    spark: 'concat_ws',
    signature: '(separator: string, s: string or array<string>, …) -> string',
    nulls: 'skipped; null where the separator is',
    does: 'All one after another, with the separator between them.',
    least: 1,
    most: Infinity,
    resolve([separator, ...rest]) {
      const first = taken(separator!, 'string', 'separator')
      const args = [first, ...rest.map((arg) => textOf(arg, 's', true))]
      return call('concatWs', args, 'string', first.op === 'literal' ? first.value === null : first.nullable)
    },
  },
  plain({
    name: 'upper',
    spark: 'upper',
    params: { s: 'string' },
    gives: 'string',
    does: 'In upper case, as JavaScript’s `toUpperCase` has it.',
  }),
  plain({
    name: 'lower',
    spark: 'lower',
    params: { s: 'string' },
    gives: 'string',
    does: 'In lower case, as JavaScript’s `toLowerCase` has it.',
  }),
  plain({
    name: 'initcap',
    spark: 'initcap',
    params: { s: 'string' },
    gives: 'string',
    does: 'Each word with a capital at its start and lower case after it. Spaces end words.',
  }),
  trim('trim', 'trim', 'at both ends'),
  trim('ltrim', 'ltrim', 'at the start'),
  trim('rtrim', 'rtrim', 'at the end'),
  pad('lpad', 'lpad', 'in front'),
  pad('rpad', 'rpad', 'behind'),
  test('startsWith', 'startswith', 'Whether `s` starts with `t`.'),
  test('endsWith', 'endswith', 'Whether `s` ends with `t`.'),
  test('contains', 'contains', 'Whether `t` is in `s`.'),
  plain({
    name: 'replace',
    spark: 'replace',
    params: { s: 'string', from: 'string', to: 'string' },
    defaults: [''],
    gives: 'string',
    does: 'With every `from` replaced by `to`. An empty `from` replaces nothing.',
  }),
  plain({
    name: 'locate',
    spark: 'locate',
    params: { t: 'string', s: 'string', from: 'integer' },
    defaults: [1],
    gives: 'integer',
    does: 'Where `t` first is in `s`, from that character on: 1 for the first character, 0 for nowhere.',
  }),
  {
    name: 'instr',
    spark: 'instr',
    signature: '(s: string, t: string) -> int',
    nulls: '',
    does: 'Where `t` first is in `s`: 1 for the first character, 0 for nowhere.',
    least: 2,
    most: 2,
    resolve: ([s, t]) => call('locate', [taken(t!, 'string', 't'), taken(s!, 'string', 's'), int(1)], 'integer'),
  },
  plain({
    name: 'repeat',
    spark: 'repeat',
    params: { s: 'string', n: 'integer' },
    gives: 'string',
    does: 'So many times, one after another.',
  }),
  plain({
    name: 'reverse',
    spark: 'reverse',
    params: { s: 'string' },
    gives: 'string',
    does: 'The characters from last to first.',
  }),
  plain({
    name: 'substringIndex',
    spark: 'substring_index',
    params: { s: 'string', separator: 'string', n: 'integer' },
    gives: 'string',
    does: 'What is before the n-th separator; for a negative n, behind the n-th from the end.',
  }),
  plain({
    name: 'ascii',
    spark: 'ascii',
    params: { s: 'string' },
    gives: 'integer',
    does: 'The code point of the first character; 0 for empty text.',
  }),
  plain({
    name: 'chr',
    spark: 'chr',
    params: { n: 'long' },
    gives: 'string',
    does: 'The character of code `n % 256`; nothing for negative numbers.',
  }),
  plain({
    name: 'like',
    spark: 'like',
    params: { s: 'string', pattern: 'string', escape: 'string' },
    defaults: ['\\'],
    gives: 'boolean',
    does: 'Whether all of `s` is like the pattern: `_` is any character, `%` any text; after `escape` they mean themselves.',
    literals: ['escape'],
    check([, , mark]) {
      if ([...(literalText(mark) ?? '')].length !== 1) refuse('escape must be one character')
    },
  }),
  {
    name: 'ilike',
    spark: 'ilike',
    signature: "(s: string, pattern: string, escape: string = '\\') -> boolean",
    nulls: '',
    does: 'As `like`, whatever the case of letters.',
    least: 2,
    most: 3,
    resolve([s, pattern, character]) {
      const lower = (operand: Operand, name: string) => call('lower', [taken(operand, 'string', name)], 'string')
      const mark = taken(character ?? { op: 'free', value: '\\' }, 'string', 'escape')
      if ([...(literalText(mark) ?? '')].length !== 1) return refuse('escape must be a literal of one character')
      return call('like', [lower(s!, 's'), lower(pattern!, 'pattern'), mark], 'boolean')
    },
  },
  plain({
    name: 'rlike',
    spark: 'rlike',
    params: { s: 'string', pattern: 'string' },
    gives: 'boolean',
    does: 'Whether the regular expression of JavaScript (flag `u`), a literal, matches anywhere in `s`.',
    check: checkPattern,
  }),
  plain({
    name: 'regexpExtract',
    spark: 'regexp_extract',
    params: { s: 'string', pattern: 'string', group: 'integer' },
    defaults: [1],
    gives: 'string',
    does: 'What that group of the first match has, 0 for the whole match; empty where nothing matches.',
    literals: ['group'],
    check(args) {
      checkPattern(args)
      const pattern = literalText(args[1])
      const group = args[2]!.op === 'literal' ? args[2]!.value : null
      if (pattern === null || typeof group !== 'number') return
      const count = groupsIn(pattern)
      if (group < 0 || group > count) refuse(`the regular expression has ${count} groups, and no group ${group}`)
    },
  }),
  plain({
    name: 'regexpReplace',
    spark: 'regexp_replace',
    params: { s: 'string', pattern: 'string', to: 'string' },
    gives: 'string',
    does: 'With all matches replaced by `to`, in which `$1` is what the first group has.',
    check: checkPattern,
  }),
  plain({
    name: 'split',
    spark: 'split',
    params: { s: 'string', pattern: 'string', limit: 'integer' },
    defaults: [-1],
    gives: { type: 'array', element: 'string', containsNull: false },
    does: 'The parts between the matches of a regular expression; at most `limit` of them, if that is above 0.',
    check: checkPattern,
  }),
  plain({
    name: 'base64',
    spark: 'base64',
    params: { bytes: 'binary' },
    gives: 'string',
    does: 'The bytes as text of base64.',
  }),
  plain({
    name: 'unbase64',
    spark: 'unbase64',
    params: { s: 'string' },
    gives: 'binary',
    does: 'The bytes of text of base64. What is not base64: an error.',
  }),
  {
    name: 'hex',
    spark: 'hex',
    signature: '(x: bigint, binary or string) -> string',
    nulls: '',
    does: 'The number, or the bytes, as hexadecimal digits.',
    least: 1,
    most: 1,
    resolve([x]) {
      const type = typeOf(x!)
      const as = type === 'integer' || type === 'long' ? 'long' : type === 'binary' ? 'binary' : 'string'
      return call('hex', [taken(x!, as, 'x')], 'string')
    },
  },
  plain({
    name: 'unhex',
    spark: 'unhex',
    params: { s: 'string' },
    gives: 'binary',
    nullable: true,
    does: 'The bytes that hexadecimal digits stand for; null where there are other characters.',
  }),
]
