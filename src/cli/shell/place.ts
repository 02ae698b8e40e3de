/** Where in a line a column may be named. */

export interface Place {
  /** What is there of the name. */
  typed: string
  /** Expressions that the calls around it are methods of, the innermost first. */
  receivers: string[]
}

interface Call {
  /** Where the expression begins that is called. */
  start: number
  /** Its open parenthesis. */
  open: number
}

/**
 * The end of the line, if it is in a text or follows the parameter of a function: `df.select('am`, `df.filter(c => c.am`. null: no column
 * belongs there.
 */
export function placeIn(line: string): Place | null {
  const calls: Call[] = []
  let start = 0
  let quote = ''
  let quoted = 0
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!
    if (quote !== '') {
      if (char === '\\') i++
      else if (char === quote) quote = ''
    } else if (/['"`]/.test(char)) {
      quote = char
      quoted = i + 1
    } else if (char === '(') {
      calls.push({ start, open: i })
      start = i + 1
    } else if (char === ')') {
      start = calls.pop()?.start ?? i + 1
    } else if (!/[\w$.[\]]/.test(char)) {
      start = i + 1
    }
  }
  const receivers = calls.reverse().flatMap(({ start, open }) => {
    const [, receiver] = /^(.+)\.\w+$/s.exec(line.slice(start, open)) ?? []
    return receiver ?? []
  })
  if (quote !== '') return { typed: line.slice(quoted), receivers }
  const [, parameter, typed = ''] = /^(\w+)\.(\w*)$/.exec(line.slice(start)) ?? []
  if (parameter === undefined || !new RegExp(`\\b${parameter}\\b[^=]*=>`).test(line.slice(0, start))) return null
  return { typed, receivers }
}
