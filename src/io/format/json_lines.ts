/** Parses lines of JSON. Values that JSON.parse would change silently are errors. */
import { RunjobError } from '../../base/errors.js'
import { isHeld } from '../../base/numbers.js'

/** What to do with a whole number that no double equals; default: an error. */
export type LargeIntegers = 'error' | 'bigint' | 'number'

/** Matches lines that may have such a number, or one beyond the largest double, and few others. */
const SUSPECT = /(?:^|[[,:\s])-?[1-9]\d{15}|\d[eE]\+?\d{3}/
/** Strings and numbers in a line of JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g
/** A line of a value that spans several lines: the first line, or a closing one. */
const PART = /^\s*(?:[{[].*)?[{[]\s*$|^\s*[{[][^}\]]*,\s*$|^\s*[}\]],?\s*$/
/** No real string begins with this. */
const BIGINT_MARK = `\u0000bigint ${Math.random()} `

/**
 * @returns the value of a line
 * @throws JSONL_BAD_RECORD, NUMBER_TOO_LARGE
 */
export function jsonLineParser(integers: LargeIntegers = 'error'): (line: string) => unknown {
  return (line) => {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      const detail = (error as Error).message
      throw new RunjobError(
        'JSONL_BAD_RECORD',
        { detail, excerpt: line.slice(0, 60), isPart: PART.test(line) },
        { cause: error },
      )
    }
    if (!SUSPECT.test(line)) return value
    const marked = line.replace(TOKEN, (token) => {
      if (token.startsWith('"')) return token
      const number = Number(token)
      if (!Number.isFinite(number)) throw tooLarge(token, 'is beyond the largest double')
      if (integers === 'number' || isHeld(token, number)) return token
      if (integers === 'error') throw tooLarge(token, 'is a whole number that no double equals')
      return JSON.stringify(BIGINT_MARK + token.replace(/\..*/, ''))
    })
    if (marked === line) return value
    return JSON.parse(marked, (_, part: unknown) =>
      typeof part === 'string' && part.startsWith(BIGINT_MARK) ? BigInt(part.slice(BIGINT_MARK.length)) : part,
    )
  }
}

function tooLarge(token: string, what: string): RunjobError {
  const number = token.length > 40 ? `${token.slice(0, 40)}…` : token
  return new RunjobError('NUMBER_TOO_LARGE', { detail: `${number} ${what}`, reader: 'jsonl' })
}
