/** Random rows with columns of all types. */
import type { Row } from '../../dist/src/kernels/rows.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import type { Random } from '../helpers/random.js'

const column = (name: string, type: Type): Column => ({ name, type, nullable: true })

export const ROW_COLUMNS: Column[] = [
  column('flag', 'boolean'),
  column('int', 'integer'),
  column('long', 'long'),
  column('double', 'double'),
  column('narrow', { type: 'decimal', precision: 18, scale: 2 }),
  column('wide', { type: 'decimal', precision: 38, scale: 3 }),
  column('text', 'string'),
  column('bytes', 'binary'),
  column('date', 'date'),
  column('time', 'timestamp'),
  column('local', 'timestamp_ntz'),
  column('list', { type: 'array', element: 'string', containsNull: true }),
  column('deep', {
    type: 'struct',
    fields: [column('a', 'integer'), column('b', { type: 'array', element: 'double', containsNull: true })],
  }),
]

export function randomRow(random: Random): Row {
  const pick = <T>(...values: T[]) => values[random.below(values.length)]!
  const text = () => pick('', 'a', '\0', 'a\0b', 'twelve bytes', 'more than twelve bytes', 'é'.repeat(40))
  const list = <T>(one: () => T) => Array.from({ length: random.below(4) }, () => (random.below(10) < 3 ? null : one()))
  const double = () => pick(0, -0, 1.5, -1e300, Number.NaN, Infinity, -Infinity)
  const row: Row = {
    flag: pick(true, false),
    int: pick(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)),
    long: pick(0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    double: double(),
    narrow: pick('0.00', '-0.01', '9999999999999999.99'),
    wide: pick('0.000', '-12345678901234567890123456789012345.678', '18446744073709551.615'),
    text: text(),
    bytes: Uint8Array.from(Buffer.from(text())),
    date: pick('1970-01-01', '1969-12-31', '0001-01-01', '9999-12-31'),
    time: new Date(pick(0, -1, 1_700_000_000_000)),
    local: pick('1969-12-31T23:59:59.999999', '2024-02-29T00:00:00.000'),
    list: list(text),
    deep: { a: pick(null, 1), b: random.below(5) === 0 ? null : list(double) },
  }
  for (const { name } of ROW_COLUMNS) if (random.below(5) === 0) row[name] = null
  return row
}
