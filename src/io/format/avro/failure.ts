/** How readers of Avro fail. */
import { RunjobError } from '../../../base/errors.js'

export function corrupt(name: string, reason: string): RunjobError {
  return new RunjobError('AVRO_CORRUPT', { path: name, reason }, { where: { file: name } })
}

/** @param what as in "is compressed with xz" */
export function unsupported(name: string, what: string, column?: string): RunjobError {
  const reason = `${column === undefined ? 'it' : `column "${column}"`} ${what}`
  return new RunjobError('AVRO_UNSUPPORTED', { path: name, reason }, { where: { file: name } })
}
