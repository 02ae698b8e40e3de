/** Records of a job as rows of columns with types, for a format that has them: their fields in order, each in its column. */
import { RunjobError } from '../../base/errors.js'
import { codecName, emitType, isColumns, isNumber, isRow, jsonText, valueColumns } from '../../plan/codec.js'
import type { CodecSpec, RecordSpec } from '../../plan/plan.js'
import { type Column, sameType, type Type, typeText } from '../../plan/type.js'
import { tupleOf } from './fields.js'

/** Only collections have values of any type. */
type FieldCodec = Exclude<CodecSpec, object | 'any'>

/** A field of a record: a part of its key or its value. */
interface Field {
  codec: FieldCodec
  mayMiss: boolean
}

/** Each part of a tuple is a field. */
function fieldsOf({ key, value }: RecordSpec): Field[] {
  const values = isRow(value) ? [{ codec: tupleOf(value), mayMiss: false }] : valueFields(value)
  return [{ codec: key, mayMiss: false }, ...values].flatMap(({ codec, mayMiss }) =>
    partsOf(codec).map((part) => ({ codec: part, mayMiss })),
  )
}

function valueFields(value: RecordSpec['value']): { codec: CodecSpec; mayMiss: boolean }[] {
  return valueColumns(value).map(({ codec, missing }) => ({
    codec,
    mayMiss: codec === 'number' || missing !== undefined || isColumns(value),
  }))
}

function partsOf(codec: CodecSpec): FieldCodec[] {
  return typeof codec === 'string' ? [fieldCodec(codec)] : codec.tuple.flatMap(partsOf)
}

function fieldCodec(codec: Exclude<CodecSpec, object>): FieldCodec {
  if (codec === 'any') throw new RunjobError('INTERNAL', { detail: 'values of any type are no columns' })
  return codec
}

const OWN_TYPES: Readonly<Record<FieldCodec, Type>> = {
  string: 'string',
  number: 'double',
  bigint: { type: 'decimal', precision: 38, scale: 0 },
  bytes: 'binary',
  json: 'string',
}

/** The columns of records for which none are declared. @param names of their fields */
export function ownColumns(record: RecordSpec, names: readonly string[]): Column[] {
  return fieldsOf(record).map(({ codec, mayMiss }, i) => ({
    name: names[i]!,
    type: OWN_TYPES[codec],
    nullable: mayMiss,
  }))
}

/** What is wrong with columns that are declared for records; null if nothing is. */
export function columnsProblem(record: RecordSpec, columns: readonly Column[]): string | null {
  const fields = fieldsOf(record)
  if (fields.length !== columns.length) {
    const count = `${columns.length} column${columns.length === 1 ? '' : 's'}`
    return `has ${count} (${columns.map(({ name }) => name).join(', ')}), but its records have ${fields.length} fields`
  }
  const odd = columns.findIndex(({ type }, i) => !holds(type, fields[i]!.codec))
  if (odd < 0) return null
  const { name, type } = columns[odd]!
  return `has the column ${name} of type ${typeText(type)}, but that field of its records is ${codecName(fields[odd]!.codec)}`
}

function holds(type: Type, codec: FieldCodec): boolean {
  const isDecimal = typeof type === 'object' && type.type === 'decimal'
  switch (codec) {
    case 'string':
      return type === 'string' || type === 'date' || type === 'timestamp' || type === 'timestamp_ntz'
    case 'number':
      return type === 'double' || type === 'integer' || type === 'long' || isDecimal
    case 'bigint':
      return type === 'long' || (isDecimal && type.scale === 0)
    case 'bytes':
      return type === 'binary'
    case 'json':
      return true
  }
}

/**
 * A record as a line of JSON, which a scan of rows reads without a loss.
 *
 * @throws EMIT_TYPE if it does not fit its columns
 */
export function rowLine(record: RecordSpec, columns: readonly Column[]): (key: unknown, value: unknown) => string {
  const { key, value } = record
  const take = [...columns]
  const keyText = fieldsText(key, false, take, 'key')
  if (isColumns(value)) {
    const parts = value.columns.map(({ name, codec }) => ({
      name,
      text: fieldsText(codec, true, take, `value.${name}`),
    }))
    return (k, v) => {
      if (parts.length > 0 && (v === null || typeof v !== 'object')) throw emitType('json', v, 'value')
      const texts = parts.map(({ name, text }) => text((v as Record<string, unknown>)[name] ?? null))
      return `{${[keyText(k), ...texts].join(',')}}\n`
    }
  }
  const [only] = isRow(value) ? [{ codec: tupleOf(value), mayMiss: false }] : valueFields(value)
  const valueText = fieldsText(only!.codec, only!.mayMiss, take, 'value')
  return (k, v) => `{${keyText(k)},${valueText(v)}}\n`
}

type TextOf = (value: unknown) => string

/** @param columns its own are taken from the front */
function fieldsText(codec: CodecSpec, mayMiss: boolean, columns: Column[], what: string): TextOf {
  if (typeof codec === 'string') {
    const column = columns.shift()!
    const text = cellText({ codec: fieldCodec(codec), mayMiss }, column, what)
    const label = `${JSON.stringify(column.name)}:`
    return (value) => label + text(value)
  }
  const parts = codec.tuple.map((part) => fieldsText(part, mayMiss, columns, what))
  return (value) => {
    if (!Array.isArray(value) || value.length !== parts.length) throw emitType(codec, value, what)
    return parts.map((part, i) => part(value[i])).join(',')
  }
}

function cellText({ codec, mayMiss }: Field, { type, nullable, name }: Column, what: string): TextOf {
  const misfit = (value: number | bigint | null) => {
    const because = `the column ${name} of its output is ${typeText(type)}, which does not hold ${value ?? 'null'}`
    return new RunjobError('EMIT_TYPE', { ...emitType(codec, value, what).params, because })
  }
  const fits = rangeOf(type)
  return (value) => {
    if (value === null && (mayMiss || codec === 'json')) {
      if (!nullable) throw misfit(value)
      return 'null'
    }
    switch (codec) {
      case 'string':
        if (typeof value !== 'string' || !value.isWellFormed()) throw emitType(codec, value, what)
        return JSON.stringify(value)
      case 'number':
        if (!isNumber(value)) throw emitType(codec, value, what)
        if (!fits(value)) throw misfit(value)
        return Object.is(value, -0) ? '-0.0' : String(value)
      case 'bigint':
        if (typeof value !== 'bigint') throw emitType(codec, value, what)
        if (!fits(value)) throw misfit(value)
        return String(value)
      case 'bytes':
        if (!(value instanceof Uint8Array)) throw emitType(codec, value, what)
        return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`
      case 'json': {
        const text = jsonText(value, what)
        return sameType(type, 'string') ? JSON.stringify(text) : text
      }
    }
  }
}

/** Whether a number is one of the type, without being rounded. */
function rangeOf(type: Type): (value: number | bigint) => boolean {
  if (type === 'integer')
    return (value) => value === Math.trunc(Number(value)) && -(2 ** 31) <= value && value < 2 ** 31
  if (type === 'long') {
    return (value) => (typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value))
  }
  if (typeof type === 'object' && type.type === 'decimal') {
    const bound = 10 ** (type.precision - type.scale)
    const whole = 10n ** BigInt(type.precision)
    return (value) => (typeof value === 'bigint' ? -whole < value && value < whole : Math.abs(value) < bound)
  }
  return () => true
}
