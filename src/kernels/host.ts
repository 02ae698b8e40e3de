/**
 * Functions on text that native code leaves to this engine: regular expressions are JavaScript's, and so is case beyond ASCII. Each gets
 * the texts of a batch, one after another, and gives as many; `split` gives several for each, and how many.
 */
type Texts = { bytes: Uint8Array; ends: Uint32Array; counts?: Uint32Array }

type OneText = (text: string) => string
type SeveralTexts = (text: string) => string[]

/** For `kernels.setTextHost`. Throws where a parameter makes no sense; its message is the detail of ARGUMENT_INVALID. */
export function textHost(name: string, parameters: string[], bytes: Uint8Array, ends: Uint32Array): Texts {
  const texts = unpack(bytes, ends)
  if (name !== 'split') return pack(texts.map(oneText(name, parameters)))
  const pieces = texts.map(splitter(parameters[0]!, Number(parameters[1])))
  return { ...pack(pieces.flat()), counts: Uint32Array.from(pieces, ({ length }) => length) }
}

function unpack(bytes: Uint8Array, ends: Uint32Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from(ends, (end, i) => buffer.toString('utf8', i === 0 ? 0 : ends[i - 1], end))
}

function pack(texts: string[]): Texts {
  const bytes = Buffer.from(texts.join(''))
  let end = 0
  return { bytes, ends: Uint32Array.from(texts, (text) => (end += Buffer.byteLength(text))) }
}

function oneText(name: string, parameters: string[]): OneText {
  switch (name) {
    case 'upper':
      return (text) => text.toUpperCase()
    case 'lower':
      return (text) => text.toLowerCase()
    case 'initcap':
      return initcap
    case 'rlike':
      return matcher(parameters[0]!)
    case 'regexpExtract':
      return extractor(parameters[0]!, Number(parameters[1]))
    case 'regexpReplace':
      return replacer(parameters[0]!, parameters[1]!)
    default:
      throw new Error(`there is no function ${name}`)
  }
}

/** Compiled once: a pattern comes with every batch. */
const compiled = new Map<string, RegExp>()
const MOST_COMPILED = 100

function regexp(pattern: string, flags = 'u'): RegExp {
  const key = `${flags}/${pattern}`
  let found = compiled.get(key)
  if (!found) {
    found = new RegExp(pattern, flags)
    if (compiled.size === MOST_COMPILED) compiled.clear()
    compiled.set(key, found)
  }
  return found
}

function matcher(pattern: string): OneText {
  const expression = regexp(pattern)
  return (text) => (expression.test(text) ? '1' : '')
}

function extractor(pattern: string, group: number): OneText {
  const expression = regexp(pattern)
  // An alternative that is empty always matches: its result has all groups.
  const groups = regexp(`${pattern}|`).exec('')!.length - 1
  if (group < 0 || group > groups) {
    throw new Error(`regexpExtract asks for group ${group} of /${pattern}/, which has ${groups}`)
  }
  return (text) => expression.exec(text)?.[group] ?? ''
}

function replacer(pattern: string, to: string): OneText {
  const expression = regexp(pattern, 'gu')
  return (text) => text.replace(expression, to)
}

/** As Java splits: what is matched at the start without a character cuts off nothing, and empty pieces at the end stay. */
function splitter(pattern: string, limit: number): SeveralTexts {
  if (pattern === '') return (text) => splitCharacters(text, limit)
  const expression = regexp(pattern, 'gu')
  return (text) => {
    const pieces: string[] = []
    let start = 0
    for (const { index, 0: match } of text.matchAll(expression)) {
      if (limit > 0 && pieces.length === limit - 1) break
      if (index + match.length === 0) continue
      pieces.push(text.slice(start, index))
      start = index + match.length
    }
    pieces.push(text.slice(start))
    return pieces
  }
}

function splitCharacters(text: string, limit: number): string[] {
  const characters = [...text]
  if (characters.length === 0) return ['']
  if (limit <= 0 || characters.length <= limit) return characters
  return [...characters.slice(0, limit - 1), characters.slice(limit - 1).join('')]
}

function initcap(text: string): string {
  return text
    .split(' ')
    .map((word) => {
      const [first = ''] = word
      // The whole word in lower case: a final sigma is one by what stands before it.
      return titleCase(first) + word.toLowerCase().slice(first.toLowerCase().length)
    })
    .join(' ')
}

/** Letters in each case whose title case is a letter of its own: digraphs of Croatian, and Greek with iota. */
const TITLES = new Map<string, string>()
for (const [first, last] of [
  [0x1c4, 0x1f3],
  [0x1f80, 0x1fff],
] as const) {
  for (let point = first; point <= last; point++) {
    const title = String.fromCodePoint(point)
    if (!/\p{Lt}/u.test(title)) continue
    for (const letter of [title, title.toLowerCase(), title.toUpperCase()]) TITLES.set(letter, title)
  }
}

/** Unicode's title case of a letter. */
function titleCase(letter: string): string {
  const known = TITLES.get(letter)
  if (known !== undefined) return known
  // Georgian has no title case.
  if (/[\u10d0-\u10ff]/.test(letter)) return letter
  const [first = '', ...rest] = letter.toUpperCase()
  // ß is SS, and Ss as a title; of ŉ, whose first is an apostrophe, the letter after it is large.
  return first + (first.toLowerCase() === first ? rest.join('') : rest.join('').toLowerCase())
}
