/** Random expressions over columns of many types, and random rows for them, with nulls, NaN and extremes. */
import type { Untyped } from '../../dist/src/dataset/expression/untyped.js'
import type { Column } from '../../dist/src/plan/type.js'
import { parseType } from '../../dist/src/plan/type_text.js'
import type { Value } from './interpreter/value.js'
import type { Random } from './random.js'

const column = (name: string, type: string): Column => ({ name, type: parseType(type, Error), nullable: true })

/** `keep` decides which rows count, and no expression reads it. */
export const COLUMNS: readonly Column[] = [
  column('keep', 'boolean'),
  column('b', 'boolean'),
  column('i', 'int'),
  column('j', 'int'),
  column('l', 'bigint'),
  column('k', 'bigint'),
  column('d', 'double'),
  column('e', 'double'),
  column('m', 'decimal(10,2)'),
  column('n', 'decimal(18,6)'),
  column('w', 'decimal(38,10)'),
  column('s', 'string'),
  column('t', 'string'),
  column('x', 'binary'),
  column('dt', 'date'),
  column('du', 'date'),
  column('ts', 'timestamp'),
  column('tn', 'timestamp_ntz'),
  column('a', 'array<int>'),
  column('as', 'array<string>'),
  column('st', 'struct<p:int,q:string>'),
]

type Kind =
  | 'boolean'
  | 'integer'
  | 'long'
  | 'double'
  | 'decimal'
  | 'string'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'ntz'
  | 'ints'
  | 'texts'
  | 'struct'

const NAMES: Record<Kind, string[]> = {
  boolean: ['b'],
  integer: ['i', 'j'],
  long: ['l', 'k'],
  double: ['d', 'e'],
  decimal: ['m', 'n', 'w'],
  string: ['s', 't'],
  binary: ['x'],
  date: ['dt', 'du'],
  timestamp: ['ts'],
  ntz: ['tn'],
  ints: ['a'],
  texts: ['as'],
  struct: ['st'],
}

const INTS = [0, 1, -1, 2, 7, 10, -10, 100, 127, 2_147_483_647, -2_147_483_648, 46_341, -65_536, 12_345_678]
const LONGS = [0n, 1n, -1n, 3n, 10n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]
const DOUBLES = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.5,
  -2.5,
  2.675,
  1e10,
  -1e-7,
  2 ** 31,
  2 ** 63,
  1e300,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
]
const MORE_LONGS = [1_706_704_496_123_456n, -1_000_001n, 86_400_000_000n]
const TEXTS = [
  ...[
    '',
    'a',
    'b',
    'abc',
    'ABC',
    ' abc ',
    'aXbXc',
    'a,b,,c',
    'hello World',
    'äÖß',
    'ΑΣ ΣΑ',
    '日本語',
    '😀ab',
    '\0',
    'a\u0301',
  ],
  ...[
    '1',
    '-12',
    ' 7 ',
    '1.5',
    '1e3',
    'true',
    'no',
    '2024-02-29',
    '2024-01-31 12:34:56.5',
    'NaN',
    '99999999999',
    '%',
    'a_c',
    '4142',
    'YWJj',
  ],
  'a text of more than twelve bytes, so that it is not inline',
  '{"a":1.50, "b":[{"c":"\\u00e9\\n\\ud800"}, null], "a": 2}',
  '{"a":null,"a":{"x": [ ]}} and more',
  ' [true, {"a":""}]',
  '{"a":1,',
  '{"p":-7, "q":"x", "r":1.25, "s":"2024-02-29"}',
  '{"q":{"k": [1]},"p":null,"r":"NaN","s":1706704496}',
  '{"p":2147483648,"r":9007199254740993}',
  ' [1, null,-2]\n',
  '["a",1.50,[true],null]',
  'null',
]
const DAYS = [0, -1, 1, 19_753, 19_782, -719_162, 2_932_896, 11_016, -141_428, 365, -1_000_000]
const MICROS = [0n, -1n, 1n, 1_706_704_496_789_012n, -62_135_596_800_000_000n, 86_399_999_999n, -86_400_000_001n]

/** A value for a column. */
function randomValue({ name, type }: Column, random: Random): Value {
  if (name === 'keep') return random.below(4) > 0
  if (random.below(6) === 0) return null
  const decimal = (digits: number) => {
    const bound = 10n ** BigInt(random.pick([1, 3, digits]))
    return (
      ((BigInt(Math.floor(random.next() * 2 ** 52)) * 2_862_933_555_777_941_757n) % bound) *
      (random.below(2) === 0 ? 1n : -1n)
    )
  }
  const list = <T extends Value>(one: () => T): Value[] =>
    random.times(random.below(4), () => (random.below(5) === 0 ? null : one()))
  if (typeof type === 'object') {
    if (type.type === 'decimal') return decimal(type.precision)
    if (type.type === 'struct') return [random.below(3) === 0 ? null : random.pick(INTS), random.pick([null, ...TEXTS])]
    return type.element === 'integer' ? list(() => random.pick(INTS)) : list(() => random.pick(TEXTS))
  }
  switch (type) {
    case 'boolean':
      return random.below(2) === 0
    case 'integer':
      return random.below(3) === 0 ? random.pick(INTS) : random.below(41) - 20
    case 'long':
      return random.below(3) === 0 ? random.pick([...LONGS, ...MORE_LONGS]) : BigInt(random.below(2001) - 1000)
    case 'double':
      return random.below(2) === 0 ? random.pick(DOUBLES) : Math.round((random.next() - 0.5) * 1e6) / 1000
    case 'string':
      return random.pick(TEXTS)
    case 'binary':
      return Buffer.from(random.pick(TEXTS))
    case 'date':
      return random.pick(DAYS)
    default:
      return random.pick(MICROS)
  }
}

export function randomRow(random: Random): Value[] {
  return COLUMNS.map((one) => randomValue(one, random))
}

/** A random tree. It may be refused: not all that is made has a meaning. */
export function randomTree(random: Random, depth: number): Untyped {
  return new TreeMaker(random).make(random.pick(Object.keys(NAMES) as Kind[]), depth)
}

class TreeMaker {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  make(kind: Kind, depth: number): Untyped {
    const random = this.#random
    if (depth <= 0 || random.below(8) === 0) {
      return random.below(4) === 0 ? this.#literal(kind) : { kind: 'column', name: random.pick(NAMES[kind]) }
    }
    const common = random.below(10)
    const of = (one: Kind) => this.make(one, depth - 1)
    const call = (fn: string, ...args: Untyped[]): Untyped => ({ kind: 'call', fn, args })
    if (common === 0)
      return call('case', of('boolean'), of(kind), of('boolean'), of(kind), ...(random.below(2) ? [of(kind)] : []))
    if (common === 1) return call('coalesce', of(kind), of(kind))
    if (common === 2 && kind !== 'struct') return call(random.pick(['greatest', 'least']), of(kind), of(kind))
    if (common === 3) return call(random.pick(['nullIf', 'if']) === 'if' ? 'if' : 'nullIf', ...this.#choice(kind, of))
    return this.#special(kind, of, call)
  }

  #choice(kind: Kind, of: (kind: Kind) => Untyped): Untyped[] {
    // nullIf takes two, and is refused with three: both ways are tried.
    return this.#random.below(2) === 0 ? [of('boolean'), of(kind), of(kind)] : [of(kind), of(kind)]
  }

  #int(...from: number[]): Untyped {
    return { kind: 'literal', value: this.#random.pick(from) }
  }

  #read(arg: Untyped, to: string): Untyped {
    const type: Untyped = { kind: 'literal', value: null, type: parseType(to, Error) }
    return { kind: 'call', fn: this.#random.pick(['fromJson', 'tryFromJson', 'tryFromJson']), args: [arg, type] }
  }

  #cast(arg: Untyped, to: string): Untyped {
    return { kind: 'cast', arg, to: parseType(to, Error), try: this.#random.below(3) === 0 }
  }

  #special(kind: Kind, of: (kind: Kind) => Untyped, call: (fn: string, ...args: Untyped[]) => Untyped): Untyped {
    const random = this.#random
    const one = (...makers: (() => Untyped)[]) => random.pick(makers)()
    const number = () => of(random.pick(['integer', 'long', 'double', 'decimal'] as Kind[]))
    const any = () => of(random.pick(Object.keys(NAMES) as Kind[]))
    const atom = () =>
      of(random.pick(['boolean', 'integer', 'long', 'double', 'decimal', 'string', 'date', 'timestamp'] as Kind[]))
    const operator = () =>
      random.pick(['add', 'subtract', 'multiply', 'mod', 'pmod', 'tryAdd', 'trySubtract', 'tryMultiply', 'tryMod'])
    const unit = (...units: string[]): Untyped => ({ kind: 'literal', value: random.pick(units) })
    const text = (...texts: string[]): Untyped => ({ kind: 'literal', value: random.pick(texts) })
    const named = (name: string, arg: Untyped): Untyped => ({ kind: 'alias', arg, name })
    switch (kind) {
      case 'boolean': {
        const same = random.pick(Object.keys(NAMES) as Kind[])
        return one(
          () => call(random.pick(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'eqNullSafe']), of(same), of(same)),
          () => call(random.pick(['eq', 'lt', 'ge']), number(), number()),
          () => call('and', of('boolean'), of('boolean')),
          () => call('or', of('boolean'), of('boolean')),
          () => call('not', of('boolean')),
          () => call(random.pick(['isNull', 'isNotNull']), any()),
          () => call('isNaN', of('double')),
          () => call('in', of(same), of(same), of(same), { kind: 'literal', value: null }),
          () => call('between', of(same), of(same), of(same)),
          () => call(random.pick(['startsWith', 'endsWith', 'contains']), of('string'), of('string')),
          () => call('like', of('string'), text('%a%', 'a_c', '%', '_', 'abc%', '%c', '\\%', 'a%b_c')),
          () => call('rlike', of('string'), text('b+', '^a', '[0-9]{2}', '(a|b)c')),
          () => call('arrayContains', of('ints'), of('integer')),
          () => this.#cast(of(random.pick(['integer', 'string', 'double', 'decimal'] as Kind[])), 'boolean'),
        )
      }
      case 'integer':
        return one(
          () => call(operator(), of('integer'), of('integer')),
          () => call(random.pick(['negate', 'abs']), of('integer')),
          () => call(random.pick(['round', 'bround']), of('integer'), this.#int(-2, -1, 0, 1)),
          () => call('length', of(random.pick(['string', 'binary'] as Kind[]))),
          () =>
            call(
              random.pick(['year', 'quarter', 'month', 'dayOfMonth', 'dayOfYear', 'dayOfWeek', 'weekOfYear']),
              of('date'),
            ),
          () => call(random.pick(['hour', 'minute', 'second']), of('timestamp')),
          () => call('hash', any(), any()),
          () => call('locate', of('string'), of('string'), this.#int(0, 1, 2)),
          () => call('ascii', of('string')),
          () => call('dateDiff', of('date'), of('date')),
          () => call('size', of(random.pick(['ints', 'texts'] as Kind[]))),
          () => call(random.pick(['element', 'get']), of('ints'), of('integer')),
          () => call(random.pick(['arrayMin', 'arrayMax']), of('ints')),
          () => call('field', of('struct'), { kind: 'literal', value: 'p' }),
          () => this.#cast(atom(), 'int'),
        )
      case 'long':
        return one(
          () => call(operator(), of('long'), of(random.pick(['long', 'integer'] as Kind[]))),
          () => call('div', number(), number()),
          () => call(random.pick(['negate', 'abs']), of('long')),
          () => call(random.pick(['floor', 'ceil']), of('double')),
          () => call(random.pick(['round', 'bround']), of('long'), this.#int(-3, -1, 0)),
          () => call(random.pick(['unixTimestamp', 'unixMillis', 'unixMicros']), of('timestamp')),
          () => this.#cast(atom(), 'bigint'),
        )
      case 'double':
        return one(
          () => call(operator(), of('double'), number()),
          () => call(random.pick(['divide', 'tryDivide']), number(), number()),
          () => call(random.pick(['negate', 'abs', 'sqrt', 'signum']), of('double')),
          () => call(random.pick(['round', 'bround']), of('double'), this.#int(-1, 0, 1, 2, 5)),
          () => call('monthsBetween', of('timestamp'), of('timestamp')),
          () => call('nanvl', of('double'), of('double')),
          () => call('field', this.#read(of('string'), 'struct<r:double,s:string>'), { kind: 'literal', value: 'r' }),
          () => this.#cast(atom(), 'double'),
        )
      case 'decimal':
        return one(
          () => call(operator(), of('decimal'), of('decimal')),
          () => call(operator(), of('decimal'), of(random.pick(['integer', 'long'] as Kind[]))),
          () => call(random.pick(['divide', 'tryDivide']), of('decimal'), of('decimal')),
          () => call(random.pick(['negate', 'abs', 'floor', 'ceil']), of('decimal')),
          () => call(random.pick(['round', 'bround']), of('decimal'), this.#int(-1, 0, 1, 3)),
          () => this.#cast(atom(), random.pick(['decimal(5,2)', 'decimal(18,4)', 'decimal(20,0)', 'decimal(38,18)'])),
        )
      case 'string':
        return one(
          () => call('concat', of('string'), atom()),
          () => call('concatWs', of('string'), of('string'), of('texts')),
          () => call(random.pick(['upper', 'lower', 'initcap', 'reverse', 'trim', 'ltrim', 'rtrim']), of('string')),
          () => call(random.pick(['trim', 'ltrim', 'rtrim']), of('string'), of('string')),
          () => call('substring', of('string'), this.#int(-3, -1, 0, 1, 2, 5), this.#int(-1, 0, 1, 3, 100)),
          () => call(random.pick(['left', 'right']), of('string'), this.#int(-1, 0, 2, 5)),
          () => call(random.pick(['lpad', 'rpad']), of('string'), this.#int(-1, 0, 3, 15), text('', ' ', 'xy', '😀')),
          () => call('replace', of('string'), of('string'), of('string')),
          () => call('repeat', of('string'), this.#int(-1, 0, 1, 3)),
          () => call('substringIndex', of('string'), of('string'), this.#int(-2, -1, 0, 1, 2)),
          () => call('chr', of('long')),
          () => call('hex', of(random.pick(['long', 'binary', 'string'] as Kind[]))),
          () => call('base64', of('binary')),
          () => call('arrayJoin', of('texts'), of('string')),
          () =>
            call(
              'dateFormat',
              of('timestamp'),
              text('yyyy-MM-dd HH:mm:ss', 'd/M/yy', 'EEE MMM dd', 'hh:mm a', 'SSS', "'T'DDD"),
            ),
          () => call('regexpReplace', of('string'), text('b+', '(a)(b)?'), text('x', '$1', '')),
          () => call('regexpExtract', of('string'), text('(b)c', '([a-z]+)'), this.#int(0, 1)),
          () => call('field', of('struct'), { kind: 'literal', value: 'q' }),
          () => call('getJsonObject', of('string'), text('$', '$.a', '$[0]', "$.b[0]['c']", '$[1].a')),
          () => call('toJson', of(random.pick(['ints', 'texts', 'struct'] as Kind[]))),
          () => call('toJson', call('struct', named('p', any()), named('q', any()))),
          () => this.#cast(any(), 'string'),
        )
      case 'binary':
        return one(
          () => call(random.pick(['unhex', 'unbase64']), of('string')),
          () => this.#cast(of('string'), 'binary'),
        )
      case 'date':
        return one(
          () => call(random.pick(['dateAdd', 'dateSub', 'addMonths']), of('date'), of('integer')),
          () => call('lastDay', of('date')),
          () => call('trunc', of('date'), unit('year', 'quarter', 'month', 'week')),
          () => call('makeDate', of('integer'), of('integer'), of('integer')),
          () => call('toDate', of('string'), text('yyyy-MM-dd', 'd/M/yyyy')),
          () => call('field', this.#read(of('string'), 'struct<s:date>'), { kind: 'literal', value: 's' }),
          () => this.#cast(of(random.pick(['timestamp', 'ntz', 'string'] as Kind[])), 'date'),
        )
      case 'timestamp':
        return one(
          () =>
            call(
              'dateTrunc',
              unit('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'),
              of('timestamp'),
            ),
          () => call(random.pick(['timestampMicros', 'timestampMillis', 'timestampSeconds']), of('long')),
          () => call('timestampSeconds', of('double')),
          () => call('toTimestamp', of('string'), text('yyyy-MM-dd HH:mm:ss', 'yyyy-MM-dd')),
          () =>
            this.#cast(of(random.pick(['date', 'ntz', 'string', 'long', 'double', 'decimal'] as Kind[])), 'timestamp'),
        )
      case 'ntz':
        return this.#cast(of(random.pick(['date', 'timestamp', 'string'] as Kind[])), 'timestamp_ntz')
      case 'ints':
        return one(
          () => call('array', of('integer'), of('integer')),
          () => call('sortArray', of('ints'), { kind: 'literal', value: random.below(2) === 0 }),
          () => call('arrayDistinct', of('ints')),
          () => this.#cast(of('texts'), 'array<int>'),
          () => this.#read(of('string'), 'array<int>'),
        )
      case 'texts':
        return one(
          () => call('array', of('string'), of('string')),
          () => call('split', of('string'), text(',', 'X', '[ab]', ''), this.#int(-1, 0, 2)),
          () => call(random.pick(['sortArray', 'arrayDistinct']), of('texts')),
          () => this.#cast(of('ints'), 'array<string>'),
          () => this.#read(of('string'), 'array<string>'),
        )
      case 'struct':
        return one(
          () => call('struct', named('p', of('integer')), named('q', of('string'))),
          () => this.#read(of('string'), 'struct<p:int,q:string>'),
        )
    }
  }

  #literal(kind: Kind): Untyped {
    const random = this.#random
    if (random.below(8) === 0) return { kind: 'literal', value: null }
    const literal = (value: unknown, type?: string): Untyped =>
      type === undefined ? { kind: 'literal', value } : { kind: 'literal', value, type: parseType(type, Error) }
    switch (kind) {
      case 'boolean':
        return literal(random.below(2) === 0)
      case 'integer':
        return literal(random.pick(INTS))
      case 'long':
        return literal(random.pick(LONGS))
      case 'double':
        return literal(random.pick(DOUBLES), 'double')
      case 'decimal':
        return literal(
          random.pick(['0.01', '-1.50', '99999999.99', '0.81']),
          random.pick(['decimal(10,2)', 'decimal(38,10)']),
        )
      case 'string':
        return literal(random.pick(TEXTS), 'string')
      case 'date':
        return literal(random.pick(['2024-02-29', '1969-12-31', '0001-01-01']), 'date')
      case 'timestamp':
        return literal(random.pick(['2024-01-31 12:34:56.789012', '1969-12-31 23:59:59.999999']), 'timestamp')
      default:
        return { kind: 'column', name: random.pick(NAMES[kind]) }
    }
  }
}
